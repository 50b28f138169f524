package plugin

import (
	"bytes"
	"context"
	"encoding/json"

	"go.uber.org/zap"
)

// A SourceType declares an adapter: what it reads and how it is set up.
type SourceType struct {
	Name      string `json:"name"`   // "http-api", "wecom": letters, digits, points, hyphens and underscores
	Title     string `json:"title"`  // for an operator
	Origin    string `json:"origin"` // "builtin", or who registered it
	DataTypes []Type `json:"dataTypes"`
	// OptionsSchema is the JSON Schema (2020-12) of a source's options. It
	// validates them, draws the form in the host's panel, and documents them: give
	// every property a title and a description. One with writeOnly is a secret: it
	// is kept encrypted and never shown again. The member sync, which all source
	// types have in common, is not in it.
	OptionsSchema json.RawMessage `json:"optionsSchema,omitempty"`
	Capabilities  Capabilities    `json:"capabilities"`
}

// Capabilities say which ways a source type knows of bringing records.
type Capabilities struct {
	Pull    bool `json:"pull"`    // it can be read
	Push    bool `json:"push"`    // others send its records
	Webhook bool `json:"webhook"` // its sources are Receivers
	Lookup  bool `json:"lookup"`  // Request.Only works
	Check   bool `json:"check"`   // its sources are Checkers
}

// A Driver opens the sources of one type.
type Driver struct {
	Type SourceType
	// Open makes a source of what an operator has set up, which the schema has
	// found right. It does not speak to the system yet: what is wrong there is
	// found by Read and Check. It is nil where the type is not read.
	Open func(ctx context.Context, s Setup) (Source, error)
}

// A Setup is what a source is made of.
type Setup struct {
	Name    string          // of the source, for messages
	Options json.RawMessage // an object, secrets in clear; never logged
	Log     *zap.Logger     // takes no secrets and no personal data
}

// NewDriver makes a driver of a function that takes its options as a struct.
// Members that O does not have are left to the schema, which may allow them.
func NewDriver[O any](t SourceType, open func(ctx context.Context, options O, log *zap.Logger) (Source, error)) Driver {
	return Driver{Type: t, Open: func(ctx context.Context, s Setup) (Source, error) {
		var options O
		if len(bytes.TrimSpace(s.Options)) > 0 {
			if err := json.Unmarshal(s.Options, &options); err != nil {
				// What encoding/json says may repeat a value, and that may be a secret.
				return nil, &Error{Kind: Config, Msg: "the options of source " + s.Name + " cannot be read", Hint: "save them again"}
			}
		}
		return open(ctx, options, s.Log)
	}}
}

// A TargetInfo declares a target: the record types written to it, and where it
// stands among the others.
type TargetInfo struct {
	Name    string   `json:"name"`
	Accepts []Type   `json:"accepts"`
	After   []string `json:"after,omitempty"`  // targets that are written before it
	Before  []string `json:"before,omitempty"` // targets that are written after it
}
