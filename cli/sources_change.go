package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// sourceFlags say of a source what is to be kept of it.
type sourceFlags struct{ sourceType, displayName, options string }

func (f *sourceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.displayName, "display-name", "", "how NocoBase shows it")
	cmd.Flags().StringVar(&f.options, "options", "", "file with its options, or - for standard input; secrets that are null or left out stay as they are")
}

// draft is what has been said.
func (f *sourceFlags) draft(cmd *cobra.Command, in io.Reader) (d engine.SourceDraft, err error) {
	if cmd.Flags().Changed("type") {
		d.SourceType = &f.sourceType
	}
	if cmd.Flags().Changed("display-name") {
		d.DisplayName = &f.displayName
	}
	if f.options != "" {
		d.Options, err = readOptions(f.options, in)
	}
	return d, err
}

// readOptions reads options from a file, or from in. The error repeats nothing
// of them.
func readOptions(name string, in io.Reader) (json.RawMessage, error) {
	read := func() ([]byte, error) { return os.ReadFile(name) }
	if name == "-" {
		name, read = "standard input", func() ([]byte, error) { return io.ReadAll(in) }
	}
	text, err := read()
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "read the options of the source", Err: err}
	}
	if !json.Valid(text) {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: name + " holds no JSON", Hint: "want the options of the source, {…}"}
	}
	return text, nil
}

func (a *app) addSourceCommand() *cobra.Command {
	var flags sourceFlags
	cmd := &cobra.Command{
		Use:     "add NAME --type TYPE",
		Short:   "Add a source",
		Example: "  roster sources add hr --type http-api\n  roster sources add corp --type wecom --options corp.json",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.sourceType == "" {
				return usageError("add what? give its type with --type: " + a.typeNames())
			}
			return a.changeSource(cmd, &flags, func(ctx context.Context, eng *engine.Engine, d engine.SourceDraft) (*engine.Source, error) {
				d.Name = &args[0]
				return eng.CreateSource(ctx, d)
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&flags.sourceType, "type", "", "what kind of source it is")
	return cmd
}

// typeNames names the source types there are.
func (a *app) typeNames() string {
	var names []string
	for _, t := range a.adapters.SourceTypes() {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func (a *app) setSourceCommand() *cobra.Command {
	var flags sourceFlags
	cmd := &cobra.Command{
		Use:     "set NAME",
		Short:   "Change what is said of a source",
		Example: "  roster sources set corp --options corp.json",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeSource(cmd, &flags, func(ctx context.Context, eng *engine.Engine, d engine.SourceDraft) (*engine.Source, error) {
				return eng.UpdateSource(ctx, args[0], d)
			})
		},
	}
	flags.add(cmd)
	return cmd
}

func (a *app) renameSourceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rename NAME NEW",
		Short: "Give a source another name; its records follow",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError("rename what? give the name of one source, and its new name")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeSource(cmd, nil, func(ctx context.Context, eng *engine.Engine, _ engine.SourceDraft) (*engine.Source, error) {
				return eng.UpdateSource(ctx, args[0], engine.SourceDraft{Name: &args[1]})
			})
		},
	}
}

func (a *app) enableSourceCommand(verb string, on bool) *cobra.Command {
	does := "Let a source be pushed to, read, and called back"
	if !on {
		does = "Refuse pushes to a source, readings of it, and its callbacks"
	}
	return &cobra.Command{
		Use:   verb + " NAME",
		Short: does,
		Args:  oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeSource(cmd, nil, func(ctx context.Context, eng *engine.Engine, _ engine.SourceDraft) (*engine.Source, error) {
				return eng.UpdateSource(ctx, args[0], engine.SourceDraft{Enabled: &on})
			})
		},
	}
}

// changeSource makes a change of what the flags say and shows the source then.
func (a *app) changeSource(
	cmd *cobra.Command, flags *sourceFlags, change func(context.Context, *engine.Engine, engine.SourceDraft) (*engine.Source, error),
) error {
	var d engine.SourceDraft
	if flags != nil {
		var err error
		if d, err = flags.draft(cmd, a.in); err != nil {
			return err
		}
	}
	return a.query(cmd.Context(), func(ctx context.Context, eng *engine.Engine) error {
		source, err := change(ctx, eng, d)
		if err != nil {
			return err
		}
		if !a.json {
			fmt.Fprintln(a.out)
		}
		return a.reportSource(source)
	})
}
