package cli

import (
	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/cli/input"
)

const inputHelp = `

Each FILE holds pushes as NocoBase takes them, one or several (NDJSON):

  {"dataType": "user", "sourceName": "hr", "matchKey": "email", "records": [{"uid": "1", …}]}

or a bare array of records with --type. A FOLDER stands for its *.json and
*.ndjson in the order of their names, - for standard input. Pushes that follow
each other in a file and are of one source and match key make one run.`

// inputFlags say of the input what it does not say itself.
type inputFlags struct{ source, matchKey, dataType string }

func (f *inputFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.source, "source", "", "name of the source, whatever the input says")
	flags.StringVar(&f.matchKey, "match-key", "", "username, email or phone: finds users that are there already, whatever the input says")
	flags.StringVar(&f.dataType, "type", "", "user or department: what the records of a bare array are")
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

// find finds what args name, or standard input when there are none and it is
// piped.
func (a *app) find(args []string, given input.Head) (*input.Input, error) {
	if len(args) == 0 {
		if newScreen(a.in).terminal {
			return nil, usageError("nothing to read: name files or folders, or pipe records in")
		}
		args = []string{"-"}
	}
	return input.Find(args, a.in, given)
}
