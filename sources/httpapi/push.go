package httpapi

import (
	"encoding/json"

	"github.com/nocobase-roster/roster/plugin"
)

// Name is what NocoBase calls the source type that is pushed to.
const Name = "http-api"

// pushOptions is the JSON Schema of its options: there are none.
const pushOptions = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false}`

// Driver gives the driver of the source type that reads nothing: whoever has
// the records pushes them.
func Driver() plugin.Driver {
	return plugin.Driver{Type: plugin.SourceType{
		Name:          Name,
		Title:         "HTTP API (push)",
		Origin:        "builtin",
		DataTypes:     []plugin.Type{plugin.Department, plugin.User},
		OptionsSchema: json.RawMessage(pushOptions),
		Capabilities:  plugin.Capabilities{Push: true},
	}}
}
