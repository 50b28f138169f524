package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sdk/skeleton"
)

func (a *app) newPluginCommand() *cobra.Command {
	s := skeleton.Skeleton{Version: release}
	languages := strings.Join(skeleton.Languages(), ", ")
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Make an adapter to begin with: a source, or a target",
		Long: `Make a folder NAME with an adapter to begin with, which runs and keeps all promises:
a source that reads a file, or with --target a target that writes files. It is a
program of its own; NAME becomes that of its source type or target.`,
		Example: "  roster plugin new --lang python acme-hr\n  roster plugin new --lang go --target door",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || s.Language == "" {
				return usageError("plugin new: give a name, and --lang: one of " + languages)
			}
			s.Name = args[0]
			return a.layPlugin(s)
		},
	}
	cmd.Flags().StringVar(&s.Language, "lang", "", "language of the adapter: "+languages)
	cmd.Flags().BoolVar(&s.Target, "target", false, "a target that is written to, instead of a source that is read")
	return cmd
}

// layPlugin writes a skeleton into a new folder of its name, here.
func (a *app) layPlugin(s skeleton.Skeleton) error {
	files, err := s.Files()
	if err != nil {
		return err
	}
	if err := os.Mkdir(s.Name, 0o755); err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "make a folder for the adapter", Err: err, Hint: "choose another name, or another place to work in"}
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(s.Name, name), files[name], 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	if a.json {
		return a.printJSON(struct {
			Folder string   `json:"folder"`
			Files  []string `json:"files"`
		}{s.Name, names})
	}
	_, err = fmt.Fprintf(a.out, "%s is a %s in %s; %s says what to do next.\n", s.Name, s.Kind(), s.Language, filepath.Join(s.Name, "README.md"))
	return err
}
