package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func (a *app) adoptCommand() *cobra.Command {
	var yes, verbose bool
	cmd := &cobra.Command{
		Use:   "adopt SOURCE",
		Short: "Take over a source that NocoBase's own engine has synchronized",
		Long: `Take over a source that NocoBase's own engine, or a plugin of NocoBase's, has
synchronized so far, so that a push finds the departments and users it made and
makes none twice. Without --yes nothing is written: what would be done is shown.

Users, departments and memberships stay as they are. Of what NocoBase keeps of
the source, records that are there twice and links that lead nowhere are
removed. Stop NocoBase's own synchronization of the source first, and adopt all
sources before the first push to one of them.`,
		Example: "  roster adopt wecom\n  roster adopt wecom --yes",
		Args:    oneSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			adoption, err := a.adopt(cmd.Context(), args[0], yes)
			if err != nil {
				return err
			}
			return a.reportAdoption(adoption, verbose)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name every record that something was found of")
	return cmd
}

func oneSource(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("adopt what? name one source")
	}
	return nil
}

func (a *app) adopt(ctx context.Context, source string, write bool) (adoption *engine.Adoption, err error) {
	ctx, stop := interruptible(ctx)
	defer stop()
	eng, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	adoption, err = eng.Adopt(ctx, source, write)
	if err != nil && ctx.Err() != nil {
		err = &plugin.Error{Kind: plugin.Canceled, Msg: "interrupted: nothing was adopted", Hint: "the same command begins anew"}
	}
	return adoption, err
}

// reportAdoption shows what was adopted, or would be, and what to do next.
func (a *app) reportAdoption(adoption *engine.Adoption, verbose bool) error {
	if a.json {
		return a.printJSON(adoption)
	}
	did := "nothing written yet"
	if adoption.Written {
		did = a.out.green("adopted") + " by task " + adoption.TaskID
	}
	if _, err := fmt.Fprintf(a.out, "\n%s: %s\n\n", short(adoption.Source), did); err != nil {
		return err
	}
	if err := adoptionTable(adoption).write(a.out); err != nil {
		return err
	}
	for _, p := range adoption.Problems {
		if err := a.printProblem(p, adoption.Findings, verbose); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.out, "\n%s\n", next(adoption))
	return err
}

// adoptionTable is a row for each type, and one for the links that claim
// memberships.
func adoptionTable(adoption *engine.Adoption) *table {
	t := &table{align: "lrrrrrr"}
	t.add("", "to adopt", "with a row", "without", "duplicates", "dangling", "known")
	if adoption.Written {
		t.rows[0][1] = "adopted"
	}
	for _, of := range []plugin.Type{plugin.Department, plugin.User} {
		c := adoption.Counts[of]
		t.add(plural(of), count(c.Records), count(c.Linked), count(c.Unlinked), count(c.Duplicates), count(c.Dangling), count(c.Known))
	}
	m := adoption.Memberships
	t.add("memberships", count(m.Claims), "", "", "", count(m.Dangling), "")
	return t
}

// printProblem prints a kind of findings, with some of the records, or with all
// that the engine names.
func (a *app) printProblem(p engine.Problem, findings []engine.Finding, all bool) error {
	t := &table{align: "ll"}
	for _, f := range findings {
		if f.Type == p.Type && f.Problem == p.Problem && (all || len(t.rows) < shownUIDs) {
			t.add(short(f.UID), printable(f.Does))
		}
	}
	if _, err := fmt.Fprintf(a.out, "\n%s: %s\n", a.out.yellow(number(p.Count, string(p.Type))), p.Problem); err != nil {
		return err
	}
	if err := t.write(a.out); err != nil || p.Count == len(t.rows) {
		return err
	}
	more := fmt.Sprintf("… and %s more", humanize.Comma(int64(p.Count-len(t.rows))))
	if !all {
		more += " (-v names them)"
	}
	_, err := fmt.Fprintf(a.out, "  %s\n", more)
	return err
}

// next says what an operator is to do.
func next(adoption *engine.Adoption) string {
	var others string
	if len(adoption.Others) > 0 {
		names := make([]string, len(adoption.Others))
		for i, name := range adoption.Others {
			names[i] = short(name)
		}
		others = "\nNot adopted yet, and to be before the first push, for Roster does not see what they claim: " + strings.Join(names, ", ") + "."
	}
	if adoption.Written {
		return "From now on, push to the source with Roster, and no longer with NocoBase's own engine." + others
	}
	return "To adopt it, run this again with --yes, once NocoBase's own engine synchronizes the source no more." + others
}
