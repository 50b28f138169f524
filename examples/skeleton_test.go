package examples_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/sdk/skeleton"
)

// lay makes an adapter out of a skeleton, ready to run.
func lay(t *testing.T, s skeleton.Skeleton) string {
	t.Helper()
	files, err := s.Files()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s.Language == "go" {
		compile(t, folder, s.Name)
	}
	return folder
}

// compile builds a program that requires Roster, which is the one of this folder.
func compile(t *testing.T, folder, program string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err := errors.Join(err, os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"mod", "edit", "-replace=github.com/nocobase-roster/roster=" + root},
		{"vet", "-mod=mod", "."},
		{"build", "-mod=mod", "-o", program, "."},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
}

// A list is the file that the sources of skeletons read.
type list struct {
	path    string
	records []plugin.Record
}

func newList(t plugintest.T) *list {
	t.Helper()
	l := &list{path: filepath.Join(newFolder(t), "people.json")}
	for i := range 2100 {
		attrs := map[string]any{"nickname": fmt.Sprintf("Person %d", i), "email": fmt.Sprintf("person-%d@example.com", i)}
		l.records = append(l.records, plugin.Record{Type: plugin.User, UID: fmt.Sprint(i + 1), Attrs: attrs})
	}
	l.write(t)
	return l
}

func (l *list) write(t plugintest.T) {
	t.Helper()
	people := []map[string]any{}
	for _, r := range l.records {
		people = append(people, map[string]any{"id": json.Number(r.UID), "name": r.Attrs["nickname"], "mail": r.Attrs["email"]})
	}
	text, err := json.Marshal(people)
	if err := errors.Join(err, os.WriteFile(l.path, text, 0o600)); err != nil {
		t.Fatalf("%v", err)
	}
}

func (l *list) system(t plugintest.T, folder string) plugintest.System {
	const key = "open sesame"
	return plugintest.System{
		Type: manifestOf(t, folder).SourceTypes[0], Holds: l.records, Secrets: []string{key},
		Open: func(log *zap.Logger) (plugin.Source, error) {
			return source(t, log, folder, map[string]string{"file": l.path, "key": key})
		},
		Remove: func(ref plugin.Ref) {
			for i, r := range l.records {
				if r.Ref() == ref {
					l.records = append(l.records[:i:i], l.records[i+1:]...)
				}
			}
			l.write(t)
		},
	}
}

// rowsIn is a folder that the target of a skeleton writes.
func rowsIn(t plugintest.T, adapter string) plugintest.Shelf {
	t.Helper()
	folder, info := newFolder(t), manifestOf(t, adapter).Targets[0]
	p := start(t, zap.NewNop(), adapter, "ROWS="+folder)
	return plugintest.Shelf{
		Info: info, Target: plugin.Peer{Caller: p}.Target(info.Name, true, false), Records: people("ada", "ben", "eve"),
		Holds:   func() []plugin.Record { return inRows(t, folder) },
		Refused: &plugin.Record{Type: plugin.User, UID: "u9", Attrs: map[string]any{"phone": "1"}},
	}
}

func inRows(t plugintest.T, folder string) []plugin.Record {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var records []plugin.Record
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		var row struct {
			DataType plugin.Type
			Record   plugin.Record
		}
		if err := errors.Join(err, json.Unmarshal(text, &row)); err != nil {
			t.Fatalf("%v", err)
		}
		row.Record.Type = row.DataType
		records = append(records, row.Record)
	}
	return records
}

// keeps says that what a skeleton makes keeps all promises, and conforms.
func keeps(t *testing.T, language string) {
	t.Helper()
	t.Run("source", func(t *testing.T) {
		folder := lay(t, skeleton.Skeleton{Language: language, Name: "acme-hr", Version: "0.1.0"})
		agrees(t, folder)
		plugintest.TestSource(t, func(t plugintest.T) plugintest.System { return newList(t).system(t, folder) })
		conforms(t, folder, nil)
	})
	t.Run("target", func(t *testing.T) {
		folder := lay(t, skeleton.Skeleton{Language: language, Name: "door", Target: true, Version: "0.1.0"})
		agrees(t, folder)
		plugintest.TestTarget(t, func(t plugintest.T) plugintest.Shelf { return rowsIn(t, folder) })
		conforms(t, folder, func(*conform.Adapter) {})
	})
}

func TestSkeletonsKeepAllPromises(t *testing.T) {
	t.Parallel()
	for _, language := range skeleton.Languages() {
		if language == "node" {
			continue // it is where Node.js is: see node_test.go
		}
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			keeps(t, language)
		})
	}
}
