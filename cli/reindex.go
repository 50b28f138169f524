package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func (a *app) reindexCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reindex [SOURCE]",
		Short: "Rebuild Roster's index from NocoBase's tables",
		Long: `Rebuild Roster's index of records from NocoBase's tables, of one source or of
all: after a backup was restored, or when Roster's own tables were lost.

Nothing of NocoBase's is written. Records that NocoBase keeps no more are
forgotten, those that the index does not have are taken in, and the next push
compares everything, makes nothing twice and writes only what differs. What is
there twice or leads nowhere stays; see roster adopt.`,
		Example: "  roster reindex\n  roster reindex wecom",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("reindex what? name one source, or none for all")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.reindex(cmd.Context(), append(args, "")[0])
			if len(done) == 0 && err != nil {
				return err
			}
			return errors.Join(a.reportReindex(done), err)
		},
	}
}

func (a *app) reindex(ctx context.Context, source string) (done []engine.Reindex, err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	eng, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	done, err = eng.Reindex(ctx, source)
	if err != nil && ctx.Err() != nil {
		err = &plugin.Error{Kind: plugin.Canceled, Msg: "interrupted: the sources that are listed are done", Hint: "the same command begins anew"}
	}
	return done, err
}

// reportReindex shows what became of the index, a row for each source.
func (a *app) reportReindex(done []engine.Reindex) error {
	if a.json {
		return a.printJSON(done)
	}
	if len(done) == 0 {
		_, err := fmt.Fprintln(a.out, "NocoBase's tables hold no record: there is nothing to index.")
		return err
	}
	t := &table{align: "lrrrrr"}
	t.add("source", "verified", "forgotten", "taken in", "dangling", "task")
	for _, n := range done {
		t.add(short(n.Source), count(int(n.Verified)), count(int(n.Forgotten)), count(int(n.TakenIn)), count(int(n.Dangling)), n.TaskID)
	}
	if _, err := fmt.Fprintln(a.out); err != nil {
		return err
	}
	if err := t.write(a.out); err != nil {
		return err
	}
	_, err := fmt.Fprint(a.out, "\nThe next push of each source compares everything.\n")
	return err
}
