package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/nocobase-roster/roster/rpc/call"
)

// A document is an OpenRPC 1.3 description of the wire.
type document struct {
	OpenRPC    string           `json:"openrpc"`
	Info       documentInfo     `json:"info"`
	Methods    []documentMethod `json:"methods"`
	Components components       `json:"components"`
}

type documentInfo struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

type documentMethod struct {
	Name           string       `json:"name"`
	Summary        string       `json:"summary"`
	ParamStructure string       `json:"paramStructure"`
	Params         []descriptor `json:"params"`
	Result         *descriptor  `json:"result,omitempty"` // none for a notification
}

// A descriptor describes a member of params, or a result.
type descriptor struct {
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Required    bool               `json:"required,omitempty"`
	Schema      *jsonschema.Schema `json:"schema"`
}

type components struct {
	Errors  map[string]documentError      `json:"errors"`
	Schemas map[string]*jsonschema.Schema `json:"schemas"`
}

type documentError struct {
	Code    int64  `json:"code"`
	Message string `json:"message"`
}

// OpenRPC gives the OpenRPC document of a Roster of this version, indented and
// the same every time. It comes from the table of methods and the Go types of
// their params and results.
func OpenRPC(version string) ([]byte, error) {
	doc, err := describe(version, methods())
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}

func (s *session) discover(context.Context, none) (json.RawMessage, error) {
	return OpenRPC(s.server.Version)
}

func describe(version string, methods []methodInfo) (*document, error) {
	doc := &document{OpenRPC: "1.3.2", Info: documentInfo{
		Title: "Roster", Version: version,
		Description: "Brings people and departments into NocoBase and keeps them right. JSON-RPC 2.0 over stdio, one object per line or with Content-Length headers; every error has data as in components.schemas.ErrorData.",
	}}
	for _, m := range methods {
		described, err := m.describe()
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", m.name, err)
		}
		doc.Methods = append(doc.Methods, described)
	}
	var err error
	doc.Components, err = describeComponents()
	return doc, err
}

func (m methodInfo) describe() (documentMethod, error) {
	d := documentMethod{Name: m.name, Summary: m.summary, ParamStructure: "by-name", Params: []descriptor{}}
	params, err := paramsSchema(m.params)
	if err != nil {
		return d, err
	}
	for _, name := range params.PropertyOrder {
		schema := params.Properties[name]
		about := schema.Description
		schema.Description = "" // said once is enough
		d.Params = append(d.Params, descriptor{name, about, slices.Contains(params.Required, name), schema})
	}
	if m.notification() {
		return d, nil
	}
	result, err := resultSchema(m.result)
	d.Result = &descriptor{Name: "result", Schema: result}
	return d, err
}

// describeComponents gives what is the same for all methods, and what the host
// is told unasked: errors, progress and changes.
func describeComponents() (components, error) {
	c := components{Errors: map[string]documentError{}, Schemas: map[string]*jsonschema.Schema{}}
	for _, e := range call.Codes() {
		c.Errors[e.Name] = documentError{e.Code, e.Means}
	}
	var err error
	if c.Schemas["ErrorData"], err = resultSchema(reflect.TypeFor[call.ErrorData]()); err != nil {
		return c, err
	}
	for _, told := range hostNotifications() {
		if c.Schemas[told.schemaName()], err = resultSchema(told.params); err != nil {
			return c, err
		}
	}
	return c, nil
}
