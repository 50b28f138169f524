package cli

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
)

const (
	somewhere = `{"dataType":"department","sourceName":"hr","records":[{"uid":"rd","title":"研发部"}]}` + "\n"
	somebody  = `{"dataType":"user","sourceName":"hr","matchKey":"email","records":[` +
		`{"uid":"1","nickname":"赵思远","email":"siyuan@example.com","departments":["rd"]},{"uid":"2","nickname":"Noor"}]}` + "\n"
	halfBad = `{"dataType":"user","sourceName":"hr","records":[{"uid":"3","nickname":"Ines"},{"nickname":"no uid"}]}` + "\n"
)

func TestPush(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		company := write(t, t.TempDir(), "company.ndjson", somewhere+somebody)
		first := push(t, exitDone, "", url, company)
		want := map[string]engine.Counts{
			"department": {Total: 1, Created: 1}, "user": {Total: 2, Created: 2}, "membership": {Total: 1, Created: 1},
		}
		if diff := cmp.Diff(want, first.Counts); diff != "" {
			t.Errorf("counts mismatch (-want +got):\n%s", diff)
		}
		if again := push(t, exitDone, "", url, company); again.Counts["user"].Unchanged != 2 {
			t.Errorf("the same again: %+v, want 2 users unchanged", again.Counts)
		}
		if n := rowsOf(t, url, "{users}", "[nickname] IN ('赵思远', 'Noor')"); n != 2 {
			t.Errorf("%d of the users are in the database, want 2", n)
		}
	})
}

func TestPushFromEverywhere(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "2-users.json", somebody)
	write(t, folder, "1-departments.ndjson", somewhere)
	write(t, folder, "README.md", "no push")
	array := write(t, t.TempDir(), "array", `[{"uid":"1"},{"uid":"2"}]`)
	for _, c := range []struct {
		name, stdin string
		args        []string
	}{
		{"a folder", "", []string{folder}},
		{"files", "", []string{folder + "/1-departments.ndjson", folder + "/2-users.json"}},
		{"standard input", somewhere + somebody, nil},
		{"standard input by name", somewhere + somebody, []string{"-"}},
		{"a bare array", "", []string{"--type=user", "--source=hr", array}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := schematest.Any(t)
			mustRead(t, exitDone, c.stdin, url, append([]string{"push"}, c.args...)...)
			if n := rowsOf(t, url, "{users}", "1 = 1"); n < 2 {
				t.Errorf("%d users in the database, want 2", n)
			}
		})
	}
}

func TestPartialPushSaysWhatFailed(t *testing.T) {
	url := schematest.Any(t)
	got := mustRead(t, exitPartial, halfBad, url, "push")
	for _, want := range []string{"partial", "1 user failed: "} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("want %q in\n%s", want, got.stdout)
		}
	}
	if doc := push(t, exitPartial, halfBad, url); doc.State != engine.Partial || doc.Counts["user"].Failed != 1 {
		t.Errorf("document %+v", doc)
	}
}

// What cannot be read to its end is not begun to be written.
func TestBrokenInputWritesNothing(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		for _, text := range []string{
			"", "\n", "hello", somebody[:len(somebody)-4], somebody + "]", somebody + `{"dataTyp":"user"}`,
			`{"dataType":"user","records":[{"uid":"1"},{"uid":}]}`,
			`{"dataType":"robot","records":[{"uid":"1"}]}`, `{"dataType":"user","records":[]}`, `{"dataType":"user"}`, `{}`,
		} {
			got := mustRead(t, exitFailed, text, url, "push")
			if !strings.Contains(got.stderr, "roster: ") || got.stdout != "" {
				t.Errorf("%q: printed\n%s%s", text, got.stderr, got.stdout)
			}
		}
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 0 {
			t.Errorf("%d users in the database, want none", n)
		}
	})
}

func TestPlanWritesNothing(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		got := mustRead(t, exitDone, somewhere+somebody, url, "plan")
		if !strings.Contains(got.stdout, "create  department  rd") {
			t.Errorf("the plan does not name the department:\n%s", got.stdout)
		}
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 0 {
			t.Errorf("%d users in the database, want none", n)
		}
	})
}

func TestTasks(t *testing.T) {
	url := schematest.Any(t)
	done := push(t, exitPartial, halfBad, url)
	if got := mustRun(t, exitDone, url, "tasks"); !strings.Contains(got.stdout, "partial") {
		t.Errorf("roster tasks prints\n%s", got.stdout)
	}
	if got := mustRun(t, exitDone, url, "tasks", "show", done.TaskID); !strings.Contains(got.stdout, "fail") {
		t.Errorf("roster tasks show prints\n%s", got.stdout)
	}
	var shown struct {
		Task  engine.Task
		Items []engine.Item
	}
	parse(t, mustRun(t, exitDone, url, "tasks", "show", "--json", done.TaskID).stdout, &shown)
	if shown.Task.ID != done.TaskID || len(shown.Items) != 1 {
		t.Errorf("roster tasks show --json prints %+v", shown)
	}
	if got := mustRun(t, exitFailed, url, "tasks", "show", "4711"); !strings.HasPrefix(got.stderr, "roster: ") {
		t.Errorf("an unknown task: %q", got.stderr)
	}
}

// The process is waiting for more input when the signal comes.
func TestInterruptedPushSaysWhatWasWritten(t *testing.T) {
	cmd := roster(t.Context(), schematest.Any(t), "push")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdin.Write([]byte(somebody[:100])); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(stderr)
	said.Scan() // the phase: reading
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	said.Scan()
	if want := "roster: interrupted: this run has written nothing"; said.Text() != want {
		t.Errorf("said %q, want %q", said.Text(), want)
	}
	for said.Scan() { // the hint
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("ended with %v, want exit code %d", err, exitFailed)
	}
}

// push pushes stdin, or files, and gives the document it prints.
func push(t *testing.T, code int, stdin, url string, args ...string) (doc document) {
	t.Helper()
	parse(t, mustRead(t, code, stdin, url, append([]string{"push", "--json"}, args...)...).stdout, &doc)
	return doc
}

func parse(t testing.TB, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

// rowsOf counts rows of a table, both in the notation of package schema.
func rowsOf(t *testing.T, url, table, where string) (n int) {
	t.Helper()
	db := schematest.Open(t, url)
	if err := db.On(db).Get(t.Context(), &n, "SELECT count(*) FROM "+table+" WHERE "+where); err != nil {
		t.Fatal(err)
	}
	return n
}
