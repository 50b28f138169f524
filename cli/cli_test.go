package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestWrongCommandLines(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	for _, c := range []struct{ args, want string }{
		{"pusch", `unknown command "pusch"`},
		{"push --nope", "unknown flag: --nope"},
		{"push --source", "flag needs an argument: --source"},
		{"tasks show", "give the id of one task"},
		{"tasks show 1 2", "give the id of one task"},
		{"tasks retry", "retry what? give the id of one task"},
		{"tasks cancel", "cancel what? give the id of one task"},
		{"tasks wait", "wait what? give the id of one task"},
		{"push --options", "flag needs an argument: --options"},
		{"tasks --limit many", `"many"`},
		{"version --log-level loud", `unrecognized level: "loud"`},
	} {
		got := mustRun(t, exitUsage, url, strings.Fields(c.args)...)
		if !strings.HasPrefix(got.stderr, "roster: ") || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("roster %s: want %q on standard error, got\n%s%s", c.args, c.want, got.stderr, got.stdout)
		}
	}
}

// Each fault is one line that says what and why, a hint where there is one,
// and never a stack.
func TestFaultsAreSaidInAFewWords(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ url, args, want string }{
		{"", "push nowhere.json", "roster: nowhere.json: no such file or directory\n"},
		{"", "push " + dir, "roster: " + dir + ": a folder without *.json or *.ndjson\n"},
		{"mysql://user:hunter2@host/db", "tasks", "roster: open the database\n        name it as sqlite:PATH or postgres://user:password@host/database\n"},
	} {
		got := mustRun(t, exitFailed, c.url, strings.Fields(c.args)...)
		if got.stderr != c.want || got.stdout != "" {
			t.Errorf("roster %s: want\n%s\ngot\n%s%s", c.args, c.want, got.stderr, got.stdout)
		}
	}
}

func TestTheWorstRunDecidesTheExitCode(t *testing.T) {
	for _, c := range []struct {
		states []engine.State
		want   int
	}{
		{[]engine.State{engine.Success}, exitDone},
		{[]engine.State{engine.Success, engine.Partial, engine.Success}, exitPartial},
		{[]engine.State{engine.Failed, engine.Partial}, exitFailed},
		{[]engine.State{engine.Partial, engine.Held}, exitFailed},
	} {
		var worst error
		for _, s := range c.states {
			worst = worse(worst, outcome(s))
		}
		if got := (&app{started: true}).exitCode(worst); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.states, got, c.want)
		}
	}
}

func TestHelpDoesNotPrintTheDatabase(t *testing.T) {
	got := mustRun(t, exitDone, "postgres://user:hunter2@host/db", "push", "--help")
	if strings.Contains(got.stdout+got.stderr, "hunter2") {
		t.Errorf("help prints the password:\n%s", got.stdout)
	}
}

func TestVersion(t *testing.T) {
	if got := mustRun(t, exitDone, "", "version"); !strings.HasPrefix(got.stdout, "roster "+release+" ") {
		t.Errorf("roster version prints %q", got.stdout)
	}
	if got := mustRun(t, exitDone, "", "version", "--json"); !strings.HasPrefix(got.stdout, `{"version":"`+release+`",`) {
		t.Errorf("roster version --json prints %q", got.stdout)
	}
}
