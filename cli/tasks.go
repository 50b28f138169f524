package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func (a *app) tasksCommand() *cobra.Command {
	var filter engine.TaskFilter
	cmd := &cobra.Command{
		Use:   "tasks",
		Short: "List what was run, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return a.listTasks(ctx, eng, filter)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&filter.Source, "source", "", "only of this source")
	flags.StringVar(&filter.Before, "before", "", "only older than this task")
	flags.IntVar(&filter.Limit, "limit", 20, "how many, up to 200")
	cmd.AddCommand(a.showCommand(), a.retryCommand(), a.cancelCommand(), a.waitCommand())
	return cmd
}

func (a *app) showCommand() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one run and the records that failed",
		Args:  oneTask,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return a.showTask(ctx, eng, args[0], verbose)
			})
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show every item, not only failed ones")
	return cmd
}

func (a *app) retryCommand() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "retry ID",
		Short: "Do again what of one run failed, and only that",
		Long: `Do again what of one run failed, and only that. One that was interrupted goes on
where it ended. The exit codes are those of roster push.`,
		Args: oneTask,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return a.retryTask(ctx, eng, args[0], verbose)
			})
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name every record that was not written")
	return cmd
}

func (a *app) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID",
		Short: "Ask one run to stop, in whatever process it works",
		Long: `Ask one run to stop, in whatever process it works, and show it as it stands. What
it has committed stays. roster tasks wait tells when it has stopped.`,
		Args: oneTask,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				task, err := eng.Cancel(ctx, args[0])
				if err != nil {
					return err
				}
				return a.reportTask(task)
			})
		},
	}
}

func (a *app) waitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "wait ID",
		Short: "Wait until one run has ended",
		Long:  "Wait until one run has ended, and show it. The exit codes are those of roster push.",
		Args:  oneTask,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return a.waitForTask(ctx, eng, args[0])
			})
		},
	}
}

func oneTask(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError(cmd.Name() + " what? give the id of one task; roster tasks lists them")
	}
	return nil
}

// retryTask does again what failed and shows what came of it, as push does.
func (a *app) retryTask(ctx context.Context, eng *engine.Engine, id string, verbose bool) error {
	r, err := a.watched(ctx, func(tell func(engine.Progress)) (*engine.Report, error) { return eng.Retry(ctx, id, tell) })
	if err != nil {
		return err
	}
	if err := a.reportPush(ctx, eng, r, verbose); err != nil {
		return err
	}
	return outcome(r.Task.State)
}

// waitForTask shows a run once it has ended. An operator who no longer waits
// leaves it alone.
func (a *app) waitForTask(ctx context.Context, eng *engine.Engine, id string) error {
	task, err := eng.Wait(ctx, id)
	if err != nil {
		if ctx.Err() != nil {
			return &plugin.Error{Kind: plugin.Canceled, Msg: "interrupted: task " + id + " has not ended", Hint: "roster tasks cancel stops it"}
		}
		return err
	}
	if err := a.reportTask(task); err != nil {
		return err
	}
	return outcome(task.State)
}

// reportTask shows one run: for an operator, or for a script.
func (a *app) reportTask(task *engine.Task) error {
	if a.json {
		return a.printJSON(struct {
			Task *engine.Task `json:"task"`
		}{task})
	}
	return a.printTask(*task)
}

// query opens the database for something about a run.
func (a *app) query(ctx context.Context, ask func(context.Context, *engine.Engine) error) (err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	eng, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	return ask(ctx, eng)
}

func (a *app) listTasks(ctx context.Context, eng *engine.Engine, f engine.TaskFilter) error {
	tasks, err := eng.Tasks(ctx, f)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			Tasks []engine.Task `json:"tasks"`
		}{tasks})
	}
	return taskTable(tasks).write(a.out)
}

func taskTable(tasks []engine.Task) *table {
	t := &table{align: "rlllrrl"}
	t.add("id", "kind", "source", "state", "started", "seconds", "")
	for _, task := range tasks {
		t.add(task.ID, task.Kind, short(task.Source), string(task.State), task.StartedAt.Local().Format(time.DateTime),
			fmt.Sprintf("%.1f", float64(task.Cost)/1000), short(task.Message))
	}
	return t
}

// showTask shows one run with its items: those that failed, or all.
func (a *app) showTask(ctx context.Context, eng *engine.Engine, id string, all bool) error {
	task, err := eng.Task(ctx, id)
	if err != nil {
		return err
	}
	found := items(ctx, eng, engine.ItemFilter{Task: id, Failed: !all})
	if a.json {
		return a.printTaskJSON(task, found)
	}
	if err := a.printTask(*task); err != nil {
		return err
	}
	return a.printItems(found, -1)
}

func (a *app) printTaskJSON(task *engine.Task, found iter.Seq2[engine.Item, error]) error {
	doc := struct {
		Task  *engine.Task  `json:"task"`
		Items []engine.Item `json:"items"`
	}{task, []engine.Item{}}
	for item, err := range found {
		if err != nil {
			return err
		}
		doc.Items = append(doc.Items, item)
	}
	return a.printJSON(doc)
}
