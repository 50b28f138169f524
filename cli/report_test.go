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

func TestOutcomesAreGroupedByReason(t *testing.T) {
	all := []engine.Item{
		{Op: "skip", Type: "user", UID: "twice", Reason: "comes again"},
		{Op: "unlink", Type: "department", UID: "rd"},
		{Op: "fail", Type: "user", UID: "x", Reason: "no title"},
		{Op: "keep", Type: "user", UID: "root", Reason: "root is never removed"},
		{Op: "keep", Type: "user", UID: "y", Reason: "no title"},
		{Op: "keep", Type: "user", UID: "z", Reason: "no title"},
	}
	for i := range 7 {
		all = append(all, engine.Item{Op: "fail", Type: "user", UID: fmt.Sprint(i), Reason: "no uid"})
	}
	const others = "1 user failed (no title): x\n2 users kept (no title): y, z\n1 user kept (root is never removed): root\n" +
		"1 department unlinked (): rd\n1 user skipped (comes again): twice\n"
	for limit, want := range map[int]string{
		shownUIDs: "7 users failed (no uid): 0, 1, 2, 3, 4, … and 2 more (-v names all)\n" + others,
		-1:        "7 users failed (no uid): 0, 1, 2, 3, 4, 5, 6\n" + others,
	} {
		groups, err := groupByReason(sequence(all), limit)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, g := range groups {
			got += fmt.Sprintf("%s (%s): %s\n", g.what(), g.reason, g.names())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: mismatch (-want +got):\n%s", limit, diff)
		}
	}
}

// Where a run is so large that looking for the reasons would take longer than
// the run, it is said how to have them.
func TestReasonsOfALargeRunWaitToBeAskedFor(t *testing.T) {
	a, printed := capture(t)
	counts := map[string]engine.Counts{"department": {Kept: 1}, "user": {Created: lookedThrough, Unlinked: 2, Skipped: 3}}
	if n := countItems(counts); n != lookedThrough+6 {
		t.Errorf("countItems() = %d, want %d", n, lookedThrough+6)
	}
	if err := a.printUnreasoned(engine.Task{ID: "12", Counts: counts}); err != nil {
		t.Fatal(err)
	}
	want := "\n1 department kept (roster tasks show -v 12 says why)\n\n2 users unlinked (roster tasks show -v 12 says why)\n" +
		"\n3 users skipped (roster tasks show -v 12 says why)\n"
	if diff := cmp.Diff(want, printed()); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
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
