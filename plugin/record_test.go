package plugin_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

func TestRecordIsWrittenAsAPushTakesIt(t *testing.T) {
	for _, c := range []struct {
		record plugin.Record
		want   string
	}{
		{plugin.Record{UID: "a"}, `{"uid":"a"}`},
		{plugin.Record{Type: plugin.User, UID: "a", Attrs: map[string]any{"phone": nil, "email": "a@b", "n": json.Number("1.50")}}, `{"email":"a@b","n":1.50,"phone":null,"uid":"a"}`},
		{plugin.Record{UID: "a", Deleted: true}, `{"isDeleted":true,"uid":"a"}`},
		{plugin.Record{UID: "a", Attrs: map[string]any{"uid": "b", "isDeleted": true}}, `{"uid":"a"}`},
		{plugin.Record{UID: "<a>&b"}, `{"uid":"<a>&b"}`},
	} {
		got, err := c.record.MarshalJSON()
		if err != nil || string(got) != c.want {
			t.Errorf("MarshalJSON(%+v) = %s, %v; want %s", c.record, got, err, c.want)
		}
	}
}

func TestWritingARecordLeavesItAsItIs(t *testing.T) {
	r := plugin.Record{UID: "a", Attrs: map[string]any{"isDeleted": true}}
	if _, err := json.Marshal(r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"isDeleted": true}, r.Attrs); diff != "" {
		t.Errorf("attributes after Marshal mismatch (-want +got):\n%s", diff)
	}
}

func TestRecordIsRead(t *testing.T) {
	for _, c := range []struct {
		text string
		want plugin.Record
	}{
		{`{"uid":"a","email":null}`, plugin.Record{UID: "a", Attrs: map[string]any{"email": nil}}},
		{`{"uid":12345678901234567890.0}`, plugin.Record{UID: "12345678901234567890.0", Attrs: map[string]any{}}},
		{`{"uid":"a","isDeleted":true,"n":1e2}`, plugin.Record{UID: "a", Deleted: true, Attrs: map[string]any{"n": json.Number("1e2")}}},
		{`{"uid":["a"],"isDeleted":"true"}`, plugin.Record{Attrs: map[string]any{}}},
	} {
		got := plugin.Record{Type: plugin.User, UID: "before", Deleted: true}
		if err := json.Unmarshal([]byte(c.text), &got); err != nil {
			t.Errorf("Unmarshal(%s) = %v", c.text, err)
		}
		c.want.Type = plugin.User
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Unmarshal(%s) mismatch (-want +got):\n%s", c.text, diff)
		}
	}
	for _, text := range []string{`[]`, `"a"`, `{`} {
		if json.Unmarshal([]byte(text), new(plugin.Record)) == nil {
			t.Errorf("Unmarshal(%s) = nil, want an error", text)
		}
	}
}

func TestRecordsAreGroupedByTypeInTheirOrder(t *testing.T) {
	records := []plugin.Record{
		{Type: plugin.User, UID: "a", Attrs: map[string]any{}}, {Type: plugin.User, UID: "b"}, {Type: plugin.Department, UID: "c"}, {Type: plugin.User, UID: "d"},
	}
	data := plugin.Group(records)
	if len(data) != 3 || len(data[0].Records) != 2 || data[1].DataType != plugin.Department {
		t.Errorf("Group() = %+v", data)
	}
	for i := range data {
		for j := range data[i].Records {
			data[i].Records[j].Type = "" // as it comes over the wire
		}
	}
	if diff := cmp.Diff(records, plugin.Ungroup(data)); diff != "" {
		t.Errorf("Ungroup(Group()) mismatch (-want +got):\n%s", diff)
	}
	if data := plugin.Group(nil); data == nil || len(data) != 0 {
		t.Errorf("Group(nil) = %v, want an empty list, which is [] on the wire", data)
	}
}
