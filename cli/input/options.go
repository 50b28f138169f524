package input

import (
	"encoding/json"
	"errors"
	"os"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// Options reads the file name: the options of a source, of which sync says how
// it is synchronized. The others are its adapter's.
func Options(name string) (*engine.Options, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, unread(name, err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, notOptions(name, "it is not a JSON object")
	}
	sync, ok := all["sync"]
	if !ok {
		return nil, notOptions(name, "it has no member sync")
	}
	options, err := engine.ParseOptions(sync)
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		wrong := *e
		wrong.Msg = name + ": " + e.Msg
		return nil, &wrong
	}
	return &options, err
}

func notOptions(name, what string) error {
	return &plugin.Error{Kind: plugin.Config, Msg: name + ": " + what, Hint: `want {"sync": {…}}; docs/openrpc.json has all options`}
}
