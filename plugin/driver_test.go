package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

type corpOptions struct {
	CorpID string        `json:"corpId"`
	Secret plugin.Secret `json:"secret"`
}

func TestOptionsArriveAsAStruct(t *testing.T) {
	var got corpOptions
	d := plugin.NewDriver(plugin.SourceType{Name: "corp"}, func(_ context.Context, o corpOptions, log *zap.Logger) (plugin.Source, error) {
		if got = o; log == nil {
			t.Error("there is no logger")
		}
		return nil, nil
	})
	for text, want := range map[string]corpOptions{
		`{"corpId":"c","secret":"hunter2","sync":{"drift":"keep"}}`: {"c", "hunter2"},
		`{}`: {}, ``: {}, `null`: {},
	} {
		got = corpOptions{}
		if _, err := d.Open(t.Context(), plugin.Setup{Options: json.RawMessage(text), Log: zap.NewNop()}); err != nil || got != want {
			t.Errorf("Open(%s) = %v, with %+v", text, err, got)
		}
	}
}

func TestOptionsThatCannotBeReadAreNotRepeated(t *testing.T) {
	d := plugin.NewDriver(plugin.SourceType{Name: "corp"}, func(context.Context, corpOptions, *zap.Logger) (plugin.Source, error) {
		t.Error("it was opened")
		return nil, nil
	})
	for _, text := range []string{`{"secret":["hunter2"]}`, `{"corpId":"hunter2`, `"hunter2"`} {
		_, err := d.Open(t.Context(), plugin.Setup{Name: "acme", Options: json.RawMessage(text)})
		if plugin.KindOf(err) != plugin.Config || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "acme") {
			t.Errorf("Open(%s) = %v, want an error of kind config that names the source and no value", text, err)
		}
	}
}

func TestPerRecordCallsWhatNocoBaseWould(t *testing.T) {
	var calls []string
	note := func(what string, written ...plugin.Written) func(context.Context, plugin.Change) ([]plugin.Written, error) {
		return func(_ context.Context, c plugin.Change) ([]plugin.Written, error) {
			call := what + " " + c.Record.UID
			if c.Record.Deleted {
				call += " (gone)"
			}
			calls = append(calls, call)
			if c.Record.UID == "bad" {
				return nil, errors.New("refused")
			}
			return written, nil
		}
	}
	target := plugin.PerRecord(note("create", plugin.Written{Row: "9"}), note("update", plugin.Written{Row: "2", Deleted: true}, plugin.Written{Row: "1"}))
	record := func(uid string) plugin.Record { return plugin.Record{Type: plugin.User, UID: uid} }
	outcomes, err := target.Apply(t.Context(), []plugin.Change{
		{Key: "1", Op: plugin.Create, Record: record("a")},
		{Key: "2", Op: plugin.Update, Record: record("b"), Rows: []string{"1", "2"}},
		{Key: "3", Op: plugin.Create, Record: record("bad")},
		{Key: "4", Op: plugin.Delete, Record: record("c"), Rows: []string{"2"}},
		{Key: "5", Op: plugin.Delete, Record: record("d")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create a", "update b", "create bad", "update c (gone)"}, calls); diff != "" {
		t.Errorf("calls mismatch (-want +got):\n%s", diff)
	}
	var got [][]string
	for _, o := range outcomes {
		got = append(got, o.Rows)
	}
	if diff := cmp.Diff([][]string{{"9"}, {"1"}, nil, {"1"}, nil}, got); diff != "" || outcomes[2].Err == nil {
		t.Errorf("outcomes %+v, rows mismatch (-want +got):\n%s", outcomes, diff)
	}
}

func TestPerRecordIsCutOffRatherThanRefused(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	create := func(ctx context.Context, c plugin.Change) ([]plugin.Written, error) {
		if c.Key == "2" {
			cancel()
		}
		return nil, ctx.Err()
	}
	outcomes, err := plugin.PerRecord(create, create).Apply(ctx, []plugin.Change{{Key: "1"}, {Key: "2"}, {Key: "3"}})
	if !errors.Is(err, context.Canceled) || len(outcomes) != 1 || outcomes[0].Err != nil {
		t.Errorf("Apply() = %+v, %v; want one outcome and %v", outcomes, err, context.Canceled)
	}
}
