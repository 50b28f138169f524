package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources"
	"github.com/nocobase-roster/roster/targets"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asRoster in the environment makes the test binary be roster.
const asRoster = "ROSTER_TEST_AS_ROSTER"

func TestMain(m *testing.M) {
	if os.Getenv(asRoster) != "" {
		os.Exit(Main(withSafes(parts())))
	}
	os.Exit(m.Run())
}

// parts are those that main puts together.
func parts() Parts {
	return Parts{Drivers: sources.All(), Targets: targets.All, TargetInfos: targets.Infos()}
}

// roster prepares a process of its own that is roster, on the database url.
func roster(ctx context.Context, url string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asRoster+"=1", "ROSTER_DB="+url)
	return cmd
}

// An ended process is what it said, and its exit code.
type ended struct {
	code           int
	stdout, stderr string
	memory         int // the most that it had, in MiB
}

// finish runs a process to its end.
func finish(t testing.TB, cmd *exec.Cmd) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return ended{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), most(cmd.ProcessState.SysUsage())}
}

// mustRun runs roster and fails the test when it does not exit with code.
func mustRun(t testing.TB, code int, url string, args ...string) ended {
	t.Helper()
	return mustRead(t, code, "", url, args...)
}

// mustRead is mustRun with text on standard input.
func mustRead(t testing.TB, code int, stdin, url string, args ...string) ended {
	t.Helper()
	cmd := roster(t.Context(), url, args...)
	cmd.Stdin = strings.NewReader(stdin)
	got := finish(t, cmd)
	if got.code != code {
		t.Fatalf("roster %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.stdout, got.stderr)
	}
	return got
}

// write makes a file with the text in folder and gives its path.
func write(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// golden compares text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s mismatch (-want +got):\n%s", path, diff)
	}
}

// capture gives an app whose output goes to a file, and what was written.
func capture(t *testing.T) (*app, func() string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &app{out: newScreen(file), err: newScreen(file)}, func() string {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}
