package plugin

import "encoding/json"

// A SourceType says what an adapter reads and how it is set up.
type SourceType struct {
	Name          string          `json:"name"`                    // "http-api", "wecom"
	Title         string          `json:"title"`                   // for an operator
	Origin        string          `json:"origin"`                  // "builtin", or who registered it
	DataTypes     []Type          `json:"dataTypes"`               // in the order they are synchronized
	OptionsSchema json.RawMessage `json:"optionsSchema,omitempty"` // JSON Schema 2020-12 of a source's options
	Capabilities  Capabilities    `json:"capabilities"`
}

// Capabilities say which ways a source type knows of bringing records.
type Capabilities struct {
	Pull    bool `json:"pull"`    // Roster can read it whole
	Push    bool `json:"push"`    // it sends records by itself
	Webhook bool `json:"webhook"` // it sends events
	Lookup  bool `json:"lookup"`  // single records can be read
}

// A TargetInfo names a target resource and the record types written to it.
type TargetInfo struct {
	Name    string `json:"name"`
	Accepts []Type `json:"accepts"`
}
