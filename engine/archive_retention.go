package engine

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Retention says how much of what was received stays in files: whatever is
// older, or too much, goes. The zero Retention keeps all.
type Retention struct {
	Age  time.Duration // since a file was last written to
	Size int64         // bytes of all files
}

// DefaultRetention is 30 days or 1 GiB.
func DefaultRetention() Retention { return Retention{30 * 24 * time.Hour, 1 << 30} }

// sweep removes files that are too old, and the oldest ones until the others,
// with one that is full, are not too large. The file in use is none of them.
func (a *Archive) sweep(now time.Time) error {
	files, err := a.files()
	if err != nil {
		return err
	}
	left := a.largest()
	for _, f := range files { // the newest first
		left += f.Size()
		old := a.keep.Age > 0 && now.Sub(f.ModTime()) > a.keep.Age
		if !old && (a.keep.Size <= 0 || left <= a.keep.Size) {
			continue
		}
		if err := os.Remove(filepath.Join(a.dir, f.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// files are those of all processes' archives in the folder, the newest first,
// without the one in use.
func (a *Archive) files() ([]os.FileInfo, error) {
	entries, err := os.ReadDir(a.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var files []os.FileInfo
	for _, entry := range entries {
		name := entry.Name()
		ours := strings.HasPrefix(name, archivePrefix) && strings.HasSuffix(name, archiveSuffix)
		if !ours || a.file != nil && name == filepath.Base(a.file.Name()) {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(f, g os.FileInfo) int {
		return cmp.Or(g.ModTime().Compare(f.ModTime()), cmp.Compare(g.Name(), f.Name()))
	})
	return files, nil
}

// tidyUp removes what is too old, every hour.
func (a *Archive) tidyUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.sweep(time.Now()) //nolint:errcheck // the next file is not made before it succeeds, and says so
	a.tidy.Reset(time.Hour)
}
