package rpc

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
)

// paramsSchema gives the JSON Schema of params: closed, as decode reads them.
func paramsSchema(t reflect.Type) (*jsonschema.Schema, error) {
	return schemaOf(t, func(*jsonschema.Schema) {})
}

// resultSchema gives the JSON Schema of a result: open, more members may come.
func resultSchema(t reflect.Type) (*jsonschema.Schema, error) {
	return schemaOf(t, func(s *jsonschema.Schema) {
		if more := s.AdditionalProperties; more != nil && more.Not != nil {
			s.AdditionalProperties = nil
		}
	})
}

// schemaOf infers the schema of a type and mends each part of it.
func schemaOf(t reflect.Type, mend func(*jsonschema.Schema)) (*jsonschema.Schema, error) {
	types, err := wireTypes()
	if err != nil {
		return nil, err
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		return nil, err
	}
	walk(s, func(s *jsonschema.Schema) {
		notNull(s)
		mend(s)
	})
	return s, nil
}

// wireTypes are the types that look otherwise on the wire than in Go.
func wireTypes() (map[reflect.Type]*jsonschema.Schema, error) {
	ofOptions, err := optionsSchema()
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[plugin.Record]():   {Type: "object", Description: "as userData:push takes it: uid, isDeleted in a tombstone, and attributes"},
		reflect.TypeFor[records]():         {Type: "array", Items: &jsonschema.Schema{}},
		reflect.TypeFor[options]():         ofOptions,
		reflect.TypeFor[token]():           {Types: []string{"string", "number"}},
		reflect.TypeFor[jsonrpc2.ID]():     {Types: []string{"string", "integer"}},
		reflect.TypeFor[plugin.Record]():   {Type: "object"},
		reflect.TypeFor[plugin.Secret]():   {Type: "string", WriteOnly: true},
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
		reflect.TypeFor[null]():            {Type: "null"},
		reflect.TypeFor[plugin.Record]():   recordSchema(),
	}, err
}

// recordSchema is that of a record where its type is said beside it.
func recordSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", Required: []string{"uid"}, PropertyOrder: []string{"uid", "isDeleted"},
		Description: "a user or department: its attributes by NocoBase's names; one left out is left alone, null clears",
		Properties: map[string]*jsonschema.Schema{
			"uid":       {Types: []string{"string", "number"}, Description: "the source's own key"},
			"isDeleted": {Type: "boolean", Description: "the record is gone"},
		},
	}
}

// notNull takes back the null that inference allows for slices and pointers:
// lists are [] when empty, and what is absent is left out.
func notNull(s *jsonschema.Schema) {
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
}

// walk calls f for s and every schema inside it.
func walk(s *jsonschema.Schema, f func(*jsonschema.Schema)) {
	if s == nil {
		return
	}
	f(s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		walk(s.Properties[name], f)
	}
	walk(s.Items, f)
	walk(s.AdditionalProperties, f)
}
