package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

// A host at the other end of a connection, as its answers.
type host func(method string, params json.RawMessage) (any, error)

func (h host) Call(_ context.Context, method string, params, result any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	answer, err := h(method, raw)
	if err != nil {
		return err
	}
	if raw, err = json.Marshal(answer); err != nil {
		return err
	}
	return json.Unmarshal(raw, result)
}

func changesOf(n int) []plugin.Change {
	changes := make([]plugin.Change, n)
	for i := range changes {
		changes[i] = plugin.Change{Key: fmt.Sprint("k", i), Op: plugin.Create, Record: plugin.Record{Type: plugin.User, UID: fmt.Sprint(i)}}
	}
	return changes
}

// outcomes lists outcomes: "key rows error".
func outcomes(list []plugin.Outcome) []string {
	var lines []string
	for _, o := range list {
		lines = append(lines, fmt.Sprint(o.Key, o.Rows, o.Err != nil))
	}
	return lines
}

// A batch that the other end would not read goes in halves, and a change that
// it would not read fails alone.
func TestABatchIsSplitUntilItIsRead(t *testing.T) {
	var sizes []int
	p := plugin.Peer{Caller: host(func(_ string, params json.RawMessage) (any, error) {
		var sent plugin.ApplyParams
		if err := json.Unmarshal(params, &sent); err != nil {
			return nil, err
		}
		sizes = append(sizes, len(sent.Changes))
		if n := len(sent.Changes); n > 2 || sent.Changes[n-1].Key == "k4" {
			return nil, &plugin.Error{Kind: plugin.Data, Err: plugin.ErrTooLarge}
		}
		var result plugin.ApplyResult
		for _, c := range sent.Changes {
			result.Outcomes = append(result.Outcomes, plugin.WireOutcome{Key: c.Key, ResourcePks: []string{"r"}})
		}
		return result, nil
	})}
	got, err := p.Target("crm", true, false).Apply(t.Context(), changesOf(5))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"k0[r] false", "k1[r] false", "k2[r] false", "k3[r] false", "k4[] true"}
	if diff := cmp.Diff(want, outcomes(got)); diff != "" {
		t.Errorf("Apply() mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{5, 2, 3, 1, 2, 1, 1}, sizes); diff != "" {
		t.Errorf("sizes of calls mismatch (-want +got):\n%s", diff)
	}
}

// Where no answer came the change may have been made: it has no outcome.
func TestPerRecordEndsWhereNoAnswerCame(t *testing.T) {
	lost := &plugin.Error{Kind: plugin.Transient, Err: plugin.ErrNoAnswer}
	write := func(_ context.Context, c plugin.Change) ([]plugin.Written, error) {
		switch c.Key {
		case "k1":
			return nil, &plugin.Error{Kind: plugin.Transient, Msg: "no seat is left"}
		case "k2":
			return nil, lost
		}
		return []plugin.Written{{Row: "r"}}, nil
	}
	got, err := plugin.PerRecord(write, write).Apply(t.Context(), changesOf(5))
	if !errors.Is(err, plugin.ErrNoAnswer) {
		t.Errorf("Apply() = %v, want the error of the change that had no answer", err)
	}
	if diff := cmp.Diff([]string{"k0[r] false", "k1[] true"}, outcomes(got)); diff != "" {
		t.Errorf("Apply() mismatch (-want +got):\n%s", diff)
	}
}

// A kind that is none is a mistake, whatever it is called.
func TestAnUnknownKindIsInternal(t *testing.T) {
	p := plugin.Peer{Caller: host(func(string, json.RawMessage) (any, error) {
		return plugin.ApplyResult{Outcomes: []plugin.WireOutcome{{Key: "k0", Error: &plugin.WireError{Kind: "bad-mood", Message: "no"}}}}, nil
	})}
	got, err := p.Target("crm", true, false).Apply(t.Context(), changesOf(1))
	if err != nil || len(got) != 1 || plugin.KindOf(got[0].Err) != plugin.Internal {
		t.Errorf("Apply() = %v, %v; want one outcome of kind internal", got, err)
	}
}

// What came over the wire is what was put on it.
func TestAChangeTravels(t *testing.T) {
	want := plugin.Change{
		Key: "k", Op: plugin.Delete, ID: "7", Source: "hr", MatchKey: "email", Rows: []string{"r"},
		Record: plugin.Record{Type: plugin.User, UID: "u", Deleted: true, Attrs: map[string]any{"nickname": "Ann"}},
		Links:  []plugin.Link{{Resource: "crm", ResourcePk: "r"}},
	}
	p := plugin.Peer{Caller: host(func(_ string, params json.RawMessage) (any, error) {
		var sent plugin.ApplyParams
		if err := json.Unmarshal(params, &sent); err != nil {
			return nil, err
		}
		if diff := cmp.Diff(want, sent.Changes[0].Change()); diff != "" {
			t.Errorf("change mismatch (-want +got):\n%s", diff)
		}
		return plugin.NewApplyResult([]plugin.Outcome{{Key: "k"}}), nil
	})}
	if _, err := p.Target("crm", true, false).Apply(t.Context(), []plugin.Change{want}); err != nil {
		t.Error(err)
	}
}

func TestWrittenSaysWhatBecameOfRows(t *testing.T) {
	want := []plugin.Written{{Row: "b"}, {Row: "c"}, {Row: "a", Deleted: true}}
	if diff := cmp.Diff(want, plugin.NewWritten([]string{"a", "b"}, []string{"b", "c"})); diff != "" {
		t.Errorf("NewWritten() mismatch (-want +got):\n%s", diff)
	}
}
