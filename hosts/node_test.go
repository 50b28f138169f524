//go:build nocobase

package hosts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestNodeDrivesEveryMethod(t *testing.T) {
	drive(t, nodeHost(t), "node", "drive.mjs")
}

// The types that hosts in TypeScript are given compile, take what is right and
// refuse what is wrong.
func TestTypesCompile(t *testing.T) {
	run(t, nodeHost(t), "npm", "run", "--silent", "types")
}

// nodeHost gives a copy of the host in Node with all it needs.
func nodeHost(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("node")); err != nil {
		t.Fatal(err)
	}
	types, err := os.ReadFile("../docs/protocol.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "protocol.d.ts"), types, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, folder, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent")
	return folder
}

func run(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}
