package cli

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/schema/schematest"
)

const (
	everybody = `{"dataType":"user","sourceName":"hr","records":[{"uid":"1","nickname":"Noor"},{"uid":"2","nickname":"Ines"},{"uid":"3","nickname":"Li"}]}` + "\n"
	twoOfThem = `{"dataType":"user","sourceName":"hr","records":[{"uid":"1","nickname":"Noor"}]}` + "\n" +
		`{"dataType":"user","sourceName":"hr","records":[{"uid":"2","nickname":"Ines"}]}` + "\n"
	elsewhere = `{"dataType":"user","sourceName":"it","records":[{"uid":"1","nickname":"Wang"}]}` + "\n"
	deletes   = `{"secret":"hunter2","sync":{"removal":{"user":"delete"}}}`
)

// Absence counts only where the input is said to be the whole directory, and
// does what the options say.
func TestSnapshotRemovesWhoIsGone(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		folder := t.TempDir()
		options := write(t, t.TempDir(), "options.json", deletes)
		for i, line := range strings.SplitAfter(strings.TrimSpace(twoOfThem), "\n") {
			write(t, folder, string('a'+rune(i))+".json", line)
		}
		push(t, exitDone, everybody, url)
		if doc := push(t, exitDone, twoOfThem, url, "--options", options); doc.Counts["user"].Deleted != 0 {
			t.Errorf("without --snapshot: %+v, want nobody deleted", doc.Counts)
		}
		if doc := push(t, exitDone, "", url, "--snapshot", folder); doc.Counts["user"].Deleted != 0 {
			t.Errorf("without options: %+v, want nobody deleted", doc.Counts)
		}
		plan := mustRun(t, exitDone, url, "plan", "--snapshot", "--options", options, folder)
		for _, want := range []string{"1 user deleted", "  delete  user  3"} {
			if !strings.Contains(plan.stdout, want) {
				t.Errorf("want %q in the plan\n%s", want, plan.stdout)
			}
		}
		if doc := push(t, exitDone, "", url, "--snapshot", "--options", options, folder); doc.Counts["user"].Deleted != 1 {
			t.Errorf("with both: %+v, want one user deleted", doc.Counts)
		}
		if n := rowsOf(t, url, "{users}", "[nickname] = 'Li'"); n != 0 {
			t.Errorf("who is gone has %d rows, want none", n)
		}
	})
}

// Half of a source must not be taken for the whole of it.
func TestSnapshotTakesASourceOnce(t *testing.T) {
	file := write(t, t.TempDir(), "mixed.ndjson", twoOfThem[:len(twoOfThem)/2]+elsewhere+everybody)
	for _, args := range [][]string{{"push", "--snapshot", file}, {"plan", "--snapshot", file}} {
		url := schematest.Any(t)
		got := mustRun(t, exitFailed, url, args...)
		if !strings.Contains(got.stderr, "source hr comes a second time") || got.stdout != "" {
			t.Errorf("roster %s: said %q and %q", args, got.stderr, got.stdout)
		}
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 0 {
			t.Errorf("%d users in the database, want none", n)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	url := schematest.Any(t)
	users := write(t, t.TempDir(), "users.json", everybody)
	for text, want := range map[string]string{
		`{"sync":{"removal":{"user":"forget"}}}`: ": options.sync.removal.user is none of its values\n        it is one of keep, unlink, disable, delete\n",
		`{"removal":{"user":"delete"}}`:          ": it has no member sync\n        want {\"sync\": {…}}; docs/openrpc.json has all options\n",
		`[]`:                                     ": it is not a JSON object\n        want {\"sync\": {…}}; docs/openrpc.json has all options\n",
	} {
		options := write(t, t.TempDir(), "options.json", text)
		got := mustRun(t, exitFailed, url, "push", "--options", options, users)
		if got.stderr != "roster: "+options+want || got.stdout != "" {
			t.Errorf("%s: said %q and %q", text, got.stderr, got.stdout)
		}
	}
	if got := mustRun(t, exitFailed, url, "plan", "--options", "nowhere.json", users); got.stderr != "roster: nowhere.json: no such file or directory\n" {
		t.Errorf("no file: said %q", got.stderr)
	}
}
