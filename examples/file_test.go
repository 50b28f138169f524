package examples_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

func TestTheFileTargetKeepsAllPromises(t *testing.T) {
	t.Parallel()
	agrees(t, "file")
	plugintest.TestTarget(t, func(t plugintest.T) plugintest.Shelf { return membersFile(t, "file", newFolder(t)) })
}

// membersFile is a file in folder that the target of an adapter writes.
func membersFile(t plugintest.T, adapter, folder string) plugintest.Shelf {
	t.Helper()
	path := filepath.Join(folder, "members.json")
	info := manifestOf(t, adapter).Targets[0]
	p := start(t, zap.NewNop(), adapter, "MEMBERS_FILE="+path)
	return plugintest.Shelf{
		Info: info, Target: plugin.Peer{Caller: p}.Target(info.Name, true, true),
		Records: people("ada", "ben", "eve"),
		Holds:   func() []plugin.Record { return inFile(t, path) },
		Refused: &plugin.Record{Type: plugin.User, UID: "u9", Attrs: map[string]any{"phone": "1"}},
		Field:   "email",
	}
}

// inFile is what a members file has.
func inFile(t plugintest.T, path string) []plugin.Record {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var rows [][2]json.RawMessage
	if err := errors.Join(err, json.Unmarshal(text, &rows)); err != nil {
		t.Fatalf("%v", err)
	}
	var records []plugin.Record
	for _, row := range rows {
		var r plugin.Record
		if err := json.Unmarshal(row[1], &r); err != nil {
			t.Fatalf("%v", err)
		}
		r.Type = plugin.Type(r.Attrs["dataType"].(string))
		delete(r.Attrs, "dataType")
		delete(r.Attrs, "source")
		records = append(records, r)
	}
	return records
}

// people gives users with these names.
func people(names ...string) []plugin.Record {
	var records []plugin.Record
	for _, name := range names {
		records = append(records, plugin.Record{Type: plugin.User, UID: "of " + name, Attrs: map[string]any{"nickname": name, "email": name + "@example.com"}})
	}
	return records
}

// newFolder is a folder of the check's own.
func newFolder(t plugintest.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "roster-")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func TestAMembersFileThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	folder := newFolder(t)
	shelf := membersFile(t, "file", filepath.Join(folder, "later"))
	change := plugin.Change{Key: "1", Op: plugin.Create, Source: "hr", Record: shelf.Records[0]}
	_, err := shelf.Target.Apply(t.Context(), []plugin.Change{change})
	if kind, _ := kindOf(t, err); kind != plugin.Transient {
		t.Errorf("Apply() without the folder = %v, want an error that may pass", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "later"), 0o700); err != nil {
		t.Fatal(err)
	}
	outcomes, err := shelf.Target.Apply(t.Context(), []plugin.Change{change})
	if err != nil || outcomes[0].Err != nil || len(shelf.Holds()) != 1 {
		t.Errorf("Apply() with the folder = %+v, %v, and %d are held", outcomes, err, len(shelf.Holds()))
	}
}
