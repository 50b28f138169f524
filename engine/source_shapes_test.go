package engine

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

// A source type that is registered anew has the schema that it has then.
func TestASchemaIsCompiledOnce(t *testing.T) {
	var s shapes
	of := func(schema string) shape {
		made, err := s.of(plugin.SourceType{Name: "door", OptionsSchema: json.RawMessage(schema)})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first, other := of(`{"required":["number"]}`), of(`{"required":["secret"]}`)
	if of(`{"required":["number"]}`)[0] != first[0] || first[0] == other[0] {
		t.Error("a schema is compiled again, or taken for another")
	}
	for i := range 3 * maxShapes {
		of(fmt.Sprintf(`{"minProperties":%d}`, i))
	}
	if len(s.kept) > maxShapes {
		t.Errorf("%d schemas are kept", len(s.kept))
	}
	if _, err := s.of(plugin.SourceType{OptionsSchema: json.RawMessage(`[]`)}); plugin.KindOf(err) != plugin.Unsupported {
		t.Errorf("of() = %v, want an error of kind unsupported", err)
	}
}
