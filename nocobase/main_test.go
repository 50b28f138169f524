//go:build nocobase

package nocobase_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write docs/compatibility.md")

// binary is Roster, as it is delivered.
var binary string

// TestMain builds Roster once for all tests.
func TestMain(m *testing.M) {
	code, err := withBinary(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withBinary(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "roster-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "roster")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "..").CombinedOutput()
	if err != nil {
		return 1, fmt.Errorf("build roster: %w\n%s", err, out)
	}
	return run(), nil
}
