package rpc

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"golang.org/x/tools/txtar"
)

func TestOpenRPCIsTheSameEveryTime(t *testing.T) {
	first, err := OpenRPC("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if again, err := OpenRPC("1.2.3"); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("OpenRPC() is another document the second time, or failed: %v", err)
		}
	}
}

func TestEveryMethodIsDescribed(t *testing.T) {
	raw, err := OpenRPC("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if got, want := len(doc.Methods), len(methods()); got != want {
		t.Errorf("the document has %d methods, want %d", got, want)
	}
	for _, m := range doc.Methods {
		if !strings.HasSuffix(m.Summary, ".") {
			t.Errorf("%s: the summary %q is no sentence", m.Name, m.Summary)
		}
	}
}

// TestConversationsMatchTheirSchemas holds every request of the golden
// conversations that was answered well, and its answer, to the document.
func TestConversationsMatchTheirSchemas(t *testing.T) {
	table := newTable(methods())
	seen := map[string]bool{}
	for _, pattern := range []string{"testdata/*.txtar", "testdata/*/*.txtar"} {
		for _, file := range conversations(t, pattern) {
			script, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for id, e := range exchanges(script) {
				m, known := table[e.Method]
				if !known || e.Result == nil {
					continue
				}
				seen[m.name] = true
				if e.Params != nil {
					holds(t, file+" "+id+": params", m, paramsSchema, e.Params)
				}
				holds(t, file+" "+id+": result", m, resultSchema, e.Result)
			}
		}
	}
	for _, m := range methods() {
		if !m.notification() && !seen[m.name] && m.name != "rpc.discover" {
			t.Errorf("no golden conversation shows %s answered well", m.name)
		}
	}
}

func holds(t *testing.T, what string, m methodInfo, schemaOf func(reflect.Type) (*jsonschema.Schema, error), value json.RawMessage) {
	t.Helper()
	of := m.result
	if strings.HasSuffix(what, "params") {
		of = m.params
	}
	schema, err := schemaOf(of)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		t.Fatal(err)
	}
	if err := resolved.Validate(v); err != nil {
		t.Errorf("%s of %s do not match the schema: %v", what, m.name, err)
	}
}
