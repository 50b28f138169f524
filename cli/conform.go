package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/plugin"
)

// conformFlags say what an adapter is checked with.
type conformFlags struct {
	sourceType, target, manifest                    string
	options, bad, fault, stall, records, badRecords string // paths of files
}

func (a *app) conformCommand() *cobra.Command {
	var f conformFlags
	cmd := &cobra.Command{
		Use:   "conform [flags] -- COMMAND [ARG...]",
		Short: "Say which promises of the protocol an adapter keeps",
		Long: `Start an adapter, in whatever language, and say which promises of the protocol it
keeps: docs/conform.md lists them. What cannot be told is skipped, and what is
missing for it is said. The exit code is 1 when a promise is broken, and 2 when
the adapter could not be started.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			subject, err := f.meet(cmd.Context(), args)
			if err != nil {
				return notStarted{err}
			}
			return a.conform(cmd.Context(), subject)
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringVar(&f.sourceType, "type", "", "source `TYPE` that is read (default the first that can be read with the options)")
	flags.StringVar(&f.options, "options", "", "`FILE` with options with which it can be read (default {})")
	flags.StringVar(&f.bad, "bad-options", "", "`FILE` with options with which it cannot")
	flags.StringVar(&f.fault, "fault-options", "", "`FILE` with options with which its system fails in the middle")
	flags.StringVar(&f.stall, "stall-options", "", "`FILE` with options with which its system never answers")
	flags.StringVar(&f.target, "target", "", "`TARGET` that sample records are written to, and removed from again")
	flags.StringVar(&f.records, "records", "", "`FILE` with the sample records (default some made up)")
	flags.StringVar(&f.badRecords, "bad-records", "", "`FILE` with records that the target refuses")
	flags.StringVar(&f.manifest, "manifest", "", "`FILE`, the adapter's plugin.json (default that beside the command, or here)")
	return cmd
}

// A notStarted is the error of an adapter that does not get so far as to be
// checked.
type notStarted struct{ error }

// Unwrap gives the error as it came.
func (e notStarted) Unwrap() error { return e.error }

func isNotStarted(err error) bool {
	_, ok := errors.AsType[notStarted](err)
	return ok
}

// meet starts the adapter for the first time.
func (f conformFlags) meet(ctx context.Context, command []string) (*conform.Subject, error) {
	adapter, err := f.adapter(command)
	if err != nil {
		return nil, err
	}
	return conform.Meet(ctx, adapter)
}

// adapter reads the files.
func (f conformFlags) adapter(command []string) (conform.Adapter, error) {
	a := conform.Adapter{Command: command, Type: f.sourceType, Target: f.target}
	var records, bad []plugin.UserData
	errs := []error{
		readJSON(f.options, &a.Options), readJSON(f.bad, &a.BadOptions), readJSON(f.fault, &a.FaultOptions),
		readJSON(f.stall, &a.StallOptions), readJSON(f.records, &records), readJSON(f.badRecords, &bad),
	}
	a.Records, a.BadRecords = plugin.Ungroup(records), plugin.Ungroup(bad)
	if manifest := f.manifestPath(command); manifest != "" {
		errs = append(errs, a.ReadManifest(manifest))
	}
	return a, errors.Join(errs...)
}

func (f conformFlags) manifestPath(command []string) string {
	if f.manifest != "" {
		return f.manifest
	}
	if len(command) == 0 {
		command = []string{"."}
	}
	return conform.FindManifest(command)
}

// readJSON reads a file, where one is named.
func readJSON(path string, to any) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err == nil && json.Unmarshal(text, to) != nil { // its error may repeat a secret
		err = errors.New("it is not the JSON that it must be")
	}
	if err != nil {
		return &plugin.Error{Kind: plugin.Config, Msg: "read " + path, Err: err, Hint: "docs/conform.md says what the file must hold"}
	}
	return nil
}
