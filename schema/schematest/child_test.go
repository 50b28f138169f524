package schematest_test

import (
	"os"
	"os/exec"
	"testing"
)

// child prepares a run of one test of this binary in a process of its own,
// with settings added to the environment.
func child(t *testing.T, test string, settings ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), append(settings, "SCHEMATEST_CHILD=1")...)
	return cmd
}

// inChild skips a test that is there to be run by child.
func inChild(t *testing.T) {
	t.Helper()
	if os.Getenv("SCHEMATEST_CHILD") == "" {
		t.Skip("runs as a child of another test")
	}
}
