package cli

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

// shownItems is how many items of a plan are shown unless all are asked for.
const shownItems = 20

func (a *app) planCommand() *cobra.Command {
	var flags inputFlags
	var verbose bool
	cmd := &cobra.Command{
		Use:   "plan [FILE|FOLDER|-]…",
		Short: "Show what a push would do, and write nothing",
		Long:  "Show what a push would do, item by item, and write nothing." + inputHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := a.find(cmd, &flags, args)
			if err != nil {
				return err
			}
			show := func(ctx context.Context, eng *engine.Engine, r *engine.Report) error {
				return a.reportPlan(ctx, eng, r, verbose)
			}
			return a.bring(cmd.Context(), asked, (*engine.Engine).Plan, show)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show every item")
	return cmd
}

// reportPlan shows what a push would do.
func (a *app) reportPlan(ctx context.Context, eng *engine.Engine, r *engine.Report, verbose bool) error {
	if err := a.reportPush(ctx, eng, r, verbose); err != nil || a.json {
		return err
	}
	limit := shownItems
	if verbose {
		limit = -1
	}
	return a.printItems(changes(items(ctx, eng, engine.ItemFilter{Task: r.Task.ID})), limit)
}

// changes leaves out what would not be written: the report has named it already.
func changes(all iter.Seq2[engine.Item, error]) iter.Seq2[engine.Item, error] {
	return func(yield func(engine.Item, error) bool) {
		for item, err := range all {
			switch item.Op {
			case "fail", "skip", "keep":
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// op paints what is done to a row: made, changed or taken away.
func (s screen) op(op string) string {
	switch op {
	case "create", "link":
		return s.green(op)
	case "delete", "disable", "unlink", "fail":
		return s.red(op)
	}
	return s.yellow(op)
}

// printItems prints items as a table, up to limit of them; a negative limit
// prints all.
func (a *app) printItems(all iter.Seq2[engine.Item, error], limit int) error {
	t := &table{align: "lllll", paint: a.out.op}
	more := false
	for item, err := range all {
		if err != nil {
			return err
		}
		if more = len(t.rows) == limit; more {
			break
		}
		t.add(item.Op, string(item.Type), short(item.UID), strings.Join(item.Fields, " "), printable(item.Reason))
	}
	if len(t.rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	if err := t.write(a.out); err != nil || !more {
		return err
	}
	_, err := fmt.Fprintln(a.out, "  … (-v shows all)")
	return err
}
