package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The adapter of this test: two departments' worth of people, in Python.
const people = `
import json, sys
for line in sys.stdin:
    q = json.loads(line)
    if q["method"] == "exit":
        break
    if "id" not in q:
        continue
    r = None
    if q["method"] == "initialize":
        r = {"protocolVersion": "1", "server": {"name": "people", "version": "1"}, "capabilities": {}, "limits": {}}
    elif q["method"] == "registry/listSourceTypes":
        r = {"types": json.load(open("plugin.json"))["sourceTypes"]}
    elif q["method"] == "registry/listTargets":
        r = {"targets": []}
    elif q["method"] == "source/open":
        r = {"session": "1"}
    elif q["method"] == "source/read":
        r = {"pages": [{"dataType": "user", "records": [{"uid": "1", "nickname": "Ada"}, {"uid": "2", "nickname": "Ben"}]}], "done": True}
    print(json.dumps({"jsonrpc": "2.0", "id": q["id"], "result": r}), flush=True)
`

const peopleManifest = `{"name":"people","version":"1.0","protocol":"1","command":["python3","adapter.py"],"targets":[],
"sourceTypes":[{"name":"people","title":"People","origin":"","dataTypes":["user"],"capabilities":{"pull":true,"push":false,"webhook":false,"lookup":false,"check":false}}]}`

// adapterFolder makes an adapter.
func adapterFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, "plugin.json", peopleManifest)
	write(t, folder, "adapter.py", people)
	return folder
}

// What is added is there wherever a source type that is built in is, and gone when
// it is removed.
func TestAnAdapterIsAddedUsedAndRemoved(t *testing.T) {
	url, folder := "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), adapterFolder(t)
	if got := mustRun(t, exitDone, url, "plugin", "list"); !strings.Contains(got.stdout, "no adapter but those built in") {
		t.Errorf("plugin list: %s", got.stdout)
	}
	if got := mustRun(t, exitDone, url, "plugin", "add", folder, "--pin"); !strings.Contains(got.stdout, "Adapter people 1.0 brings people.\nIt is held to 2 files") {
		t.Errorf("plugin add: %s", got.stdout)
	}
	mustRun(t, exitDone, url, "sources", "add", "hr", "--type", "people")
	mustRun(t, exitDone, url, "sync", "hr")
	if n := rowsOf(t, url, "{users}", "[nickname] IN ('Ada', 'Ben')"); n != 2 {
		t.Errorf("%d users were brought, want 2", n)
	}
	var listed struct{ Plugins []listedPlugin }
	parse(t, mustRun(t, exitDone, url, "plugin", "list", "--json").stdout, &listed)
	if len(listed.Plugins) != 1 || listed.Plugins[0].Status.Starts != 1 || listed.Plugins[0].Status.State != "stopped" || listed.Plugins[0].Pinned == "" {
		t.Errorf("plugin list: %+v", listed.Plugins)
	}
	write(t, folder, "json.py", "")
	if got := mustRun(t, exitFailed, url, "sync", "hr"); !strings.Contains(got.stderr, "json.py is new") {
		t.Errorf("sync with a changed adapter: %s", got.stderr)
	}
	if got := mustRun(t, exitDone, url, "plugin", "list"); !strings.Contains(got.stdout, "unusable") || !strings.Contains(got.stdout, "json.py is new") {
		t.Errorf("plugin list: %s", got.stdout)
	}
	mustRun(t, exitDone, url, "plugin", "remove", "people")
	if got := mustRun(t, exitFailed, url, "sync", "hr"); !strings.Contains(got.stderr, "there is no source type") {
		t.Errorf("sync without its adapter: %s", got.stderr)
	}
}

// A host finds it as well; one that is broken keeps none from working.
func TestAHostFindsTheAdaptersOfAFolder(t *testing.T) {
	broken := t.TempDir()
	write(t, broken, "plugin.json", `{}`)
	t.Setenv("ROSTER_PLUGINS", strings.Join([]string{broken, adapterFolder(t)}, string(os.PathListSeparator)))
	asked := `{"jsonrpc":"2.0","id":2,"method":"registry/listSourceTypes","params":{}}` + "\n" +
		`{"jsonrpc":"2.0","id":3,"method":"source/open","params":{"sourceType":"people"}}` + "\n"
	got := mustRead(t, exitDone, initialize+asked, "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), "stdio")
	for _, want := range []string{`"name":"people","title":"People","origin":"people"`, `"session":"1"`} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the host was not told %s:\n%s", want, got.stdout)
		}
	}
	if !strings.Contains(got.stderr, "an adapter cannot be used") {
		t.Errorf("nothing is said of the broken one:\n%s", got.stderr)
	}
}

// Beside a server there is no place of Roster's own: an operator names one.
func TestAdaptersOfAServersDatabaseAreNotedInAHome(t *testing.T) {
	url, folder := "postgres://nobody@localhost:1/none", adapterFolder(t) // nobody connects to it
	t.Setenv("ROSTER_HOME", "")
	if got := mustRun(t, exitFailed, url, "plugin", "add", folder); !strings.Contains(got.stderr, "name a folder in ROSTER_HOME") {
		t.Errorf("plugin add without a place: %s", got.stderr)
	}
	home := t.TempDir()
	t.Setenv("ROSTER_HOME", home)
	mustRun(t, exitDone, url, "plugin", "add", folder)
	if got := mustRun(t, exitDone, url, "plugin", "list"); !strings.Contains(got.stdout, "people") {
		t.Errorf("plugin list: %s", got.stdout)
	}
	if _, err := os.Stat(filepath.Join(home, "plugins", "people.json")); err != nil {
		t.Error(err)
	}
}
