package examples_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/sdk"
)

// Whoever copies an example copies the file of package sdk that is in it.
func TestCopiesAreTheOriginal(t *testing.T) {
	copies := 0
	for name, original := range map[string]string{"roster.py": sdk.Python(), "roster.mjs": sdk.Node()} {
		err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != name {
				return err
			}
			copies++
			text, err := os.ReadFile(path)
			if err == nil && string(text) != original {
				t.Errorf("%s is not sdk/%s: copy it", path, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if copies < 4 {
		t.Errorf("%d copies were found, want one in each example", copies)
	}
}

const probeKey = "open sesame"

// probe is the folder of an adapter that does all that a file of package sdk
// lets one do.
func probe(t plugintest.T, language string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "probe")
	if err != nil {
		t.Fatalf("make a folder: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := map[string]string{"python": "roster.py", "node": "roster.mjs"}[language]
	text := map[string]string{"python": sdk.Python(), "node": sdk.Node()}[language]
	err = errors.Join(
		os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "probe-"+language))),
		os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	if err != nil {
		t.Fatalf("copy the probe: %v", err)
	}
	return dir
}

func probed(t plugintest.T, log *zap.Logger, language string, more map[string]any) (plugin.Source, error) {
	t.Helper()
	options := map[string]any{"key": probeKey}
	for name, value := range more {
		options[name] = value
	}
	return source(t, log, probe(t, language), options)
}

// does holds the file of a language to all that it promises to who copies it.
func does(t *testing.T, language string) {
	t.Helper()
	t.Parallel()
	t.Run("sources keep all promises", func(t *testing.T) {
		plugintest.TestSource(t, func(t plugintest.T) plugintest.System { return probeSystem(t, language) })
	})
	t.Run("targets keep all promises", func(t *testing.T) {
		plugintest.TestTarget(t, func(t plugintest.T) plugintest.Shelf { return probeShelf(t, language) })
	})
	for name, test := range map[string]func(*testing.T, string){
		"what an adapter prints is not taken for protocol":         printsAside,
		"an adapter that crashes says where, and nothing it knows": crashesDiscreetly,
		"a page that is no JSON is said to be none":                saysWhatIsNoJSON,
		"a change that crashes a target keeps no other from it":    targetCrashes,
		"a read that takes long holds up neither ping nor closing": stallsAlone,
		"a source that begins anew counts anew":                    beginsAnew,
		"a callback's body may be any bytes":                       takesBytes,
		"a reading says how far it is where that is asked for":     tellsProgress,
	} {
		t.Run(name, func(t *testing.T) { test(t, language) })
	}
}

func TestTheFileForPythonDoesAllItPromises(t *testing.T) { does(t, "python") }

func probeSystem(t plugintest.T, language string) plugintest.System {
	holds := []plugin.Record{{Type: plugin.Department, UID: "d", Attrs: map[string]any{"title": "The only one"}}}
	for n := range 4000 {
		attrs := map[string]any{"nickname": fmt.Sprintf("赵 %d", n), "departments": []any{"d"}}
		holds = append(holds, plugin.Record{Type: plugin.User, UID: fmt.Sprint(n), Attrs: attrs})
	}
	call := func(signature string) plugin.Callback {
		return plugin.Callback{Method: "POST", Header: map[string][]string{"Signature": {signature}}, Body: []byte(`{"dataType":"user","uid":"1"}`)}
	}
	return plugintest.System{
		Type: manifestOf(t, probe(t, language)).SourceTypes[0], Holds: holds, Secrets: []string{probeKey},
		Open: func(log *zap.Logger) (plugin.Source, error) {
			return probed(t, log, language, map[string]any{"people": 4000})
		},
		Genuine: func() (plugin.Callback, []plugin.Event) {
			return call(probeKey), []plugin.Event{{Type: plugin.User, UID: "1"}}
		},
		Forged: func() plugin.Callback { return call("guess") },
	}
}

func probeShelf(t plugintest.T, language string) plugintest.Shelf {
	info := manifestOf(t, probe(t, language)).Targets[0]
	target := plugin.Peer{Caller: start(t, zap.NewNop(), probe(t, language))}.Target(info.Name, true, true)
	records := people("ada", "ben", "eve")
	return plugintest.Shelf{Info: info, Target: target, Records: records, Field: "email", Holds: func() []plugin.Record {
		return foundIn(t, target, records)
	}}
}

// foundIn is what of records a target holds, as far as it finds them.
func foundIn(t plugintest.T, target plugin.Target, records []plugin.Record) []plugin.Record {
	t.Helper()
	q := plugin.Query{Type: plugin.User, Field: "email"}
	attrs := map[string]map[string]any{}
	for _, r := range records {
		email := r.Attrs["email"].(string)
		q.Values, attrs[email] = append(q.Values, email), r.Attrs
	}
	rows, err := target.(plugin.Finder).Find(context.WithoutCancel(t.Context()), q)
	if err != nil {
		t.Fatalf("Find() = %v", err)
	}
	var held []plugin.Record
	for _, row := range rows {
		held = append(held, plugin.Record{Type: plugin.User, UID: row.Row, Attrs: attrs[row.Value]})
	}
	return held
}

// readAll reads a source and gives what came, and how often.
func readAll(t *testing.T, s plugin.Source, req plugin.Request) (n int, reading plugin.Reading, err error) {
	t.Helper()
	reading, err = s.Read(t.Context(), req, func(p plugin.Page) error { n += len(p.Records); return nil })
	return n, reading, err
}

func mustProbe(t *testing.T, log *zap.Logger, language string, more map[string]any) plugin.Source {
	t.Helper()
	s, err := probed(t, log, language, more)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func printsAside(t *testing.T, language string) {
	core, said := observer.New(zapcore.DebugLevel)
	n, _, err := readAll(t, mustProbe(t, zap.New(core), language, nil), plugin.Request{})
	if err != nil || n != 11 {
		t.Fatalf("Read() = %d records, %v", n, err)
	}
	all := heard(said)
	for _, want := range []string{"this is printed", "so is this", "it is read"} {
		if !strings.Contains(all, want) {
			t.Errorf("the log has %q, want %q in it", all, want)
		}
	}
}

func heard(said *observer.ObservedLogs) string {
	var all strings.Builder
	for _, entry := range said.All() {
		all.WriteString(entry.Message + "\n")
	}
	return all.String()
}

func crashesDiscreetly(t *testing.T, language string) {
	core, said := observer.New(zapcore.DebugLevel)
	_, reading, err := readAll(t, mustProbe(t, zap.New(core), language, map[string]any{"trouble": "crash"}), plugin.Request{})
	if kind, _ := kindOf(t, err); kind != plugin.Internal || reading.Complete {
		t.Errorf("Read() = %+v, %v, want an error of kind internal", reading, err)
	}
	if all := heard(said) + err.Error(); strings.Contains(all, probeKey) || !strings.Contains(all, "Error at adapter.") {
		t.Errorf("what was said is %q, want where it crashed and not with what", all)
	}
}

func saysWhatIsNoJSON(t *testing.T, language string) {
	_, reading, err := readAll(t, mustProbe(t, zap.NewNop(), language, map[string]any{"trouble": "no JSON"}), plugin.Request{})
	if kind, _ := kindOf(t, err); kind != plugin.Data || reading.Complete || strings.Contains(err.Error(), probeKey) {
		t.Errorf("Read() = %+v, %v, want an error of kind data", reading, err)
	}
}

func targetCrashes(t *testing.T, language string) {
	shelf := probeShelf(t, language)
	bad := plugin.Change{Key: "1", Op: plugin.Create, Record: plugin.Record{Type: plugin.User, UID: "x", Attrs: map[string]any{"nickname": "crash"}}}
	good := plugin.Change{Key: "2", Op: plugin.Create, Record: shelf.Records[0]}
	outcomes, err := shelf.Target.Apply(t.Context(), []plugin.Change{bad, good})
	if err != nil || len(outcomes) != 2 || outcomes[1].Err != nil || len(shelf.Holds()) != 1 {
		t.Fatalf("Apply() = %+v, %v, want the second made", outcomes, err)
	}
	if kind, _ := kindOf(t, outcomes[0].Err); kind != plugin.Internal || strings.Contains(outcomes[0].Err.Error(), "person") {
		t.Errorf("the first comes to %v, want an internal error", outcomes[0].Err)
	}
}

func stallsAlone(t *testing.T, language string) {
	p := start(t, zap.NewNop(), probe(t, language))
	var opened plugin.OpenResult
	params := plugin.OpenParams{SourceType: "probe", Options: json.RawMessage(`{"key":"open sesame","trouble":"stall"}`)}
	if err := p.Call(t.Context(), "source/open", params, &opened); err != nil {
		t.Fatal(err)
	}
	session := plugin.SessionParams(opened)
	var first plugin.ReadResult
	if err := errors.Join(p.Call(t.Context(), "source/read", session, &first), p.Call(t.Context(), "source/ack", session, nil)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() { read <- p.Call(t.Context(), "source/read", session, nil) }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := errors.Join(p.Call(ctx, "ping", struct{}{}, nil), p.Call(ctx, "source/close", session, nil)); err != nil {
		t.Errorf("ping and source/close beside a read = %v", err)
	}
	if kind := plugin.KindOf(<-read); kind != plugin.Canceled && kind != plugin.NotFound { // it may have come after the close
		t.Errorf("the read of a source that was closed is answered with %s", kind)
	}
}

func beginsAnew(t *testing.T, language string) {
	n, reading, err := readAll(t, mustProbe(t, zap.NewNop(), language, map[string]any{"people": 2000, "trouble": "sudden"}), plugin.Request{})
	want := map[plugin.Type]int{plugin.Department: 1, plugin.User: 1999}
	if diff := cmp.Diff(want, reading.Counts); diff != "" || err != nil || !reading.Complete || n != 1+1500+2000 {
		t.Errorf("Read() = %d records, %+v, %v: counts mismatch (-want +got):\n%s", n, reading, err, diff)
	}
	foreign := plugin.Request{State: json.RawMessage(`{"at":{"people":7,"done":3},"counts":{"user":3}}`)}
	n, reading, err = readAll(t, mustProbe(t, zap.NewNop(), language, map[string]any{"people": 20}), foreign)
	if err != nil || n != 21 || reading.Counts[plugin.User] != 20 {
		t.Errorf("Read() from a state of something else = %d records, %+v, %v", n, reading, err)
	}
}

func takesBytes(t *testing.T, language string) {
	s := mustProbe(t, zap.NewNop(), language, nil).(plugin.Receiver)
	body := []byte(`{"all":true}`)
	answer, events, err := s.Receive(t.Context(), plugin.Callback{Method: "POST", Header: map[string][]string{"SIGNATURE": {probeKey}, "Signature": {probeKey}}, Body: body})
	if err != nil || string(answer.Body) != "\xff"+string(body) || len(events) != 1 || !events[0].All {
		t.Errorf("Receive() = %q, %v, %v", answer.Body, events, err)
	}
}

func tellsProgress(t *testing.T, language string) {
	p := start(t, zap.NewNop(), probe(t, language))
	var opened plugin.OpenResult
	if err := p.Call(t.Context(), "source/open", plugin.OpenParams{SourceType: "probe", Options: json.RawMessage(`{"key":"open sesame"}`)}, &opened); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		err := p.Call(t.Context(), "source/read", map[string]any{"session": opened.Session, "progressToken": "mine"}, nil)
		if err == nil {
			err = p.Call(t.Context(), "source/ack", plugin.SessionParams(opened), nil)
		}
		if err != nil && plugin.KindOf(err) != plugin.Conflict { // nothing is to be acknowledged at the end
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{`{"token":"mine","value":{"state":"reading","done":10,"total":10}}`}, p.told()); diff != "" {
		t.Errorf("$/progress mismatch (-want +got):\n%s", diff)
	}
}
