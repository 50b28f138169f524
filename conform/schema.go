package conform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/nocobase-roster/roster/plugin"
)

// A schema is what the kit reads of a JSON Schema of options.
type schema struct {
	Type       any               `json:"type"`
	WriteOnly  bool              `json:"writeOnly"`
	Properties map[string]schema `json:"properties"`
}

// readSchema reads a schema; what is none has no properties.
func readSchema(text json.RawMessage) (s schema) {
	json.Unmarshal(text, &s) //nolint:errcheck // there is a check for it
	return s
}

// compile makes a schema ready. Without one nothing but {} is allowed.
func compile(text json.RawMessage) (*jsonschema.Schema, error) {
	if len(text) == 0 {
		text = json.RawMessage(`{"type":"object"}`)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("no JSON: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nothing{})
	if err := c.AddResource("options.json", doc); err != nil {
		return nil, fmt.Errorf("no JSON Schema: %w", err)
	}
	compiled, err := c.Compile("options.json")
	if err != nil {
		return nil, fmt.Errorf("no JSON Schema: %w", err)
	}
	return compiled, nil
}

// Nothing loads no schemas from elsewhere.
type nothing struct{}

// Load refuses.
func (nothing) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not read: put all of it in the schema", url)
}

// checkSchema says what is wrong with a schema of options.
func checkSchema(text json.RawMessage) error {
	if _, err := compile(text); err != nil {
		return err
	}
	if t := readSchema(text).Type; t != nil && t != "object" {
		return errors.New("options are an object, and the schema is of another type")
	}
	return nil
}

// accepts says whether a type's schema allows the options. One that is none,
// which is another check's business, allows all.
func accepts(t plugin.SourceType, options json.RawMessage) bool {
	compiled, err := compile(t.OptionsSchema)
	if err != nil {
		return true
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(options))
	return err == nil && compiled.Validate(doc) == nil
}

// secretName is what options are called that hold secrets.
var secretName = regexp.MustCompile(`(?i)(secret|password|passwd|token|api_?key|private_?key|credentials?)$`)

// openSecrets gives the paths of text options that are called like secrets and
// not marked.
func openSecrets(text json.RawMessage) []string {
	var found []string
	walkSchema("", readSchema(text), func(path string, s schema) {
		name := path[strings.LastIndex(path, "/")+1:]
		if s.Type == "string" && !s.WriteOnly && secretName.MatchString(name) {
			found = append(found, path)
		}
	})
	return found
}

// walkSchema shows every option, by its path.
func walkSchema(path string, s schema, show func(path string, s schema)) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		show(path+"/"+name, property)
		walkSchema(path+"/"+name, property, show)
	}
}

// secretsOf gives the texts in options that the schema marks.
func secretsOf(s schema, options any) []string {
	members, _ := options.(map[string]any)
	var secrets []string
	for name, value := range members {
		property := s.Properties[name]
		if text, ok := value.(string); ok && property.WriteOnly {
			secrets = append(secrets, text)
		}
		secrets = append(secrets, secretsOf(property, value)...)
	}
	return secrets
}
