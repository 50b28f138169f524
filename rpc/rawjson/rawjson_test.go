package rawjson_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/rpc/rawjson"
)

func TestMembers(t *testing.T) {
	type member struct{ Name, Value string }
	for _, c := range []struct {
		name, raw string
		want      []member
	}{
		{"empty", ` { } `, nil},
		{"no object", `[1]`, nil},
		{"nothing", ``, nil},
		{"blanks", "\n{ \"a\" :\t1 ,\r\n\"b\": [ 1 , 2 ] }", []member{{"a", "1"}, {"b", "[ 1 , 2 ]"}}},
		{"brackets in strings", `{"a":"}]\"{","b":{"c":"\\"},"d":null}`, []member{{"a", `"}]\"{"`}, {"b", `{"c":"\\"}`}, {"d", "null"}}},
		{"escaped name", `{"\u0061\n":true}`, []member{{"a\n", "true"}}},
		{"the same twice", `{"a":1,"a":2}`, []member{{"a", "1"}, {"a", "2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []member
			for name, value := range rawjson.Members([]byte(c.raw)) {
				got = append(got, member{name, string(value)})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Members(%s) mismatch (-want +got):\n%s", c.raw, diff)
			}
		})
	}
}

func TestElements(t *testing.T) {
	for raw, want := range map[string][]string{
		`[]`:                         nil,
		`{"a":1}`:                    nil,
		` [ 1 , "a,]" , {} , [[]] ]`: {"1", `"a,]"`, "{}", "[[]]"},
	} {
		var got []string
		for e := range rawjson.Elements([]byte(raw)) {
			got = append(got, string(e))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Elements(%s) mismatch (-want +got):\n%s", raw, diff)
		}
	}
}

func ExampleElements() {
	for record := range rawjson.Elements([]byte(`[{"uid":"1"}, {"uid":"2"}]`)) {
		fmt.Println(string(record))
	}
	// Output:
	// {"uid":"1"}
	// {"uid":"2"}
}

// FuzzWalk holds the walk to what encoding/json reads of the same bytes, and
// bytes that are no JSON to no panic and an end.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\""}]}`, `[1,"\\",[]]`, `{"`, `{"a":`, `["\`, `{"a"1}`, "[\xff", `3`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		names, elements := []string{}, []json.RawMessage{}
		for name := range rawjson.Members(raw) {
			names = append(names, name)
		}
		for e := range rawjson.Elements(raw) {
			elements = append(elements, e)
		}
		if !json.Valid(raw) {
			return
		}
		var want []json.RawMessage
		if rawjson.Kind(raw) == '[' && json.Unmarshal(raw, &want) == nil && !slices.EqualFunc(want, elements, same) {
			t.Errorf("Elements(%q) = %q, want %q", raw, elements, want)
		}
		var object map[string]json.RawMessage
		if rawjson.Kind(raw) == '{' && json.Unmarshal(raw, &object) == nil && len(names) < len(object) {
			t.Errorf("Members(%q) = %q, want the keys of %q", raw, names, object)
		}
	})
}

func same(a, b json.RawMessage) bool { return string(a) == string(b) }

func BenchmarkElements(b *testing.B) {
	raw := []byte(`[{"uid":"1","nickname":"张三","departments":["a","b"]}`)
	for range 1000 {
		raw = append(raw, `,{"uid":"1","nickname":"张三","email":"zhang@example.com","departments":["a","b"]}`...)
	}
	raw = append(raw, ']')
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		for range rawjson.Elements(raw) {
		}
	}
}
