package cli

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nocobase-roster/roster/demo"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// demoIn prepares a demo whose temporary folders are made in folder.
func demoIn(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := roster(ctx, "", append([]string{"demo", "--fast"}, args...)...)
	cmd.Env = append(cmd.Env, "TMPDIR="+folder)
	return cmd
}

// notUnderRace leaves the demo's 5,000 people in SQLite to the runs without the race
// detector: package demo plays the same story under it, on PostgreSQL.
func notUnderRace(t *testing.T) {
	t.Helper()
	if schematest.UnderRace {
		t.Skip("the demo is played under the race detector in package demo")
	}
}

// wantEmpty wants nothing to be left in folder.
func wantEmpty(t *testing.T, folder string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("in the folder is left: %v, %v", left, err)
	}
}

func TestDemoEndsWellAndLeavesNothing(t *testing.T) {
	notUnderRace(t)
	folder := t.TempDir()
	got := finish(t, demoIn(t.Context(), folder))
	if got.code != exitDone || strings.Contains(got.stdout, "✗") {
		t.Fatalf("exit code %d, printed\n%s%s", got.code, got.stdout, got.stderr)
	}
	for _, want := range []string{
		"$ roster sync wecom --plan\n", "5,000 people in 291 departments", "✓ the plan found 19 changes among 5,",
		"✓ the 4 who left were deleted: WeCom was asked", "60011", "✓ 5,001 people before, 5,003 people after",
		"and 1791 more", "✓ WeCom was asked for each of the 1,699 people who are missing", "✓ the 2 who left are gone",
		"✓ two encrypted callbacks", "is the user that", "NocoBase has what WeCom has: 5,001 people, 291 departments", "\nGo on with\n",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the demo does not say %q:\n%s", want, got.stdout)
		}
	}
	if strings.ContainsAny(got.stdout+got.stderr, "\x1b\r") {
		t.Errorf("piped, it steers a terminal:\n%q", got.stdout+got.stderr)
	}
	wantEmpty(t, folder)
}

func TestDemoKeepsItsDatabaseForTheCommandsItNames(t *testing.T) {
	notUnderRace(t)
	folder := filepath.Join(t.TempDir(), "kept here")
	got := finish(t, demoIn(t.Context(), t.TempDir(), "--keep", folder))
	url := "sqlite:" + filepath.Join(folder, "roster.db")
	if want := "export ROSTER_DB='" + url + "'"; got.code != exitDone || !strings.Contains(got.stdout, want) {
		t.Fatalf("exit code %d, want %s in\n%s%s", got.code, want, got.stdout, got.stderr)
	}
	for _, args := range []string{"tasks", "tasks show 3 -v", "health"} {
		if !strings.Contains(got.stdout, "roster "+args) {
			t.Errorf("it does not name roster %s", args)
		}
		mustRun(t, exitDone, url, strings.Fields(args)...)
	}
	if again := finish(t, demoIn(t.Context(), t.TempDir(), "--keep", folder)); again.code != exitFailed || !strings.Contains(again.stderr, "already") {
		t.Errorf("over a database that is there: exit code %d\n%s%s", again.code, again.stdout, again.stderr)
	}
}

func TestDemoForScriptsIsADocumentForEachScene(t *testing.T) {
	notUnderRace(t)
	got := finish(t, demoIn(t.Context(), t.TempDir(), "--json"))
	scenes := 0
	for line := range strings.Lines(got.stdout) {
		var scene sceneDocument
		parse(t, line, &scene)
		scenes++
		if scene.Command == "" || len(scene.Facts) == 0 || scene.Report == nil && scene.Error == "" && scene.Tasks == nil {
			t.Errorf("a scene says too little: %s", line)
		}
	}
	if got.code != exitDone || scenes != 7 || got.stderr != "" {
		t.Errorf("exit code %d, %d documents, said besides: %s", got.code, scenes, got.stderr)
	}
}

func TestDemoThatIsInterruptedLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	cmd := demoIn(t.Context(), folder)
	var said bytes.Buffer
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "$ roster sync") {
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), "the demo was interrupted") {
		t.Errorf("it ended with %v and said\n%s", err, said.String())
	}
	wantEmpty(t, folder)
}

func TestDemoTakesNoDatabase(t *testing.T) {
	mustRun(t, exitUsage, "", "demo", "--db", "postgres://localhost/nocobase")
}

func TestASceneThatDoesNotComeOutFailsTheDemo(t *testing.T) {
	a, printed := capture(t)
	scene := demo.Scene{
		Title: "A scene", Command: "roster sync hr",
		Happens: func(context.Context) ([]string, error) { return nil, nil },
		Play: func(context.Context, demo.Tell) (*demo.Outcome, error) {
			return &demo.Outcome{Ended: errPartial, Facts: []demo.Fact{{Text: "it is so", True: true}, {Text: "that too"}}}, nil
		},
	}
	err := a.show(t.Context(), 1, scene, &pace{})
	if a.exitCode(err) == exitDone || !strings.Contains(printed(), "✓ it is so\n✗ not so: that too\n") {
		t.Errorf("show() = %v, printed\n%s", err, printed())
	}
}

func TestPausesEndWhenTimeIsUpOrTheDemoIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		wantSpent := func(want time.Duration) {
			t.Helper()
			if spent := time.Since(begun); spent != want {
				t.Errorf("%s have passed, want %s", spent, want)
			}
		}
		p := &pace{until: begun.Add(5 * time.Second)}
		p.pause(t.Context(), 3*time.Second)
		wantSpent(3 * time.Second)
		p.pause(t.Context(), 3*time.Second)
		wantSpent(5 * time.Second)
		p.pause(t.Context(), 3*time.Second)
		wantSpent(5 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		(&pace{until: begun.Add(time.Hour)}).pause(ctx, time.Minute)
		wantSpent(5 * time.Second)
	})
}

func TestTextIsBrokenBetweenWords(t *testing.T) {
	got := broken("roster: everybody 王伟 would be removed at once; nothing was written", 24)
	if want := "roster: everybody 王伟\n        would be removed\n        at once; nothing\n        was written"; got != want {
		t.Errorf("broken() =\n%s\nwant\n%s", got, want)
	}
}

// How long the demo takes without its pauses.
func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		if out, err := demoIn(b.Context(), b.TempDir(), "--json").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
}
