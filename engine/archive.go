package engine

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// How files are called: roster-TIME-CHANCE.log. Others may keep theirs in the same
// folder, which is the one that NocoBase shows in its page of logs.
const (
	archiveFolder = "user-data-sync"
	archivePrefix = "roster-"
	archiveSuffix = ".log"
	archiveTime   = "20060102T150405Z"
)

// archiveFile is how large a file may become, at most: 1/16 of all.
const archiveFile = 64 << 20

// An Archive keeps what was received in files, each line a JSON object:
//
//	{"time":"…","source":"hr","type":"user","run":"12","record":{…}}
//
// A record is as it came, but for its secrets and relations, which a sync takes
// out of everything it keeps; where it is no object that could be read, it is
// null. Every process has files of its own. An Archive is safe for concurrent use.
type Archive struct {
	dir  string
	keep Retention

	mu     sync.Mutex // guards what follows
	file   *os.File   // nil: the next line makes one
	size   int64
	day    string // of the file
	closed bool
	tidy   *time.Timer
}

// NewArchive makes an archive of the folder user-data-sync in dir, which is made
// when the first record is kept. What is too old goes even where nothing more is
// received. Close it when it is done with.
func NewArchive(dir string, keep Retention) *Archive {
	a := &Archive{dir: filepath.Join(dir, archiveFolder), keep: keep}
	a.tidy = time.AfterFunc(time.Minute, a.tidyUp) // what a process does that is soon over need not wait for it
	return a
}

// SetArchive has records kept in files, as they were received. Closing the
// engine closes the archive. It is called before anything else.
func (e *Engine) SetArchive(a *Archive) { e.archive = a }

// write keeps whole lines. What could not be written whole is not there at all.
func (a *Archive) write(lines []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.turn(int64(len(lines)), time.Now().UTC()); err != nil {
		return err
	}
	n, err := a.file.Write(lines)
	if err != nil { // the disk is full, as a rule
		return errors.Join(err, a.file.Truncate(a.size), a.release())
	}
	a.size += int64(n)
	return nil
}

// turn sees that there is a file for so many more bytes: a new one every day,
// and when one is full.
func (a *Archive) turn(n int64, now time.Time) error {
	day := now.Format(time.DateOnly)
	if a.file != nil && day == a.day && a.size+n <= a.largest() {
		return nil
	}
	if err := a.release(); err != nil {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	if err := a.sweep(now); err != nil {
		return err
	}
	f, err := os.CreateTemp(a.dir, archivePrefix+now.Format(archiveTime)+"-*"+archiveSuffix) // for its owner alone
	if err != nil {
		return err
	}
	a.file, a.size, a.day = f, 0, day
	return nil
}

func (a *Archive) largest() int64 {
	if a.keep.Size <= 0 {
		return archiveFile
	}
	return min(archiveFile, a.keep.Size/16)
}

// release closes the file in use.
func (a *Archive) release() error {
	f := a.file
	a.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

// Close closes the file in use.
func (a *Archive) Close() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.tidy.Stop()
	return a.release()
}
