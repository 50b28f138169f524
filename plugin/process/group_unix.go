//go:build unix

package process

import (
	"errors"
	"os/exec"
	"syscall"
)

// apart gives the process a group of its own: it ends with all that it has
// started, and a signal at Roster's terminal does not reach it. What leaves the
// group (setsid) loses its pipes, and is not ended.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks the group of a process to end; kill ends it. Where there is
// none any more, they do nothing.
func terminate(pid int) { syscall.Kill(-pid, syscall.SIGTERM) } //nolint:errcheck // see above
func kill(pid int)      { syscall.Kill(-pid, syscall.SIGKILL) } //nolint:errcheck // see above

// alive says whether there is a process.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return pid > 0 && (err == nil || errors.Is(err, syscall.EPERM))
}
