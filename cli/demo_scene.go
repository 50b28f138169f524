package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/demo"
	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// show tells what happens in a scene, types its command, plays it, and shows
// what came of it. The error is what kept it from being as it was told.
func (a *app) show(ctx context.Context, n int, scene demo.Scene, pace *pace) error {
	told, err := scene.Happens(ctx)
	if err != nil {
		return err
	}
	if !a.json {
		a.tell(ctx, n, scene, told, pace)
	}
	watch := a.newProgress()
	outcome, err := scene.Play(ctx, watch.report)
	watch.end()
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(newSceneDocument(scene, told, outcome))
	} else {
		pace.print(ctx, a.out, a.outcomeText(outcome)+"\n", aRow)
		pace.print(ctx, a.out, a.factText(outcome.Facts), aSentence)
	}
	if err != nil {
		return err
	}
	return untrue(n, outcome.Facts)
}

// tell prints what happens, and types the command as an operator would.
func (a *app) tell(ctx context.Context, n int, scene demo.Scene, told []string, pace *pace) {
	fmt.Fprintf(a.out, "\n%s\n", a.out.bold(fmt.Sprintf("%d  %s", n, scene.Title)))
	for _, line := range told {
		pace.print(ctx, a.out, "   "+printable(line)+"\n", aSentence)
	}
	fmt.Fprint(a.out, "\n"+a.out.dim("$ "))
	for _, key := range scene.Command {
		fmt.Fprint(a.out, string(key))
		pace.pause(ctx, aKey)
	}
	fmt.Fprintln(a.out)
}

// outcomeText is what came of a scene, as its command would print it but without
// the columns in which nothing is.
func (a *app) outcomeText(o *demo.Outcome) string {
	switch {
	case o.Ended != nil:
		return a.wrapped(a.complaint(a.out, o.Ended))
	case o.Tasks != nil:
		return a.fitted(taskTable(o.Tasks))
	case len(o.Report.Items) > 0:
		return a.taskLine(o.Report.Task) + "\n\n" + a.fitted(a.itemTable(o.Report.Items))
	}
	var warned strings.Builder
	for _, warning := range o.Report.Warnings {
		warned.WriteString("\n" + a.wrapped(a.out.yellow(printable(warning))+"\n"))
	}
	counts := o.Report.Task.Counts
	columns := slices.DeleteFunc(ends(), func(e end) bool { return !e.happened(counts) })
	return a.taskLine(o.Report.Task) + "\n" + a.fitted(tableOf(counts, columns)) + warned.String()
}

// itemTable is the items of a plan.
func (a *app) itemTable(items []engine.Item) *table {
	t := &table{align: "llll", paint: a.out.op}
	for _, item := range items {
		why := strings.TrimSpace(strings.Join(item.Fields, " ") + " " + printable(item.Reason))
		t.add(item.Op, string(item.Type), short(item.UID), why)
	}
	return t
}

// factText is a line for each fact, with a mark that says whether it is so.
func (a *app) factText(facts []demo.Fact) string {
	var b strings.Builder
	for _, fact := range facts {
		mark := a.out.green("✓")
		if !fact.True {
			mark = a.out.red("✗ not so:")
		}
		b.WriteString(mark + " " + printable(fact.Text) + "\n")
	}
	return b.String()
}

// untrue is the error of a scene that did not come out as told.
func untrue(n int, facts []demo.Fact) error {
	if !slices.ContainsFunc(facts, func(f demo.Fact) bool { return !f.True }) {
		return nil
	}
	return &plugin.Error{
		Kind: plugin.Internal, Msg: fmt.Sprintf("scene %d did not come out as told", n),
		Hint: "this is a mistake of Roster's: please report it, with what is above",
	}
}
