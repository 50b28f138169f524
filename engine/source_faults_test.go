package engine_test

import (
	"encoding/json"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// Each way in which options can be wrong is said in plain words, at its place,
// and without what was given.
func TestWhatOptionsMustBe(t *testing.T) {
	c := newCompany(t, schematest.Open(t, schematest.SQLite(t)))
	const auth = `{"properties":{"auth":{"oneOf":[
		{"type":"object","required":["kind","user","password"],"properties":{"kind":{"const":"basic"},"user":{"type":"string"},"password":{"type":"string"}}},
		{"type":"object","required":["kind","token"],"properties":{"kind":{"const":"bearer"},"token":{"type":"string"}}}]}}}`
	for _, wrong := range []struct {
		schema, options string
		want            []string
	}{
		{`{"properties":{"a":{"type":["string","null"]}}}`, `{"a":1}`, []string{"/options/a must be null or a text"}},
		{`{"properties":{"a":{"type":"boolean"},"b":{"type":"array"},"c":{"type":"number"}}}`, `{"a":"x","b":"x","c":"x"}`, []string{"/options/a must be true or false", "/options/b must be a list", "/options/c must be a number"}},
		{`{"properties":{"a":{"items":{"type":"integer"}}}}`, `{"a":[1,"hunter2",2.5]}`, []string{"/options/a/1 must be a whole number", "/options/a/2 must be a whole number"}},
		{`{"properties":{"a~b/c":{"const":"x"}}}`, `{"a~b/c":"hunter2"}`, []string{`/options/a~0b~1c must be "x"`}},
		{`{"properties":{"a":{"minLength":1},"b":{"maxLength":3},"c":{"pattern":"^ww"}}}`, `{"a":"","b":"hunter2","c":"hunter2"}`, []string{"/options/a must not be empty", "/options/b must have 3 or fewer characters", "/options/c must match the pattern ^ww"}},
		{`{"properties":{"a":{"exclusiveMinimum":0},"b":{"maximum":2.5},"c":{"multipleOf":10},"d":{"exclusiveMaximum":9}}}`, `{"a":0,"b":3,"c":5,"d":9}`, []string{"/options/a must be more than 0", "/options/b must be 2.5 or less", "/options/c must be a multiple of 10", "/options/d must be less than 9"}},
		{`{"properties":{"a":{"minItems":1},"b":{"maxItems":1},"c":{"uniqueItems":true}}}`, `{"a":[],"b":[1,2],"c":["x","y","x"]}`, []string{"/options/a must have 1 or more elements", "/options/b must have 1 or fewer elements", "/options/c has the same at 0 and 2"}},
		{`{"properties":{"a":{"format":"email"},"b":{"format":"date-time"},"c":{"format":"uri"},"d":{"format":"json-pointer"}}}`, `{"a":"x","b":"x","c":"x y","d":"x"}`, []string{
			"/options/a must be an e-mail address", "/options/b must be a time such as 2026-11-21T09:00:00Z", "/options/c must be an address such as https://example.com", "/options/d must be of the format json-pointer",
		}},
		{`{"dependentRequired":{"user":["password"]}}`, `{"user":"x"}`, []string{"/options/password is missing, since there is user"}},
		{`{"propertyNames":{"maxLength":3}}`, `{"abcd":1}`, []string{"/options/abcd has a name that is not allowed"}},
		{`{"properties":{"a":false,"b":{"not":{"const":1}}}}`, `{"a":1,"b":1}`, []string{"/options/a must be left out", "/options/b is not as the schema of the source type wants it"}},
		{`{"allOf":[{"required":["a"]},{"$ref":"#/$defs/b"}],"$defs":{"b":{"required":["b"]}}}`, `{}`, []string{"/options/a is missing", "/options/b is missing"}},
		{auth, `{"auth":{"kind":"bearer"}}`, []string{"/options/auth/token is missing"}},
		{auth, `{"auth":{"kind":"basic","user":7,"password":"hunter2"}}`, []string{"/options/auth/user must be a text"}},
		{auth, `{"auth":"hunter2"}`, []string{"/options/auth must be an object"}},
		{`{"properties":{"a":{"oneOf":[{"type":"integer"},{"minimum":0}]}}}`, `{"a":1}`, []string{"/options/a fits more than one of the forms that it may have"}},
		{`{"if":{"properties":{"mode":{"const":"x"}}},"then":{"required":["y"]}}`, `{"mode":"x"}`, []string{"/options/y is missing"}},
		{``, `{"anything":1}`, nil},
		{`{"additionalProperties":false}`, `{"sync":{"ignoreCase":true}}`, nil},
	} {
		r := &plugin.Registry{}
		if err := r.AddDriver(plugin.Driver{Type: plugin.SourceType{Name: "any", OptionsSchema: json.RawMessage(wrong.schema)}}); err != nil {
			t.Fatal(err)
		}
		c.engine.SetAdapters(r)
		faults, err := c.engine.ValidateSource(t.Context(), "", draft("a", "any", wrong.options))
		if err != nil {
			t.Errorf("ValidateSource(%s) = %v", wrong.schema, err)
		}
		lines := []string{}
		for _, f := range faults {
			lines = append(lines, f.Path+" "+f.Message)
		}
		c.same(wrong.schema, lines, wrong.want...)
	}
}

// A schema reaches nothing outside of itself; one that cannot be used is the
// adapter's fault, and hides all options.
func TestASchemaThatCannotBeUsed(t *testing.T) {
	for _, schema := range []string{`{"$ref":"file:///etc/passwd"}`, `{"$ref":"https://example.com/schema"}`, `{"type":7}`, `{"$schema":"http://json-schema.org/draft-07/schema#"}`} {
		c := newCompany(t, schematest.Open(t, schematest.SQLite(t)))
		r := &plugin.Registry{}
		if err := r.AddDriver(plugin.Driver{Type: plugin.SourceType{Name: "any", OptionsSchema: json.RawMessage(schema)}}); err != nil {
			t.Fatal(err)
		}
		c.engine.SetAdapters(r)
		c.make("userDataSyncSources", `name, [sourceType], enabled, options`, `'a', 'any', true, '{"token":"hunter2"}'`)
		if _, err := c.engine.UpdateSource(t.Context(), "a", draft("", "", `{}`)); plugin.KindOf(err) != plugin.Unsupported {
			t.Errorf("UpdateSource() with the schema %s = %v", schema, err)
		}
		if s, err := c.engine.Source(t.Context(), "a"); err != nil || string(s.Options) != `{"token":null}` {
			t.Errorf("Source() = %s, %v", s.Options, err)
		}
		c.change("a", engine.SourceDraft{Enabled: ptr(false)})
	}
}
