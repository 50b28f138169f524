package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// The engine takes what the schema allows, refuses what it does not, and every
// option is described.
func TestOptionsSchemaIsTrue(t *testing.T) {
	s, err := optionsSchema()
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	eachOption("", s.Properties["sync"], func(at string, s *jsonschema.Schema) {
		described[at] = true
		if s.Description == "" {
			t.Errorf("%s is not described", at)
		}
		if s.Enum == nil {
			return
		}
		for _, value := range s.Enum {
			if err := wrongAt(at, value); err != nil && !strings.HasPrefix(err.Path, "/sync/removal/disable") {
				t.Errorf("%s: %v is in the schema and refused: %v", at, value, err)
			}
		}
		switch err := wrongAt(at, "made up"); {
		case err == nil:
			t.Errorf("%s: a made up value is taken, though the schema lists %v", at, s.Enum)
		case err.Path != "/sync"+at:
			t.Errorf("%s: a made up value is refused with the path %s", at, err.Path)
		case err.Hint != "it is one of "+listed(s.Enum):
			t.Errorf("%s: the schema lists %v, the engine says %q", at, s.Enum, err.Hint)
		}
	})
	for at := range optionTexts() {
		if path := strings.ReplaceAll(at, "*", "usersRemoved"); !described[path] {
			t.Errorf("%s has a text and is no option", at)
		}
	}
}

// listed lists values as a hint does.
func listed(values []any) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, ", ")
}

// eachOption calls f for every option below s, with its JSON pointer.
func eachOption(at string, s *jsonschema.Schema, f func(string, *jsonschema.Schema)) {
	for name, inner := range s.Properties {
		f(at+"/"+name, inner)
		eachOption(at+"/"+name, inner, f)
	}
}

// wrongAt gives the engine an option at a JSON pointer, and its complaint.
func wrongAt(at string, value any) *plugin.Error {
	raw, _ := json.Marshal(value)
	names := strings.Split(at, "/")[1:]
	for i := len(names) - 1; i >= 0; i-- {
		raw = fmt.Appendf(nil, "{%q:%s}", names[i], raw)
	}
	_, err := engine.ParseOptions(raw)
	e, _ := errors.AsType[*plugin.Error](err)
	return e
}

// The schema says what holds when nothing is said.
func TestOptionsSchemaHasTheDefaults(t *testing.T) {
	s, err := optionsSchema()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	eachOption("", s.Properties["sync"], func(at string, s *jsonschema.Schema) {
		if s.Default != nil {
			got[at] = string(s.Default)
		}
	})
	for at, want := range map[string]string{
		"/conflict": `"link"`, "/removal/children": `"reparent"`, "/guards/usersRemoved/percent": "10", "/guards/usersChanged": "null",
	} {
		if got[at] != want {
			t.Errorf("the default of %s is %q, want %s", at, got[at], want)
		}
	}
}
