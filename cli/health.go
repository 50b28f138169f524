package cli

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

// A health is what there is to say of a database before anything is pushed.
type health struct {
	Dialect  string           `json:"dialect"`
	NocoBase *engine.Host     `json:"nocobase"` // null where the tables are Roster's own
	Warnings []engine.Warning `json:"warnings"`
}

func (a *app) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Say which NocoBase is in the database, and what a sync cannot do in it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer e.Close()
			h := health{Dialect: e.Dialect(), NocoBase: e.Host()}
			if h.Warnings, err = e.Warnings(cmd.Context()); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(h)
			}
			a.printHealth(h)
			return nil
		},
	}
}

func (a *app) printHealth(h health) {
	if h.NocoBase == nil {
		fmt.Fprintf(a.out, "%s, with tables of Roster's own\n", h.Dialect)
		return
	}
	n := h.NocoBase
	fmt.Fprintf(a.out, "%s, NocoBase %s", h.Dialect, cmp.Or(n.Version, "of unknown version"))
	for _, said := range []struct{ name, value string }{{"schema", n.Schema}, {"table prefix", n.Prefix}} {
		if said.value != "" {
			fmt.Fprintf(a.out, ", %s %s", said.name, said.value)
		}
	}
	if n.Underscored {
		fmt.Fprint(a.out, ", underscored names")
	}
	fmt.Fprintln(a.out)
	for _, w := range h.Warnings {
		fmt.Fprintf(a.out, "%s.%s %s\n  %s\n", w.Collection, w.Field, w.Consequence, w.Hint)
	}
}
