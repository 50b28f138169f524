package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// ReadKeys reads keys from a file, one a line; lines that are empty or begin
// with # are left out. Nobody but its owner may have rights on the file.
func ReadKeys(path string) (*Keys, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, &plugin.Error{
			Kind: plugin.Config, Msg: "read the keys for secrets", Err: err,
			Hint: "the file holds what roster secrets new-key prints, and is readable by its owner alone: chmod 600",
		}
	}
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, badKeys(path + " holds none")
	}
	return parseKeys(lines)
}

func readPrivate(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // which keeps rights elsewhere
		return "", fmt.Errorf("%s may be read or written by others: its mode is %04o", path, mode)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// KeysAt are keys in a file that is made, with one key, when there is a first
// secret to encrypt: for a database that is a file itself. It is looked for only
// when a secret is saved or read.
func KeysAt(path string) *Keys { return &Keys{path: path} }

// all gives the keys; making says that there must be one.
func (k *Keys) all(making bool) ([]key, error) {
	if k == nil {
		return nil, &plugin.Error{
			Kind: plugin.Config, Msg: "there is no key for secrets",
			Hint: "make one with roster secrets new-key, keep it safe, and give it in ROSTER_SECRET_KEY, or in a file that ROSTER_SECRET_KEY_FILE names",
		}
	}
	if k.path == "" {
		return k.list, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.list) > 0 {
		return k.list, nil
	}
	read, err := ReadKeys(k.path)
	if errors.Is(err, fs.ErrNotExist) && making {
		if err = makeKeyFile(k.path); err == nil {
			read, err = ReadKeys(k.path)
		}
	}
	if err != nil {
		return nil, err
	}
	k.list = read.list
	return k.list, nil
}

// makeKeyFile makes a file with a new key, whole and safe on the disk before it
// has its name, unless another process has made one meanwhile.
func makeKeyFile(path string) (err error) {
	defer func() {
		if err != nil {
			err = &plugin.Error{
				Kind: plugin.Config, Msg: "make a file with a key for secrets", Err: err,
				Hint: "Roster must be able to write beside the database; or give a key in ROSTER_SECRET_KEY",
			}
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // it is 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it only has its other name then
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Without this file the secrets of the sources cannot be read any more. Keep a copy.\n%s\n", NewKey())
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
