package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/nocobase-roster/roster/plugin"
)

// A shape is the schemas that speak of one value among a source's options.
type shape []*jsonschema.Schema

// undescribed is the schema of source types that nobody has registered: what is
// secret there is not known, so everything is but what all sources have in common.
const undescribed = `{"properties":{"sync":true},"additionalProperties":{"writeOnly":true}}`

// shapeOf gives the shape of the options of a source type. A schema that cannot
// be used is a mistake of the adapter's.
func shapeOf(t plugin.SourceType) (shape, error) {
	raw := t.OptionsSchema
	if len(raw) == 0 {
		raw = json.RawMessage(`{}`)
	}
	s, err := compile(raw)
	if err != nil {
		return nil, &plugin.Error{
			Kind: plugin.Unsupported, Msg: "the optionsSchema of source type " + t.Name + " cannot be used", Err: err,
			Hint: "tell whoever made the adapter: it is a JSON Schema of draft 2020-12 that refers to nothing outside of itself",
		}
	}
	return shape{s}, nil
}

func compile(raw json.RawMessage) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	const name = "mem:///options"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(jsonschema.SchemeURLLoader{}) // no files, no network
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	s, err := c.Compile(name)
	if err == nil && s.DraftVersion != 2020 {
		err = errors.New("it is of another draft")
	}
	return s, err
}

// shape gives what is known of the options of a source type, be it registered or not.
func (e *Engine) shape(sourceType string) shape {
	if d, err := e.adapters.Driver(sourceType); err == nil {
		if s, err := e.shapes.of(d.Type); err == nil {
			return s
		}
	}
	s, err := compile(json.RawMessage(undescribed))
	if err != nil {
		panic(err) // a mistake in our own source
	}
	return shape{s}
}

// all are the schemas with those that they refer to, or are put together from.
func (s shape) all() shape {
	all := slices.Clone(s)
	for i := 0; i < len(all); i++ {
		one := all[i]
		parts := slices.Concat(one.AllOf, one.AnyOf, one.OneOf, []*jsonschema.Schema{one.Ref, one.If, one.Then, one.Else})
		if one.DynamicRef != nil {
			parts = append(parts, one.DynamicRef.Ref)
		}
		for _, dependent := range one.DependentSchemas {
			parts = append(parts, dependent)
		}
		for _, part := range parts {
			if part != nil && !slices.Contains(all, part) {
				all = append(all, part)
			}
		}
	}
	return all
}

// member is the shape of a member of an object.
func (s shape) member(name string) shape {
	var of shape
	for _, one := range s.all() {
		if named, ok := one.Properties[name]; ok {
			of = append(of, named)
			continue
		}
		before := len(of)
		for pattern, matched := range one.PatternProperties {
			if pattern.MatchString(name) {
				of = append(of, matched)
			}
		}
		if other, ok := one.AdditionalProperties.(*jsonschema.Schema); ok && len(of) == before {
			of = append(of, other)
		}
		if one.UnevaluatedProperties != nil {
			of = append(of, one.UnevaluatedProperties)
		}
	}
	return of
}

// element is the shape of an element of a list.
func (s shape) element(i int) shape {
	var of shape
	for _, one := range s.all() {
		switch {
		case i < len(one.PrefixItems):
			of = append(of, one.PrefixItems[i])
		case one.Items2020 != nil:
			of = append(of, one.Items2020)
		case one.UnevaluatedItems != nil:
			of = append(of, one.UnevaluatedItems)
		}
	}
	return of
}

// secret says whether the value is one.
func (s shape) secret() bool {
	return slices.ContainsFunc(s.all(), func(one *jsonschema.Schema) bool { return one.WriteOnly })
}
