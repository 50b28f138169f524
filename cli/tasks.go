package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
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
	cmd.AddCommand(a.showCommand())
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

func oneTask(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("show what? give the id of one task; roster tasks lists them")
	}
	return nil
}

// query opens the database for something that only reads.
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
	t := &table{align: "rlllrrl"}
	t.add("id", "kind", "source", "state", "started", "seconds", "")
	for _, task := range tasks {
		t.add(task.ID, task.Kind, short(task.Source), string(task.State), task.StartedAt.Local().Format(time.DateTime),
			fmt.Sprintf("%.1f", float64(task.Cost)/1000), short(task.Message))
	}
	return t.write(a.out)
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
