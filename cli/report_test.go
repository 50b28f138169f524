package cli

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
)

func TestReportLooks(t *testing.T) {
	a, printed := capture(t)
	task := engine.Task{
		ID: "12", Kind: "push", Source: "公司", State: engine.Partial, Cost: 1234,
		Message: "498 of 500 applied, 2 failed; user: 1490 created, 2 failed",
		Counts: map[string]engine.Counts{
			"department": {Total: 150, Created: 150},
			"user":       {Total: 2000, Created: 1490, Linked: 3, Updated: 4, Deleted: 1, Unchanged: 497, Pending: 2, Skipped: 1, Failed: 2},
			"membership": {Total: 6281, Created: 6281},
		},
	}
	if err := a.printTask(task); err != nil {
		t.Fatal(err)
	}
	if err := a.printNotes([]engine.Note{
		{Type: "department", Field: "description", Reason: "departments has no such column; kept with the record", Records: 1673},
		{Type: "user", Field: "roles", Reason: "never written", Records: 1},
	}); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", printed())
}

func TestItemsLook(t *testing.T) {
	a, printed := capture(t)
	for _, limit := range []int{3, -1} {
		if err := a.printItems(sequence([]engine.Item{
			{Op: "create", Type: "department", UID: "研发部"},
			{Op: "update", Type: "user", UID: "zhang\x1b[2J", Fields: []string{"email", "phone"}},
			{Op: "fail", Type: "user", UID: "👩‍🔬 مريم", Reason: "email is held by another user"},
			{Op: "link", Type: "user", UID: "ines"},
		}), limit); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "items.txt", printed())
}

func TestFailuresAreGroupedByReason(t *testing.T) {
	failed := []engine.Item{{Type: "user", UID: "x", Reason: "no title"}}
	for i := range 7 {
		failed = append(failed, engine.Item{Type: "user", UID: fmt.Sprint(i), Reason: "no uid"})
	}
	for limit, want := range map[int]string{
		shownUIDs: "7 no uid: 0, 1, 2, 3, 4, … and 2 more (-v names all)\n1 no title: x\n",
		-1:        "7 no uid: 0, 1, 2, 3, 4, 5, 6\n1 no title: x\n",
	} {
		groups, err := groupFailures(sequence(failed), limit)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, g := range groups {
			got += fmt.Sprintf("%d %s: %s\n", g.count, g.reason, g.names())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: mismatch (-want +got):\n%s", limit, diff)
		}
	}
}

func TestBarLooks(t *testing.T) {
	var text string
	for _, c := range []struct {
		now   engine.Progress
		spent time.Duration
	}{
		{engine.Progress{State: engine.Reading}, 0},
		{engine.Progress{State: engine.Reading, Type: "user", Done: 45_000}, 2 * time.Second},
		{engine.Progress{State: engine.Applying, Type: "department", Total: 774}, 0},
		{engine.Progress{State: engine.Applying, Type: "user", Done: 45_000, Total: 100_000}, 3 * time.Second},
		{engine.Progress{State: engine.Applying, Type: "user", Done: 100_001, Total: 100_000}, 9 * time.Second},
	} {
		text += bar(c.now, c.spent) + "\n"
	}
	golden(t, "bar.txt", text)
}

func TestWithoutATerminalEachPhaseIsALine(t *testing.T) {
	a, printed := capture(t)
	p := a.newProgress()
	for done := range 3 {
		p.report(engine.Progress{State: engine.Reading, Done: done})
	}
	for done := range 3 {
		p.report(engine.Progress{State: engine.Applying, Type: "user", Done: done, Total: 2})
	}
	p.end()
	if diff := cmp.Diff("reading\napplying users\n", printed()); diff != "" {
		t.Errorf("progress mismatch (-want +got):\n%s", diff)
	}
}

func sequence[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}
