package process

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nocobase-roster/roster/plugin"
)

// A Found is a folder with an adapter in it.
type Found struct {
	Folder   string // where its manifest is
	Manifest Manifest
	Pin      Pin   // what its files must be; empty: whatever they are
	Kept     bool  // an operator has added it
	Err      error // why it cannot be used; then Manifest may be empty
}

// Name is the adapter's name, or that of its folder where it has none.
func (f Found) Name() string {
	if f.Manifest.Name != "" {
		return f.Manifest.Name
	}
	return filepath.Base(f.Folder)
}

// Find looks for adapters in folders, as ROSTER_PLUGINS lists them: each is the
// folder of an adapter, or one of such folders. A folder that cannot be used is
// among them, with the reason.
func Find(folders []string) []Found {
	var all []Found
	for _, folder := range folders {
		if folder != "" {
			all = append(all, findIn(folder)...)
		}
	}
	return all
}

func findIn(folder string) []Found {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return []Found{{Folder: folder, Err: unreadable(err)}}
	}
	if isAdapter(folder) {
		return []Found{look(folder)}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return []Found{{Folder: folder, Err: unreadable(err)}}
	}
	var all []Found
	for _, entry := range entries {
		if inner := filepath.Join(folder, entry.Name()); isAdapter(inner) {
			all = append(all, look(inner))
		}
	}
	return all
}

func isAdapter(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, ManifestFile))
	return err == nil
}

func look(folder string) Found {
	m, err := ReadManifest(folder)
	return Found{Folder: folder, Manifest: m, Err: err}
}

func unreadable(err error) error {
	return &plugin.Error{Kind: plugin.Config, Msg: "look for adapters", Err: err, Hint: "ROSTER_PLUGINS lists folders"}
}

// Unique refuses those whose name an earlier one has.
func Unique(all []Found) []Found {
	first := map[string]string{}
	for i, f := range all {
		where, taken := first[f.Name()]
		switch {
		case f.Err != nil:
		case taken:
			all[i].Err = &plugin.Error{
				Kind: plugin.Conflict, Msg: fmt.Sprintf("there is an adapter %s already, in %s", f.Name(), where), Hint: "remove one of the two",
			}
		default:
			first[f.Name()] = f.Folder
		}
	}
	return all
}
