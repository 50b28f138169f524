package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// Kept is the folder in which Roster notes the adapters that an operator has
// added, a file each: NAME.json. "" keeps nothing.
type Kept string

// A note says where an adapter is.
type note struct {
	Folder string `json:"folder"`
	Pin    Pin    `json:"pin,omitempty"`
}

// Add notes the adapter in folder, in the place of one of the same name. With pin
// it is held to what its files are now.
func (k Kept) Add(folder string, pin bool) (Found, error) {
	if k == "" {
		return Found{}, &plugin.Error{Kind: plugin.Config, Msg: "there is no place to note adapters in", Hint: "name a folder in ROSTER_HOME, or list the adapters' own in ROSTER_PLUGINS"}
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return Found{}, unreadable(err)
	}
	found := look(folder)
	if found.Err != nil {
		return found, found.Err
	}
	if pin {
		if found.Pin, err = NewPin(folder); err != nil {
			return found, err
		}
	}
	found.Kept = true
	return found, k.write(found.Name()+".json", note{folder, found.Pin})
}

// Remove forgets an adapter; its folder stays. The error is of kind NotFound
// where none of that name was added.
func (k Kept) Remove(name string) error {
	missing := &plugin.Error{Kind: plugin.NotFound, Msg: fmt.Sprintf("no adapter %.64q was added", name), Hint: "roster plugin list shows those that were; others come from ROSTER_PLUGINS"}
	if k == "" || !filepath.IsLocal(name) || filepath.Base(name) != name {
		return missing
	}
	err := os.Remove(k.file(name + ".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return missing
	}
	os.Remove(k.statusFile(name)) //nolint:errcheck // there may be none
	return cannotKeep(err)
}

// List gives the adapters that were added.
func (k Kept) List() []Found {
	if k == "" {
		return nil
	}
	notes, _ := filepath.Glob(filepath.Join(globbed(string(k)), "*.json")) // the pattern is right
	var all []Found
	for _, file := range notes {
		all = append(all, read(file))
	}
	return all
}

// globbed is a folder as a pattern that stands for itself alone.
func globbed(folder string) string {
	if runtime.GOOS == "windows" {
		return folder // a backslash quotes nothing there
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(folder)
}

// read gives the adapter that a note is of.
func read(file string) Found {
	var n note
	name := strings.TrimSuffix(filepath.Base(file), ".json")
	text, err := readOwn(file)
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil || n.Folder == "" {
		return Found{Folder: file, Manifest: Manifest{Name: name}, Kept: true, Err: &plugin.Error{Kind: plugin.Config, Msg: "read the note of an adapter: " + file, Err: err, Hint: "see to it that nobody else may write it, nor its folder, and add the adapter anew"}}
	}
	found := look(n.Folder)
	found.Kept, found.Pin = true, n.Pin
	if now := found.Manifest.Name; found.Err == nil && now != name {
		found.Err = &plugin.Error{Kind: plugin.Config, Msg: fmt.Sprintf("adapter %s, as it was added, is called %s now", name, now), Hint: "remove the one and add the other"}
	}
	found.Manifest.Name = name // which it is removed by, whatever became of it
	return found
}

// readOwn reads a file that nobody else may write, or put there: it says what is
// run.
func readOwn(file string) ([]byte, error) {
	if err := errors.Join(isOwn(file, 0o022), isOwn(filepath.Dir(file), 0o002)); err != nil {
		return nil, err
	}
	return readSmall(file)
}

// isOwn refuses what has one of the rights of others.
func isOwn(path string, rights fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" { // which keeps rights elsewhere
		return err
	}
	if mode := info.Mode().Perm(); mode&rights != 0 {
		return fmt.Errorf("%s may be written by others: its mode is %04o", path, mode)
	}
	return nil
}

func (k Kept) file(name string) string { return filepath.Join(string(k), name) }

// write writes a file whole or not at all.
func (k Kept) write(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	path := k.file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return cannotKeep(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)) // it is 0600
	if err != nil {
		return cannotKeep(err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // what went wrong before is said
	}
	return cannotKeep(err)
}

func cannotKeep(err error) error {
	if err == nil {
		return nil
	}
	return &plugin.Error{Kind: plugin.Config, Msg: "note an adapter", Err: err, Hint: "Roster must be able to write beside the database, or in ROSTER_HOME"}
}
