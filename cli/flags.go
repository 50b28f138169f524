package cli

import (
	"context"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/cli/input"
	"github.com/nocobase-roster/roster/engine"
)

const inputHelp = `

Each FILE holds pushes as NocoBase takes them, one or several (NDJSON):

  {"dataType": "user", "sourceName": "hr", "matchKey": "email", "records": [{"uid": "1", …}]}

or a bare array of records with --type. A FOLDER stands for its *.json and
*.ndjson in the order of their names, - for standard input. Pushes that follow
each other in a file and are of one source and match key make one run.

With --snapshot the input is the whole directory: all of a source, in whatever
files, makes one run, and what the source brought before and is not in it is
gone. What becomes of that is said by --options FILE, which holds the options of
a source as JSON, and of them the member sync:

  {"sync": {"removal": {"user": "disable", "disable": {"field": "status", "value": "left"}}}}

Left out, what is gone is kept. All options are in docs/openrpc.json. Guards,
which are options too, refuse a run that would remove unlikely many.`

// inputFlags say of the input what it does not say itself.
type inputFlags struct {
	source, matchKey, dataType string
	snapshot                   bool
	options                    string // a file
}

func (f *inputFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.source, "source", "", "name of the source, whatever the input says")
	flags.StringVar(&f.matchKey, "match-key", "", "username, email or phone: finds users that are there already, whatever the input says")
	flags.StringVar(&f.dataType, "type", "", "user or department: what the records of a bare array are")
	flags.BoolVar(&f.snapshot, "snapshot", false, "the input is the whole directory: what is not in it is gone")
	flags.StringVar(&f.options, "options", "", "file with the options of the source, {\"sync\": {…}}: what becomes of what is gone, and more")
}

// given is what has been said, so that an empty match key can be said as well.
func (f *inputFlags) given(cmd *cobra.Command) input.Head {
	h := input.Head{}
	for flag, member := range map[string]struct{ name, value string }{
		"source": {input.SourceName, f.source}, "match-key": {input.MatchKey, f.matchKey}, "type": {input.DataType, f.dataType},
	} {
		if cmd.Flags().Changed(flag) {
			h[member.name] = member.value
		}
	}
	return h
}

// A request is what is to be brought, and how.
type request struct {
	input    *input.Input
	options  *engine.Options  // nil where nothing was said
	snapshot *engine.Snapshot // nil where single records are brought
}

// find finds what args name, or standard input when there are none and it is
// piped, and reads the options.
func (a *app) find(cmd *cobra.Command, f *inputFlags, args []string) (r request, err error) {
	if len(args) == 0 {
		if newScreen(a.in).terminal {
			return r, usageError("nothing to read: name files or folders, or pipe records in")
		}
		args = []string{"-"}
	}
	if f.options != "" {
		if r.options, err = input.Options(f.options); err != nil {
			return r, err
		}
	}
	if f.snapshot {
		r.snapshot = &engine.Snapshot{ID: time.Now().UTC().Format(time.RFC3339Nano), Done: true}
	}
	r.input, err = input.Find(args, a.in, f.given(cmd))
	return r, err
}

// pushes yields the runs that are asked for.
func (r request) pushes(ctx context.Context) iter.Seq2[engine.Push, error] {
	runs := r.input.Pushes
	if r.snapshot != nil {
		runs = r.input.Whole
	}
	return func(yield func(engine.Push, error) bool) {
		for run, err := range runs(ctx) {
			run.Options, run.Snapshot = r.options, r.snapshot
			if !yield(run, err) {
				return
			}
		}
	}
}
