package conform

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// defaultLimit is how long a check may take.
const defaultLimit = 20 * time.Second

// An Adapter is what is checked: a command, and what the checks may do with it.
// Only the command is needed; each of the others lets more be told.
type Adapter struct {
	Command  []string // the program and its arguments
	Dir      string   // where it is started; "": here
	Env      []string // its environment, "NAME=value"; nil: ours
	Manifest []byte   // its plugin.json

	// Type is the source type that is read; "": the first that can be read with
	// Options.
	Type         string
	Options      json.RawMessage // with which a source of the type can be read; nil: {}
	BadOptions   json.RawMessage // with which it cannot
	FaultOptions json.RawMessage // with which its system fails in the middle of a reading
	StallOptions json.RawMessage // with which its system never answers

	Target     string          // the target that is written to; "": none
	Records    []plugin.Record // that are written there and removed again; nil: some made up
	BadRecords []plugin.Record // that it refuses

	Limit time.Duration // of a check; 0: 20 s
}

// limit is how long a check of the adapter may take.
func (a Adapter) limit() time.Duration { return cmp.Or(a.Limit, defaultLimit) }

// options are those with which a source can be read.
func (a Adapter) options() json.RawMessage {
	if a.Options == nil {
		return json.RawMessage("{}")
	}
	return a.Options
}

// allOptions are all that a source is opened with.
func (a Adapter) allOptions() []json.RawMessage {
	all := []json.RawMessage{a.options()}
	for _, more := range []json.RawMessage{a.BadOptions, a.FaultOptions, a.StallOptions} {
		if more != nil {
			all = append(all, more)
		}
	}
	return all
}
