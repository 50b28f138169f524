package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

func (a *app) syncCommand() *cobra.Command {
	var plan, verbose bool
	cmd := &cobra.Command{
		Use:   "sync SOURCE",
		Short: "Read a source and write what it has into the database",
		Long: `Read a source and write what it has into the database. What becomes of what is
gone is said by the source's options; with --plan nothing is written, and what
would be is shown item by item.

A reading that was cut off is gone on with. Exit codes: 0 all was written, 3 some
records were not (the report says which and why), 1 the run failed, 2 the command
line is wrong.`,
		Example: "  roster sync hr --plan\n  roster sync hr",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if plan {
				return a.pull(cmd.Context(), args[0], (*engine.Engine).PlanSync, a.reportPlan, verbose)
			}
			return a.pull(cmd.Context(), args[0], (*engine.Engine).Sync, a.reportPush, verbose)
		},
	}
	cmd.Flags().BoolVar(&plan, "plan", false, "show what would be done, and write nothing")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name every record that was not written, or every item of the plan")
	return cmd
}

// A reader reads a source: Engine.Sync or Engine.PlanSync.
type reader func(*engine.Engine, context.Context, engine.Sync, func(engine.Progress)) (*engine.Report, error)

// pull reads a source and shows what came of it. The error is the outcome, or
// what stopped it.
func (a *app) pull(
	ctx context.Context, source string, read reader,
	show func(context.Context, *engine.Engine, *engine.Report, bool) error, verbose bool,
) (err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	eng, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	report, err := a.watched(ctx, func(tell func(engine.Progress)) (*engine.Report, error) {
		return read(eng, ctx, engine.Sync{Source: source}, tell)
	})
	if err != nil {
		return err
	}
	if err := show(ctx, eng, report, verbose); err != nil {
		return err
	}
	return outcome(report.Task.State)
}
