package cli

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// The second of two who state an e-mail is brought by a retry once an operator
// has taken it from the first.
func TestRetryDoesWhatFailed(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		users := func(records string) string {
			return `{"dataType":"user","sourceName":"hr","records":[` + records + `]}`
		}
		failed := push(t, exitPartial, users(`{"uid":"1","email":"a@example.com"},{"uid":"2","email":"a@example.com"}`), url)
		db := schematest.Open(t, url)
		if _, err := db.On(db).Exec(t.Context(), `UPDATE {users} SET email = NULL`); err != nil {
			t.Fatal(err)
		}
		var doc document
		parse(t, mustRun(t, exitDone, url, "tasks", "retry", "--json", failed.TaskID).stdout, &doc)
		if c := doc.Counts["user"]; doc.State != engine.Success || c.Created != 1 {
			t.Errorf("the retry came to %+v, want one user created", doc)
		}
		if n := rowsOf(t, url, "{users}", "[email] = 'a@example.com'"); n != 1 {
			t.Errorf("%d users have the e-mail that was in the way, want 1", n)
		}
	})
}

func TestRetryPrintsAReport(t *testing.T) {
	url := schematest.Any(t)
	push(t, exitPartial, halfBad, url)
	cmd := roster(t.Context(), url, "tasks", "retry", "1") // the record has no uid still
	if got := finish(t, cmd); got.code == exitDone || !strings.Contains(got.stdout, "1 user failed: ") {
		t.Errorf("exit code %d, printed\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// A run is canceled from another process; the one that it works in says so.
func TestCancelStopsARunOfAnotherProcess(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		mustRun(t, exitDone, url, "tasks") // makes the tables, for which processes are in each other's way
		cmd := roster(t.Context(), url, "push")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan ended, 1)
		go func() { done <- finish(t, cmd) }()
		go trickle(stdin)
		id := firstTask(t, url)
		var shown struct{ Task engine.Task }
		parse(t, mustRun(t, exitDone, url, "tasks", "cancel", "--json", id).stdout, &shown)
		if shown.Task.ID != id {
			t.Errorf("roster tasks cancel shows %+v", shown.Task)
		}
		if got := mustRun(t, exitFailed, url, "tasks", "wait", id); !strings.Contains(got.stdout, "canceled") {
			t.Errorf("roster tasks wait prints\n%s", got.stdout)
		}
		if got := <-done; got.code != exitFailed || !strings.Contains(got.stderr, "roster: push "+id+" of source hr: ") {
			t.Errorf("the push ended with %d and said\n%s", got.code, got.stderr)
		}
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 0 {
			t.Errorf("%d users in the database, want none", n)
		}
	})
}

// trickle pushes people until nobody reads any more.
func trickle(stdin io.WriteCloser) {
	defer stdin.Close()
	fmt.Fprint(stdin, `{"dataType":"user","sourceName":"hr","matchKey":"email","records":[{"uid":"0"}`)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		if _, err := fmt.Fprintf(stdin, `,{"uid":"%d"}`, n); err != nil {
			return
		}
		if n%50 == 0 {
			<-tick.C
		}
	}
}

// firstTask waits until there is a run, and gives its id.
func firstTask(t *testing.T, url string) string {
	t.Helper()
	for {
		var list struct{ Tasks []engine.Task }
		parse(t, mustRun(t, exitDone, url, "tasks", "--json").stdout, &list)
		if len(list.Tasks) > 0 {
			return list.Tasks[0].ID
		}
	}
}

// What a run came to is the exit code of the wait for it.
func TestWaitEndsAsTheRunDid(t *testing.T) {
	url := schematest.Any(t)
	push(t, exitPartial, halfBad, url)
	push(t, exitDone, somebody, url)
	for id, code := range map[string]int{"1": exitPartial, "2": exitDone} {
		mustRun(t, code, url, "tasks", "wait", id)
	}
	var shown struct{ Task engine.Task }
	parse(t, mustRun(t, exitPartial, url, "tasks", "wait", "1", "--json").stdout, &shown)
	if shown.Task.State != engine.Partial {
		t.Errorf("roster tasks wait --json prints %+v", shown)
	}
}

func TestUnknownTasks(t *testing.T) {
	url := schematest.Any(t)
	for _, command := range []string{"retry", "cancel", "wait"} {
		got := mustRun(t, exitFailed, url, "tasks", command, "4711")
		if !strings.HasPrefix(got.stderr, "roster: there is no task 4711") || got.stdout != "" {
			t.Errorf("roster tasks %s: said %q and %q", command, got.stderr, got.stdout)
		}
	}
}
