package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/engine"
)

// reportPush shows what came of a push: for an operator, or for a script.
func (a *app) reportPush(ctx context.Context, eng *engine.Engine, r *engine.Report, verbose bool) error {
	if a.json {
		return a.printJSON(newDocument(r))
	}
	if err := a.printTask(r.Task); err != nil {
		return err
	}
	if err := a.printFailures(ctx, eng, r.Task, verbose); err != nil {
		return err
	}
	return a.printNotes(r.Notes)
}

// printTask prints a run in a line, and its counts as a table.
func (a *app) printTask(t engine.Task) error {
	took := (time.Duration(t.Cost) * time.Millisecond).Seconds()
	line := fmt.Sprintf("%s %s of %s: %s in %.1f s", t.Kind, t.ID, short(t.Source), a.out.state(t.State), took)
	switch t.State {
	case engine.Success:
	case engine.Partial:
		applied, _, _ := strings.Cut(t.Message, "; ") // the table has the rest
		line += ": " + printable(applied)
	default:
		line += ": " + printable(t.Message)
	}
	if _, err := fmt.Fprintf(a.out, "\n%s\n\n", line); err != nil {
		return err
	}
	return countTable(t.Counts).write(a.out)
}

// state paints a state by how much of an operator's attention it asks for.
func (s screen) state(state engine.State) string {
	switch state {
	case engine.Success:
		return s.green(string(state))
	case engine.Failed, engine.Interrupted:
		return s.red(string(state))
	}
	return s.yellow(string(state))
}

// countTable is a row for each type that the run met, a column for each end.
func countTable(counts map[string]engine.Counts) *table {
	t := &table{align: "lrrrrrrrrr"}
	t.add("", "total", "created", "linked", "updated", "deleted", "unchanged", "pending", "skipped", "failed")
	for _, name := range []string{"department", "user", "membership"} {
		c, ok := counts[name]
		if !ok {
			continue
		}
		row := []string{name + "s"}
		for _, n := range []int{c.Total, c.Created, c.Linked, c.Updated, c.Deleted, c.Unchanged, c.Pending, c.Skipped, c.Failed} {
			row = append(row, count(n))
		}
		t.add(row...)
	}
	return t
}

// count keeps what did not happen from catching the eye.
func count(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// printNotes prints what was left out of the records, once for each field.
func (a *app) printNotes(notes []engine.Note) error {
	if len(notes) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, n := range notes {
		_, err := fmt.Fprintf(a.out, "%s: %s (%s)\n", short(n.Field), printable(n.Reason), number(n.Records, "record"))
		if err != nil {
			return err
		}
	}
	return nil
}
