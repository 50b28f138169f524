package rpc

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// options are those of a source, as its row keeps them. Only the member sync is
// read here; the others are its adapter's, and may be secret.
type options json.RawMessage

func (options) wanted() string { return "an object" }

// UnmarshalJSON keeps data itself, which stays as it is.
func (o *options) UnmarshalJSON(data []byte) error {
	if rawjson.Kind(data) != '{' {
		return errors.New("no object")
	}
	*o = data
	return nil
}

// parse reads how the source is synchronized; nil when nobody said anything.
func (o options) parse() (*engine.Options, error) {
	if o == nil {
		return nil, nil
	}
	var sync json.RawMessage
	for name, value := range rawjson.Members(o) {
		if name == "sync" {
			sync = value
		}
	}
	parsed, err := engine.ParseOptions(sync)
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		wrong := *e
		wrong.Path = "/options" + e.Path
		return nil, &wrong
	}
	return &parsed, err
}

// optionsSchema is the JSON Schema of options. Its members are those of
// engine.Options, its defaults engine.DefaultOptions'; what the members mean
// and which values they take is said by optionTexts.
func optionsSchema() (*jsonschema.Schema, error) {
	sync, err := jsonschema.ForType(reflect.TypeFor[engine.Options](), nil)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(engine.DefaultOptions())
	if err != nil {
		return nil, err
	}
	if err := mendOptions("", sync, raw); err != nil {
		return nil, err
	}
	sync.Description = "how the source is synchronized: the same for every type of source"
	return &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"sync": sync}}, nil
}

// mendOptions gives the schema at a JSON pointer, and all below it, its text,
// values and default. Every option may be left out, and a guard may be null.
func mendOptions(at string, s *jsonschema.Schema, value json.RawMessage) error {
	s.Required = nil
	if len(s.Types) == 2 {
		s.Types = []string{"object", "null"} // in this order it stays: see notNull
	}
	text := optionTexts()[at]
	s.Description, s.Enum = text.about, text.values
	if len(s.Properties) == 0 || rawjson.Kind(value) == 'n' {
		s.Default = value
	}
	defaults := map[string]json.RawMessage{}
	if rawjson.Kind(value) == '{' {
		if err := json.Unmarshal(value, &defaults); err != nil {
			return err
		}
	}
	for name, inner := range s.Properties {
		if strings.HasPrefix(at, "/guards/") {
			mendLimit(name, inner, defaults[name])
		} else if err := mendOptions(at+"/"+name, inner, defaults[name]); err != nil {
			return err
		}
	}
	return nil
}

// mendLimit does the same for a member of a guard; all guards are alike.
func mendLimit(name string, s *jsonschema.Schema, value json.RawMessage) {
	s.Description, s.Default = optionTexts()["/guards/*/"+name].about, value
	s.Minimum = jsonschema.Ptr(0.0)
	if name == "percent" {
		s.Maximum = jsonschema.Ptr(100.0)
	}
}

// An optionText says what an option means, and its values where they are few.
type optionText struct {
	about  string
	values []any
}

// optionTexts are the texts of all options, by their JSON pointers from
// options.sync on. A test holds the values to those engine.ParseOptions takes.
func optionTexts() map[string]optionText {
	gone := []any{engine.Keep, engine.Unlink, engine.Disabling, engine.Delete}
	return map[string]optionText{
		"/removal":                   {about: "what becomes of a row when its record is gone; only the last source that claims a row removes it"},
		"/removal/user":              {"keep it as it is, unlink it (the source's claims end), disable it, or delete it; left out, isDeleted deletes and absence keeps", gone},
		"/removal/department":        {"the same for departments", gone},
		"/removal/children":          {"of a deleted department: they go to the nearest department that stays, or are removed with it", []any{"reparent", "remove"}},
		"/removal/disable":           {about: "how a row is disabled"},
		"/removal/disable/field":     {about: "the field that tells that a row is disabled"},
		"/removal/disable/value":     {about: "its value then"},
		"/conflict":                  {"when a match finds a row that another source is linked to: link it too, skip the record, or fail it", []any{"link", "skip", "fail"}},
		"/memberships":               {"own: only what the source claimed ends with its claim; adopt: also what was there before; all: the source's statement is the whole truth", []any{"own", "adopt", "all"}},
		"/drift":                     {"what was edited by hand is set right, or kept until the record says something new", []any{"repair", "keep"}},
		"/matchKey":                  {"finds the user of a record that is linked to none, where a push does not name another: by this column, or nobody", []any{"username", "email", "phone"}},
		"/departmentMatch":           {about: "finds the department of a record that is linked to none: a column's name, path (of titles), or nothing"},
		"/ignoreCase":                {about: "matching takes no heed of case"},
		"/guards":                    {about: "stop a run before its first write when it would do more than is likely to be meant; null turns a guard off"},
		"/guards/usersRemoved":       {about: "deleted or disabled"},
		"/guards/membershipsRemoved": {about: "ended"},
		"/guards/departmentsRemoved": {about: "deleted, disabled, or moved to the top"},
		"/guards/usersChanged":       {about: "created or updated"},
		"/guards/*/count":            {about: "more than so many; 0 is no limit"},
		"/guards/*/percent":          {about: "over so many percent of what the source has, and at least least; 0 is no limit"},
		"/guards/*/least":            {about: "fewer than so many are never too many percent"},
		"/guards/*/among":            {about: "where the source has fewer than so many, none are too many percent"},
	}
}
