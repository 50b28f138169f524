package process

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// names lists adapters, and which of them cannot be used.
func names(found []Found) []string {
	list := []string{}
	for _, f := range found {
		name := f.Name()
		if f.Err != nil {
			name += " (" + string(plugin.KindOf(f.Err)) + ")"
		}
		list = append(list, name)
	}
	return list
}

func TestAdaptersAreFoundInFolders(t *testing.T) {
	y := &yard{T: t, folder: t.TempDir()}
	y.write("many/a/plugin.json", manifest("a"))
	y.write("many/b/plugin.json", map[string]any{"name": "b"})
	y.write("many/notes/readme.json", 1)
	y.write("one/plugin.json", manifest("c"))
	y.write("again/plugin.json", manifest("a"))
	var folders []string
	for _, name := range []string{"many", "one", "again", "nowhere"} {
		folders = append(folders, filepath.Join(y.folder, name))
	}
	want := []string{"a", "b (unsupported)", "c", "a (conflict)", "nowhere (config)"}
	if diff := cmp.Diff(want, names(Unique(Find(folders)))); diff != "" {
		t.Errorf("Find() mismatch (-want +got):\n%s", diff)
	}
}

// An adapter comes whole or not at all, and one that does not come keeps none from
// coming.
func TestAnAdapterIsRegisteredWholeOrNotAtAll(t *testing.T) {
	r := &plugin.Registry{}
	if err := r.AddTarget(plugin.TargetInfo{Name: "users", Accepts: []plugin.Type{plugin.User}}, nil); err != nil {
		t.Fatal(err)
	}
	half := manifest("users") // a source type of the name is no conflict
	half.Targets = []plugin.TargetInfo{{Name: "users", Accepts: []plugin.Type{plugin.User}}}
	found := []Found{{Manifest: half}, {Folder: "broken", Err: &plugin.Error{Kind: plugin.Config}}, {Manifest: manifest("good")}}
	defer Register(r, found, Options{Log: zap.NewNop()}).Close()
	types, targets := r.SourceTypes(), r.Targets()
	if len(types) != 1 || types[0].Name != "good" || types[0].Origin != "good" || len(targets) != 1 {
		t.Errorf("registered are %v and %v, want the source type good of good and the target that was there", types, targets)
	}
}

func TestAdaptersThatWereAddedAreKept(t *testing.T) {
	y := &yard{T: t, folder: t.TempDir()}
	y.write("a/plugin.json", manifest("a"))
	y.write("a/lib/code.py", "1")
	kept, folder := Kept(filepath.Join(t.TempDir(), "plugins [of mine]")), filepath.Join(y.folder, "a")
	added, err := kept.Add(folder, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Found{added}, kept.List()); diff != "" || len(added.Pin) != 2 {
		t.Errorf("List() mismatch (-want +got):\n%s", diff)
	}
	if err := kept.Remove("a"); err != nil || len(kept.List()) != 0 {
		t.Errorf("Remove() = %v, and %v are left", err, names(kept.List()))
	}
	for _, name := range []string{"a", "../a", ""} {
		if err := kept.Remove(name); plugin.KindOf(err) != plugin.NotFound {
			t.Errorf("Remove(%q) = %v", name, err)
		}
	}
	if _, err := Kept("").Add(folder, false); plugin.KindOf(err) != plugin.Config {
		t.Errorf("Add() with nowhere to keep it = %v", err)
	}
}

// It can be removed by the name that it was added under, whatever became of it.
func TestAnAdapterThatIsGoneKeepsItsName(t *testing.T) {
	for change, do := range map[string]func(y *yard) error{
		"its folder is gone":      func(y *yard) error { return os.RemoveAll(filepath.Join(y.folder, "folder")) },
		"its manifest is broken":  func(y *yard) error { y.write("folder/plugin.json", 7); return nil },
		"it calls itself another": func(y *yard) error { y.write("folder/plugin.json", manifest("another")); return nil },
	} {
		y := &yard{T: t, folder: t.TempDir()}
		y.write("folder/plugin.json", manifest("people"))
		kept := Kept(t.TempDir())
		if _, err := kept.Add(filepath.Join(y.folder, "folder"), false); err != nil {
			t.Fatal(err)
		}
		if err := do(y); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"people (config)"}, names(kept.List())); diff != "" {
			t.Errorf("%s: List() mismatch (-want +got):\n%s", change, diff)
		}
		if err := kept.Remove("people"); err != nil {
			t.Errorf("%s: Remove() = %v", change, err)
		}
	}
}

// A folder may be named by a link to it: what counts is what is in it.
func TestAFolderThatIsALinkIsPinnedWhole(t *testing.T) {
	y := &yard{T: t, folder: t.TempDir()}
	y.write("release/plugin.json", manifest("a"))
	y.write("release/code.py", "1")
	current := filepath.Join(y.folder, "current")
	if err := os.Symlink("release", current); err != nil {
		t.Fatal(err)
	}
	pin, err := NewPin(current)
	if err != nil || len(pin) != 2 {
		t.Fatalf("NewPin() = %v, %v; want the two files", pin, err)
	}
	y.write("release/code.py", "2")
	if err := pin.Check(current); err == nil || !strings.Contains(err.Error(), "code.py has changed") {
		t.Errorf("Check() = %v, want that code.py has changed", err)
	}
}

// A note says what is run: nobody else may have written it.
func TestANoteThatOthersMayWriteIsNotBelieved(t *testing.T) {
	y := &yard{T: t, folder: t.TempDir()}
	y.write("a/plugin.json", manifest("a"))
	kept := Kept(t.TempDir())
	if _, err := kept.Add(filepath.Join(y.folder, "a"), false); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(kept.file("a.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	if found := kept.List(); len(found) != 1 || found[0].Err == nil || !strings.Contains(found[0].Err.Error(), "written by others") {
		t.Errorf("List() = %+v", found)
	}
	for _, mode := range []os.FileMode{0o600, 0o644} { // nor may they have put it there
		if err := errors.Join(os.Chmod(kept.file("a.json"), mode), os.Chmod(string(kept), 0o777)); err != nil {
			t.Fatal(err)
		}
		if found := kept.List(); len(found) != 1 || found[0].Err == nil || !strings.Contains(found[0].Err.Error(), "written by others") {
			t.Errorf("List() = %+v", found)
		}
	}
}

func TestAPinnedAdapterThatChangedIsNotStarted(t *testing.T) {
	for change, do := range map[string]func(folder string) error{
		"plugin.json has changed": func(f string) error { return os.WriteFile(filepath.Join(f, "plugin.json"), []byte("{}"), 0o644) },
		"lib/code.py is gone":     func(f string) error { return os.Remove(filepath.Join(f, "lib/code.py")) },
		"json.py is new":          func(f string) error { return os.WriteFile(filepath.Join(f, "json.py"), nil, 0o644) },
		"link has changed": func(f string) error {
			os.Remove(filepath.Join(f, "link"))
			return os.Symlink("elsewhere", filepath.Join(f, "link"))
		},
	} {
		y := &yard{T: t, folder: t.TempDir()}
		y.write("plugin.json", manifest("good"))
		y.write("lib/code.py", "1")
		if err := os.Symlink("lib/code.py", filepath.Join(y.folder, "link")); err != nil {
			t.Fatal(err)
		}
		pin, err := NewPin(y.folder)
		if err != nil {
			t.Fatal(err)
		}
		found := look(y.folder)
		found.Pin = pin
		p := newProcess(found, Options{Log: zap.NewNop()})
		if err := do(y.folder); err != nil {
			t.Fatal(err)
		}
		if _, err = dial(t, p); plugin.KindOf(err) != plugin.Config || !strings.Contains(err.Error(), change) {
			t.Errorf("Open() = %v, want that %s", err, change)
		}
		p.Close()
		if now, err := NewPin(y.folder); err != nil || now.Sum() == pin.Sum() {
			t.Errorf("the sum is %s after %s, %v", now.Sum(), change, err)
		}
	}
}
