package httpapi_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/httpapi"
)

// What encoding/json takes for a list of objects is read as that list; whatever
// else comes is an error with a kind, and never less than all there is.
func FuzzWalk(f *testing.F) {
	for _, text := range []string{`[{"id":1},{"id":2}]`, `[]`, `[{"id":1}`, `{"data":[{}]}`, `[1]`, `null`, `[{}]x`, `[[{}]]`, `[null]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want []map[string]any
		valid := json.Unmarshal([]byte(text), &want) == nil
		rows := 0
		err := httpapi.Walk(strings.NewReader(text), "", func(map[string]any) error { rows++; return nil })
		var e *plugin.Error
		switch {
		case (err == nil) != valid:
			t.Errorf("Walk(%q) = %v; encoding/json takes it: %t", text, err, valid)
		case err == nil && rows != len(want):
			t.Errorf("Walk(%q) found %d records, want %d", text, rows, len(want))
		case err != nil && !errors.As(err, &e):
			t.Errorf("Walk(%q) = %v, want a *plugin.Error", text, err)
		}
	})
}
