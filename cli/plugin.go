package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/plugin/process"
)

func (a *app) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Make, add, list and remove adapters that are processes of their own",
		Long: `Make, add, list and remove adapters that are processes of their own, in any language. An
adapter is a folder with a plugin.json, which says what it has and how it is
started. Those that are added are noted in the folder plugins of ROSTER_HOME, else
of the folder that has the SQLite database; more are looked for in the folders of
ROSTER_PLUGINS. Their source types and targets are there for all commands.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newPluginCommand(), a.addPluginCommand(), a.listPluginsCommand(), a.removePluginCommand())
	return cmd
}

func (a *app) addPluginCommand() *cobra.Command {
	var pin bool
	cmd := &cobra.Command{
		Use:   "add FOLDER",
		Short: "Add the adapter in a folder",
		Long: `Add the adapter in a folder, which stays where it is, or change how it is held. With
--pin the checksums of all its files are noted, and it is not started any more when
one of them has changed, until it is added anew.`,
		Example: "  roster plugin add ./adapters/ldif --pin",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := a.kept().Add(strings.TrimSuffix(args[0], process.ManifestFile), pin)
			if err != nil {
				return err
			}
			return a.reportAdded(found)
		},
	}
	cmd.Flags().BoolVar(&pin, "pin", false, "hold the adapter to the files that it has now")
	return cmd
}

func (a *app) removePluginCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget an adapter; its folder and the sources that use it stay",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.kept().Remove(args[0]); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(struct {
					Removed string `json:"removed"`
				}{args[0]})
			}
			_, err := fmt.Fprintf(a.out, "Adapter %s is not used any more.\n", printable(args[0]))
			return err
		},
	}
}

func (a *app) listPluginsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the adapters: what they have, and how they fare",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.listPlugins() },
	}
}

// A listedPlugin is an adapter as it is shown.
type listedPlugin struct {
	Name    string         `json:"name"`
	Version string         `json:"version"`
	Folder  string         `json:"folder"`
	Added   bool           `json:"added"` // else it is of ROSTER_PLUGINS
	Pinned  string         `json:"pinned,omitempty"`
	Sources []string       `json:"sourceTypes"`
	Targets []string       `json:"targets"`
	Wrong   string         `json:"wrong,omitempty"` // why it cannot be used
	Status  process.Status `json:"status"`
}

func (a *app) listed(f process.Found) listedPlugin {
	l := listedPlugin{Name: f.Name(), Version: f.Manifest.Version, Folder: f.Folder, Added: f.Kept, Sources: []string{}, Targets: []string{}, Status: a.kept().Status(f.Name())}
	for _, t := range f.Manifest.SourceTypes {
		l.Sources = append(l.Sources, t.Name)
	}
	for _, t := range f.Manifest.Targets {
		l.Targets = append(l.Targets, t.Name)
	}
	if len(f.Pin) > 0 {
		l.Pinned = f.Pin.Sum()
	}
	if err := f.Err; err != nil {
		l.Wrong = err.Error()
	} else if err := f.Pin.Check(f.Folder); err != nil {
		l.Wrong = err.Error()
	}
	return l
}

func (a *app) reportAdded(f process.Found) error {
	l := a.listed(f)
	if a.json {
		return a.printJSON(struct {
			Plugin listedPlugin `json:"plugin"`
		}{l})
	}
	fmt.Fprintf(a.out, "Adapter %s %s brings %s.\n", l.Name, printable(l.Version), printable(strings.Join(append(l.Sources, l.Targets...), ", ")))
	if l.Pinned != "" {
		fmt.Fprintf(a.out, "It is held to %s with the checksum %s.\n", number(len(f.Pin), "file"), l.Pinned)
	}
	return nil
}

func (a *app) listPlugins() error {
	plugins := []listedPlugin{}
	for _, f := range a.findPlugins() {
		plugins = append(plugins, a.listed(f))
	}
	if a.json {
		return a.printJSON(struct {
			Plugins []listedPlugin `json:"plugins"`
		}{plugins})
	}
	if len(plugins) == 0 {
		_, err := fmt.Fprintln(a.out, "There is no adapter but those built in: roster plugin add FOLDER adds one.")
		return err
	}
	t := &table{align: "llllrr"}
	t.add("name", "version", "brings", "state", "starts", "crashes")
	for _, p := range plugins {
		t.add(short(p.Name), short(p.Version), short(strings.Join(append(p.Sources, p.Targets...), ", ")), stateOf(p), fmt.Sprint(p.Status.Starts), fmt.Sprint(p.Status.Crashes))
	}
	if err := t.write(a.out); err != nil {
		return err
	}
	for _, p := range plugins {
		a.reportTrouble(p)
	}
	return nil
}

// stateOf is what an adapter is doing, in a few words.
func stateOf(p listedPlugin) string {
	switch {
	case p.Wrong != "":
		return "unusable"
	case p.Status.State == process.Running:
		return fmt.Sprintf("running (%d)", p.Status.Pid)
	case p.Status.State == process.Off:
		return "off until " + p.Status.Until.Local().Format(time.TimeOnly)
	}
	return string(p.Status.State)
}

// reportTrouble says what is or was wrong with an adapter.
func (a *app) reportTrouble(p listedPlugin) {
	if p.Wrong != "" {
		fmt.Fprintf(a.out, "%s: %s\n", p.Name, printable(p.Wrong))
	}
	if p.Status.Fault != "" {
		fmt.Fprintf(a.out, "%s, %s: %s\n", p.Name, p.Status.FaultAt.Local().Format(time.DateTime), printable(p.Status.Fault))
	}
}
