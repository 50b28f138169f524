package process

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// A Pin is what the files of an adapter were when an operator had looked at
// them: by their paths within the folder, the SHA-256 of each, in hexadecimal. A
// link counts as where it leads to; what is beyond it is not looked at.
type Pin map[string]string

// NewPin takes the sums of all files in folder.
func NewPin(folder string) (Pin, error) {
	pin := Pin{}
	folder, err := filepath.EvalSymlinks(folder) // the folder itself is looked at, wherever it is
	if err != nil {
		return nil, cannotPin(err)
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err == nil {
			pin[filepath.ToSlash(name)], err = sumOf(path, entry)
		}
		return err
	})
	if err != nil {
		return nil, cannotPin(err)
	}
	return pin, nil
}

func cannotPin(err error) error {
	return &plugin.Error{Kind: plugin.Config, Msg: "take the checksums of an adapter's files", Err: err, Hint: "Roster must be able to read all of them"}
}

func sumOf(path string, entry fs.DirEntry) (string, error) {
	if entry.Type()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(path)
		return "link to " + to, err
	}
	if !entry.Type().IsRegular() {
		return entry.Type().String(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// Sum is one checksum of all, to compare by eye.
func (p Pin) Sum() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(p)) {
		io.WriteString(h, p[name]+"  "+name+"\n") //nolint:errcheck // a hash takes all
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Check says which files of folder are not as they were pinned. An empty pin
// holds nothing fast.
func (p Pin) Check(folder string) error {
	if len(p) == 0 {
		return nil
	}
	now, err := NewPin(folder)
	if err != nil {
		return err
	}
	changes := p.changes(now)
	if len(changes) == 0 {
		return nil
	}
	return &plugin.Error{
		Kind: plugin.Config, Msg: "the adapter in " + folder + " is not as it was pinned: " + firstOf(changes),
		Hint: "look at what has changed, and pin it anew: roster plugin add --pin",
	}
}

func (p Pin) changes(now Pin) (changes []string) {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		switch sum, ok := now[name]; {
		case !ok:
			changes = append(changes, name+" is gone")
		case sum != p[name]:
			changes = append(changes, name+" has changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, ok := p[name]; !ok {
			changes = append(changes, name+" is new")
		}
	}
	return changes
}

// firstOf lists the first of many.
func firstOf(list []string) string {
	const most = 5
	if n := len(list) - most; n > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(list[:most], ", "), n)
	}
	return strings.Join(list, ", ")
}
