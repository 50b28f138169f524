package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	for _, warning := range r.Warnings {
		if _, err := fmt.Fprintf(a.out, "\n%s\n", a.out.yellow(printable(warning))); err != nil {
			return err
		}
	}
	if err := a.printReasons(ctx, eng, r.Task, verbose); err != nil {
		return err
	}
	return a.printNotes(r.Notes)
}

// printTask prints a run in a line, and its counts as a table.
func (a *app) printTask(t engine.Task) error {
	if _, err := fmt.Fprintf(a.out, "\n%s\n\n", a.taskLine(t)); err != nil {
		return err
	}
	return countTable(t.Counts).write(a.out)
}

// taskLine says in a line how a run went.
func (a *app) taskLine(t engine.Task) string {
	took := (time.Duration(t.Cost) * time.Millisecond).Seconds()
	line := fmt.Sprintf("%s %s of %s: %s in %.1f s", t.Kind, t.ID, short(t.Source), a.out.state(t.State), took)
	var more []string
	switch t.State {
	case engine.Success:
	case engine.Partial:
		applied, _, _ := strings.Cut(t.Message, "; ") // the table has the rest
		more = append(more, printable(applied))
	default:
		more = append(more, printable(t.Message))
	}
	if gone := removals(t.Counts); gone != "" && (t.State == engine.Success || t.State == engine.Partial) {
		more = append(more, a.out.red(gone))
	}
	if len(more) > 0 {
		line += ": " + strings.Join(more, "; ")
	}
	return line
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

// removals says how many people and departments are taken away, and how.
func removals(counts map[string]engine.Counts) string {
	var parts []string
	for _, name := range []string{"department", "user"} {
		c := counts[name]
		for _, of := range []struct {
			n   int
			how string
		}{{c.Deleted, "deleted"}, {c.Disabled, "disabled"}, {c.Unlinked, "unlinked"}} {
			if of.n > 0 {
				parts = append(parts, number(of.n, name)+" "+of.how)
			}
		}
	}
	return strings.Join(parts, ", ")
}

// An end is what may become of a record.
type end struct {
	name string
	rare bool // most runs know nothing of it
	of   func(engine.Counts) int
}

func ends() []end {
	return []end{
		{"total", false, func(c engine.Counts) int { return c.Total }},
		{"created", false, func(c engine.Counts) int { return c.Created }},
		{"linked", false, func(c engine.Counts) int { return c.Linked }},
		{"updated", false, func(c engine.Counts) int { return c.Updated }},
		{"deleted", false, func(c engine.Counts) int { return c.Deleted }},
		{"disabled", true, func(c engine.Counts) int { return c.Disabled }},
		{"unlinked", true, func(c engine.Counts) int { return c.Unlinked }},
		{"kept", true, func(c engine.Counts) int { return c.Kept }},
		{"unchanged", false, func(c engine.Counts) int { return c.Unchanged }},
		{"pending", false, func(c engine.Counts) int { return c.Pending }},
		{"skipped", false, func(c engine.Counts) int { return c.Skipped }},
		{"failed", false, func(c engine.Counts) int { return c.Failed }},
	}
}

// countTable is a row for each type that the run met, a column for each end;
// the rare ones only where they happened.
func countTable(counts map[string]engine.Counts) *table {
	return tableOf(counts, slices.DeleteFunc(ends(), func(e end) bool { return e.rare && !e.happened(counts) }))
}

// happened says whether anything came to that end.
func (e end) happened(counts map[string]engine.Counts) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(counts)), func(c engine.Counts) bool { return e.of(c) > 0 })
}

func tableOf(counts map[string]engine.Counts, columns []end) *table {
	t := &table{align: "l" + strings.Repeat("r", len(columns))}
	head := []string{""}
	for _, e := range columns {
		head = append(head, e.name)
	}
	t.add(head...)
	for _, name := range []string{"department", "user", "membership"} {
		c, ok := counts[name]
		if !ok {
			continue
		}
		row := []string{name + "s"}
		for _, e := range columns {
			row = append(row, count(e.of(c)))
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
