package cli

import (
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

func TestOutcomesLook(t *testing.T) {
	a, printed := capture(t)
	if err := a.printOutcomes([]engine.Outcome{
		{Op: "fail", Type: "user", Reason: "no uid", Count: 7, UIDs: []string{"0", "1", "2", "3", "4"}},
		{Op: "keep", Type: "user", Reason: "has the role root", Count: 1, UIDs: []string{"root"}},
		{Op: "unlink", Type: "department", Count: 2, UIDs: []string{"rd", "研发部"}},
		{Op: "skip", Type: "user", Reason: "comes again", Count: 1, UIDs: []string{"twice\x1b[2J"}},
	}); err != nil {
		t.Fatal(err)
	}
	golden(t, "outcomes.txt", printed())
}

func TestRemovalsLook(t *testing.T) {
	a, printed := capture(t)
	a.out.colour = true
	counts := map[string]engine.Counts{
		"department": {Total: 10, Deleted: 1, Unchanged: 10},
		"user":       {Total: 90, Deleted: 2, Disabled: 1, Unlinked: 3, Kept: 4, Unchanged: 90},
	}
	for _, task := range []engine.Task{
		{ID: "7", Kind: "plan", Source: "hr", State: engine.Success, Message: "planned, nothing written; …", Counts: counts},
		{ID: "8", Kind: "push", Source: "hr", State: engine.Partial, Message: "90 of 91 applied, 1 failed; …", Counts: counts},
		{ID: "9", Kind: "push", Source: "hr", State: engine.Failed, Message: "a guard stopped it", Counts: counts},
	} {
		if err := a.printTask(task); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.printItems(changes(sequence([]engine.Item{
		{Op: "create", Type: "user", UID: "new"},
		{Op: "keep", Type: "user", UID: "root", Reason: "named by the report"},
		{Op: "skip", Type: "user", UID: "twice", Reason: "named by the report"},
		{Op: "delete", Type: "department", UID: "rd"},
		{Op: "disable", Type: "user", UID: "gone", Fields: []string{"status"}},
		{Op: "unlink", Type: "user", UID: "shared", Reason: "source it claims it too"},
		{Op: "update", Type: "user", UID: "ines", Fields: []string{"email"}},
	})), -1); err != nil {
		t.Fatal(err)
	}
	golden(t, "removals.txt", printed())
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
