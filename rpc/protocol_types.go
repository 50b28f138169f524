package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
)

// A wireType is a type of the wire that has a name: an object with members, or
// what another notation says.
type wireType struct {
	name, about string
	members     []wireMember
	notation    string // in TypeScript, of what is no object
}

// A wireMember is a member of an object of the wire.
type wireMember struct {
	name, about string
	notation    string // of its type, in TypeScript
	optional    bool
}

// A vocabulary collects the named types of the wire, in the order in which they
// are met.
type vocabulary struct {
	types []wireType
	known map[reflect.Type]string // their notation
	texts map[string]string
}

func newVocabulary() (*vocabulary, error) {
	v := &vocabulary{known: map[reflect.Type]string{}, texts: wireTexts()}
	for t, notation := range map[reflect.Type]string{
		reflect.TypeFor[json.RawMessage](): "unknown",
		reflect.TypeFor[records]():         "PushedRecord[]",
		reflect.TypeFor[token]():           "string | number",
		reflect.TypeFor[jsonrpc2.ID]():     "string | number",
		reflect.TypeFor[plugin.Secret]():   "string",
		reflect.TypeFor[time.Time]():       "string",
		reflect.TypeFor[null]():            "null",
	} {
		v.known[t] = notation
	}
	ofOptions, err := optionsSchema()
	if err != nil {
		return nil, err
	}
	v.name(reflect.TypeFor[plugin.Type](), "DataType", `"department" | "user" | (string & {})`)
	v.name(reflect.TypeFor[plugin.Kind](), "ErrorKind", union(kinds()))
	v.name(reflect.TypeFor[engine.State](), "State", union(states()))
	v.name(reflect.TypeFor[plugin.Op](), "Op", union([]plugin.Op{plugin.Create, plugin.Update, plugin.Delete}))
	v.name(reflect.TypeFor[plugin.Record](), "PushedRecord", notationOf(recordSchema(), ""))
	v.name(reflect.TypeFor[options](), "SourceOptions", notationOf(ofOptions, ""))
	return v, nil
}

// name gives a type a name and a notation of its own.
func (v *vocabulary) name(t reflect.Type, name, notation string) {
	v.known[t] = name
	v.types = append(v.types, wireType{name: name, about: v.texts[name], notation: notation})
}

// notation gives the notation of a type, and takes in the named ones on the way.
func (v *vocabulary) notation(t reflect.Type) (string, error) {
	if known, ok := v.known[t]; ok {
		return known, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return v.notation(t.Elem())
	case reflect.Slice:
		of, err := v.notation(t.Elem())
		if strings.Contains(of, " ") {
			of = "(" + of + ")"
		}
		return of + "[]", err
	case reflect.Map:
		of, err := v.notation(t.Elem())
		return "Record<string, " + of + ">", err
	case reflect.Struct:
		return v.object(t)
	case reflect.String:
		return "string", nil
	case reflect.Bool:
		return "boolean", nil
	case reflect.Interface:
		return "unknown", nil
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number", nil
	}
	return "", fmt.Errorf("%s has no notation on the wire", t)
}

// object takes in a struct.
func (v *vocabulary) object(t reflect.Type) (string, error) {
	fields := members(t)
	if len(fields) == 0 {
		return "Record<string, never>", nil
	}
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	v.known[t] = name
	at := len(v.types)
	v.types = append(v.types, wireType{name: name, about: v.texts[name]})
	var all []wireMember
	for _, f := range fields {
		notation, err := v.notation(f.Type)
		if err != nil {
			return "", fmt.Errorf("%s of %s: %w", f.Name, t, err)
		}
		m := wireMember{about: f.Tag.Get("jsonschema"), notation: notation}
		m.name, m.optional = jsonName(f)
		if m.about == "" {
			m.about = v.texts[name+"."+m.name]
		}
		all = append(all, m)
	}
	v.types[at].members = all
	return name, v.unite(at)
}

// unite makes one of two types that have a name and all members in common.
func (v *vocabulary) unite(at int) error {
	t := v.types[at]
	same := slices.IndexFunc(v.types, func(other wireType) bool { return other.name == t.name })
	if same == at {
		return nil
	}
	if !slices.Equal(v.types[same].members, t.members) {
		return fmt.Errorf("two types of the wire are called %s", t.name)
	}
	v.types = slices.Delete(v.types, at, at+1)
	return nil
}

// kinds are those of errors, each once.
func kinds() []plugin.Kind {
	var all []plugin.Kind
	for _, e := range call.Codes() {
		if e.Kind != "" {
			all = append(all, e.Kind)
		}
	}
	return all
}

func states() []engine.State {
	return []engine.State{
		engine.Queued, engine.Reading, engine.Planning, engine.Held, engine.Applying,
		engine.Success, engine.Partial, engine.Failed, engine.Canceled, engine.Interrupted,
	}
}

// union is the notation of one of these texts.
func union[S ~string](values []S) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = fmt.Sprintf("%q", string(value))
	}
	return strings.Join(quoted, " | ")
}

// notationOf gives the notation of a schema, its inner lines indented.
func notationOf(s *jsonschema.Schema, indent string) string {
	switch {
	case len(s.Enum) > 0:
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = fmt.Sprint(value)
		}
		return union(values)
	case len(s.Types) > 0:
		alternatives := make([]string, len(s.Types))
		for i, t := range s.Types {
			one := *s
			one.Types, one.Type = nil, t
			alternatives[i] = notationOf(&one, indent)
		}
		return strings.Join(alternatives, " | ")
	case s.Type == "object" && len(s.Properties) > 0:
		return objectNotation(s, indent)
	case s.Type == "integer":
		return "number"
	case s.Type == "":
		return "unknown"
	}
	return s.Type
}

func objectNotation(s *jsonschema.Schema, indent string) string {
	var b strings.Builder
	b.WriteString("{\n")
	for _, name := range propertyNames(s) {
		property := s.Properties[name]
		about := property.Description
		if property.Default != nil {
			about += " (default: " + string(property.Default) + ")"
		}
		m := wireMember{name, about, notationOf(property, indent+"  "), !slices.Contains(s.Required, name)}
		m.write(&b, indent+"  ")
	}
	if s.AdditionalProperties == nil && s.Required != nil { // a record
		b.WriteString(indent + "  [attribute: string]: unknown;\n")
	}
	b.WriteString(indent + "}")
	return b.String()
}

// propertyNames gives the properties of a schema in their order.
func propertyNames(s *jsonschema.Schema) []string {
	if len(s.PropertyOrder) == len(s.Properties) {
		return s.PropertyOrder
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// write writes the member as TypeScript declares it.
func (m wireMember) write(b *strings.Builder, indent string) {
	if m.about != "" {
		fmt.Fprintf(b, "%s/** %s */\n", indent, strings.ReplaceAll(m.about, "*/", "* /"))
	}
	mark := ""
	if m.optional {
		mark = "?"
	}
	fmt.Fprintf(b, "%s%s%s: %s;\n", indent, m.name, mark, m.notation)
}
