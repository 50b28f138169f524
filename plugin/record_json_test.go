package plugin_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

// What is deeper than encoding/json takes it would fill the stack.
func TestARecordIsAsDeepAsJSONMayBe(t *testing.T) {
	for depth, taken := range map[int]bool{10_000: true, 10_001: false, 1_000_000: false} {
		lists := depth - 1 // in the object
		text := `{"a":` + strings.Repeat("[", lists) + strings.Repeat("]", lists) + `}`
		var r plugin.Record
		if err := r.UnmarshalJSON([]byte(text)); (err == nil) != taken {
			t.Errorf("UnmarshalJSON of %d levels = %v", depth, err)
		}
	}
}

// FuzzARecordIsJSON holds what reads and writes records to encoding/json.
func FuzzARecordIsJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : [ 1 , -2.5e3 , [ ] , { } ] , "b":null,"c":true,"d":false }`, `{"a":1,"a":{"b":"c\"\u00e9\ud800"}}`, "{\"a\":\"\xff\"}", `[]`, `null`, `{"a":}`, ``, `{"a":1} x`,
		`{"a":[{},{"b":[1,2]}],"":""}`, `"x"`, `{"uid":12345678901234567890,"isDeleted":true}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		wrong := !json.Valid(data) || d.Decode(&want) != nil
		members, isObject := want.(map[string]any)
		var got plugin.Record
		err := got.UnmarshalJSON(data)
		if (err != nil) != (wrong || !isObject) {
			t.Fatalf("UnmarshalJSON(%q) = %v", data, err)
		}
		if err != nil {
			return
		}
		delete(members, "uid")
		delete(members, "isDeleted")
		if diff := cmp.Diff(members, got.Attrs); diff != "" {
			t.Errorf("UnmarshalJSON(%q) mismatch (-encoding/json +got):\n%s", data, diff)
		}
		members["uid"] = got.UID
		if got.Deleted {
			members["isDeleted"] = true
		}
		var encoded bytes.Buffer
		enc := json.NewEncoder(&encoded)
		enc.SetEscapeHTML(false)
		enc.Encode(members)
		if text, err := got.MarshalJSON(); err != nil || string(text)+"\n" != encoded.String() {
			t.Errorf("MarshalJSON() = %s, %v; want %s", text, err, &encoded)
		}
	})
}
