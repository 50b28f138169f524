// Package httpapi is the source that reads nothing: whoever has the records
// pushes them.
package httpapi

import (
	"encoding/json"

	"github.com/nocobase-roster/roster/plugin"
)

// Name is what NocoBase calls this source type.
const Name = "http-api"

// options is the JSON Schema of its options: there are none.
const options = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false}`

// Type declares the source type.
func Type() plugin.SourceType {
	return plugin.SourceType{
		Name:          Name,
		Title:         "HTTP API (push)",
		Origin:        "builtin",
		DataTypes:     []plugin.Type{plugin.Department, plugin.User},
		OptionsSchema: json.RawMessage(options),
		Capabilities:  plugin.Capabilities{Push: true},
	}
}
