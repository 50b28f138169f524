package examples_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// A manifest is what of a plugin.json the tests look at.
type manifest struct {
	Name, Version, Protocol string
	Command                 []string
	SourceTypes             []plugin.SourceType
	Targets                 []plugin.TargetInfo
}

func manifestOf(t plugintest.T, folder string) manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "plugin.json"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatalf("%s/plugin.json: %v", folder, err)
	}
	return m
}

// source opens a source of the only type that the adapter in folder has, in a
// process of its own.
func source(t plugintest.T, log *zap.Logger, folder string, options any) (plugin.Source, error) {
	t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatalf("%v", err)
	}
	driver := plugin.Peer{Caller: start(t, log, folder)}.Driver(manifestOf(t, folder).SourceTypes[0])
	return driver.Open(context.WithoutCancel(t.Context()), plugin.Setup{Name: folder, Options: text, Log: log})
}

// Everything an adapter declares without being started it says when it is.
func agrees(t *testing.T, folder string) {
	t.Helper()
	m, p := manifestOf(t, folder), start(t, zap.NewNop(), folder)
	var types struct{ Types []plugin.SourceType }
	var targets struct{ Targets []plugin.TargetInfo }
	if err := p.Call(t.Context(), "registry/listSourceTypes", struct{}{}, &types); err != nil {
		t.Errorf("registry/listSourceTypes = %v", err)
	}
	if err := p.Call(t.Context(), "registry/listTargets", struct{}{}, &targets); err != nil {
		t.Errorf("registry/listTargets = %v", err)
	}
	sameJSON := cmp.Comparer(func(a, b json.RawMessage) bool { return canonical(t, a) == canonical(t, b) })
	if diff := cmp.Diff(m.SourceTypes, types.Types, sameJSON); diff != "" {
		t.Errorf("%s: source types mismatch (-declared +said):\n%s", folder, diff)
	}
	if diff := cmp.Diff(m.Targets, targets.Targets); diff != "" {
		t.Errorf("%s: targets mismatch (-declared +said):\n%s", folder, diff)
	}
}

func canonical(t *testing.T, text json.RawMessage) string {
	t.Helper()
	var v any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := json.Marshal(v)
	return string(out)
}

// kindOf says that an error is one with a hint, and gives its kind and path.
func kindOf(t *testing.T, err error) (plugin.Kind, string) {
	t.Helper()
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok || e.Hint == "" {
		t.Fatalf("%v is no *plugin.Error with a hint", err)
	}
	return e.Kind, e.Path
}
