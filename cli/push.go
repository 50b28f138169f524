package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

func (a *app) pushCommand() *cobra.Command {
	var flags inputFlags
	var verbose bool
	cmd := &cobra.Command{
		Use:   "push [FILE|FOLDER|-]…",
		Short: "Write pushed departments and users into the database",
		Long: "Write pushed departments and users into the database." + inputHelp + `

Exit codes: 0 all was written, 3 some records were not (the report says which
and why), 1 the run failed, 2 the command line is wrong. With --json, one
document for each run is printed.`,
		Example: "  roster push company.json\n  hr-export | roster push --type user --source hr --match-key email\n  roster push --snapshot --options policy.json everybody.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := a.find(cmd, &flags, args)
			if err != nil {
				return err
			}
			show := func(ctx context.Context, eng *engine.Engine, r *engine.Report) error {
				return a.reportPush(ctx, eng, r, verbose)
			}
			return a.bring(cmd.Context(), asked, (*engine.Engine).Push, show)
		},
	}
	flags.add(cmd)
	a.logs.add(cmd, "none")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name every record that was not written")
	return cmd
}

// An action is what is done with a run: Engine.Push or Engine.Plan.
type action func(*engine.Engine, context.Context, engine.Push, func(engine.Progress)) (*engine.Report, error)

// A presenter shows what came of a run.
type presenter func(context.Context, *engine.Engine, *engine.Report) error

// bring does each run of the input and shows what came of it. The error is the
// worst outcome, or what stopped it.
func (a *app) bring(ctx context.Context, asked request, do action, show presenter) (err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	eng, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	var worst error
	for run, err := range asked.pushes(ctx) {
		if err != nil {
			return explain(ctx, err, engine.Progress{})
		}
		report, err := a.watched(ctx, func(tell func(engine.Progress)) (*engine.Report, error) { return do(eng, ctx, run, tell) })
		if err != nil {
			return err
		}
		if err := show(ctx, eng, report); err != nil {
			return err
		}
		worst = worse(worst, outcome(report.Task.State))
	}
	return worst
}

// watched does one run and shows how far it is.
func (a *app) watched(ctx context.Context, do func(func(engine.Progress)) (*engine.Report, error)) (*engine.Report, error) {
	watch := a.newProgress()
	report, err := do(watch.report)
	watch.end()
	if err != nil {
		return nil, explain(ctx, err, watch.last)
	}
	return report, nil
}
