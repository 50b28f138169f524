package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

func (a *app) removeSourceCommand() *cobra.Command {
	var records string
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a source",
		Long: `Remove a source. Its records are kept, with the users and departments they stand
for, or unlinked from them, or the users and departments that only this source
claims are deleted. The latter two are a run like any push, held by the same
guards; only when all of it was done does the source go.`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				return a.removeSource(ctx, eng, args[0], records)
			})
		},
	}
	cmd.Flags().StringVar(&records, "records", engine.Keep, "what becomes of its records: keep, unlink or delete")
	return cmd
}

// removeSource removes a source and shows what became of its records.
func (a *app) removeSource(ctx context.Context, eng *engine.Engine, name, records string) error {
	r, err := a.watched(ctx, func(tell func(engine.Progress)) (*engine.Report, error) {
		return eng.DeleteSource(ctx, name, records, tell)
	})
	if err == nil && r != nil {
		err = a.reportPush(ctx, eng, r, false)
	}
	if err != nil || a.json {
		return err
	}
	_, err = fmt.Fprintf(a.out, "\nThe source %s is removed.\n", short(name))
	return err
}
