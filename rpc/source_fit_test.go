package rpc

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

// What is said to fit without being encoded does fit.
func TestARecordTakesNoMoreThanItMay(t *testing.T) {
	for _, value := range []any{
		nil, true, "", "\x00\x01\u2028\xff", json.Number("-1.5e300"), map[string]any{"\x00": []any{}, "b": map[string]any{}}, []any{nil, false, "x"}, strings.Repeat("\x7f\x00", 50),
	} {
		r := plugin.Record{Type: plugin.User, UID: "\x00", Deleted: true, Attrs: map[string]any{"\x01": value, "c": value}}
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if !allFit([]plugin.Record{r}, upTo(r.UID)+upTo(r.Attrs)+len(r.Type)+2*aroundRecord) || len(encoded) > upTo(r.UID)+upTo(r.Attrs)+aroundRecord {
			t.Errorf("%s takes %d bytes, and was to take up to %d", encoded, len(encoded), upTo(r.UID)+upTo(r.Attrs)+aroundRecord)
		}
	}
	if allFit([]plugin.Record{{Attrs: map[string]any{"a": struct{}{}}}}, 1<<30) {
		t.Error("a value of an unknown type is said to fit")
	}
}
