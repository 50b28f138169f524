//go:build unix

package conform

import (
	"os/exec"
	"syscall"
)

// inGroup has a process end with all that it starts: a shell or a package
// runner is often between us and the adapter.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
