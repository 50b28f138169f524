package rpc

import (
	"context"
	"encoding/json"
)

type resolveParams struct {
	Name string `json:"name" jsonschema:"of the source"`
}

type resolveResult struct {
	Options json.RawMessage `json:"options" jsonschema:"as the type's optionsSchema says, and sync; secrets in clear"`
}

// resolve asks the host how a source is set up.
func (c caller) resolve(ctx context.Context, source string) ([]byte, error) {
	var r resolveResult
	err := c.Call(ctx, "sources/resolve", resolveParams{source}, &r)
	return r.Options, err
}
