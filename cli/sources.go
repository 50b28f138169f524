package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
)

func (a *app) sourcesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sources",
		Short: "List the sources; add, change, test and remove them",
		Long: `List the sources: where records come from, and how. They are NocoBase's own, as
its panel shows them.

Options are a JSON object in a file, or on standard input where the file is -:
what a type of source takes, and the member sync, which all have in common.
Secrets are among them, so that they are on no command line; they are encrypted
in the database and never shown again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.query(cmd.Context(), a.listSources) },
	}
	cmd.AddCommand(
		a.showSourceCommand(), a.addSourceCommand(), a.setSourceCommand(), a.renameSourceCommand(),
		a.enableSourceCommand("enable", true), a.enableSourceCommand("disable", false), a.removeSourceCommand(), a.testSourceCommand(),
	)
	return cmd
}

func (a *app) showSourceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show one source and its options, without the secrets",
		Args:  oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
				source, err := eng.Source(ctx, args[0])
				if err != nil {
					return err
				}
				return a.reportSource(source)
			})
		},
	}
}

func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError(cmd.Name() + " what? give the name of one source; roster sources lists them")
	}
	return nil
}

func (a *app) listSources(ctx context.Context, eng *engine.Engine) error {
	sources, err := eng.Sources(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			Sources []engine.Source `json:"sources"`
		}{sources})
	}
	if len(sources) == 0 {
		_, err := fmt.Fprintln(a.out, "There is no source yet: roster sources add makes one. Pushes need none.")
		return err
	}
	t := &table{align: "lllrl"}
	t.add("name", "type", "enabled", "changed", "")
	for _, s := range sources {
		t.add(short(s.Name), short(s.SourceType), enabled(s), s.UpdatedAt.Local().Format(time.DateTime), short(s.DisplayName))
	}
	return t.write(a.out)
}

func enabled(s engine.Source) string {
	if s.Enabled {
		return "yes"
	}
	return "no"
}

// reportSource shows one source: for an operator, or for a script.
func (a *app) reportSource(s *engine.Source) error {
	if a.json {
		return a.printJSON(struct {
			Source *engine.Source `json:"source"`
		}{s})
	}
	t := &table{align: "ll"}
	t.add("name", printable(s.Name))
	t.add("shown as", printable(s.DisplayName))
	t.add("type", printable(s.SourceType))
	t.add("enabled", enabled(*s))
	t.add("made", s.CreatedAt.Local().Format(time.DateTime))
	t.add("changed", s.UpdatedAt.Local().Format(time.DateTime))
	t.add("secrets set", printable(strings.Join(s.SecretsSet, " ")))
	if s.CallbackURL != "" {
		t.add("callbacks to", printable(s.CallbackURL))
	}
	if err := t.write(a.out); err != nil {
		return err
	}
	var options bytes.Buffer
	if err := json.Indent(&options, s.Options, "  ", "  "); err != nil {
		return fmt.Errorf("print the options: %w", err)
	}
	for line := range strings.SplitSeq(options.String(), "\n") {
		fmt.Fprintln(a.out, "  "+printable(strings.TrimPrefix(line, "  ")))
	}
	return nil
}
