//go:build !unix

package process

import (
	"os"
	"os/exec"
)

// apart does nothing here: there are no process groups.
func apart(*exec.Cmd) {}

// terminate does nothing here; the end of its input has asked it to end.
func terminate(int) {}

// kill ends a process, and not what it has started.
func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill() //nolint:errcheck // it may have ended
	}
}

// alive says whether there is a process.
func alive(pid int) bool {
	_, err := os.FindProcess(pid)
	return pid > 0 && err == nil
}
