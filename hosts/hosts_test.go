package hosts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/rpc"
)

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

func TestPythonDrivesEveryMethod(t *testing.T) {
	drive(t, "python", "python3", "drive.py")
}

// A driven is what a host tells of its work.
type driven struct {
	Called, Answered []string // methods, notifications too
	Missing          []string // methods that it wanted to call and Roster does not have
}

// patience is how long a host may take for all it does.
const patience = 2 * time.Minute

// drive runs a host against Roster and compares what it called, and what it was
// asked, with the table of methods.
func drive(t *testing.T, folder string, command ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	args := slices.Concat(command[1:], []string{binary, "sqlite:" + filepath.Join(t.TempDir(), "roster.db")})
	cmd := exec.CommandContext(ctx, command[0], args...)
	cmd.Dir = folder
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, complaints.String())
	}
	var got driven
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v said %s: %v", command, out.String(), err)
	}
	if len(got.Missing) > 0 {
		t.Errorf("Roster does not have %q, which a host calls", got.Missing)
	}
	if diff := cmp.Diff(documented(t), got.Called); diff != "" {
		t.Errorf("a host calls every method (-documented +called):\n%s", diff)
	}
	asked := []string{
		"source/ack", "source/check", "source/close", "source/lookup", "source/open", "source/read", "source/webhook",
		"target/apply", "target/create", "target/update",
	}
	if diff := cmp.Diff(asked, got.Answered); diff != "" {
		t.Errorf("a host that has adapters is asked (-want +got):\n%s", diff)
	}
}

// documented gives the names of all methods.
func documented(t *testing.T) []string {
	t.Helper()
	raw, err := rpc.OpenRPC("")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Methods []struct{ Name string }
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(document.Methods))
	for i, m := range document.Methods {
		names[i] = m.Name
	}
	slices.Sort(names)
	return names
}
