package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// living are the runs that this engine is at work on.
type living struct {
	mu  sync.Mutex
	ids map[int64]context.CancelCauseFunc // guarded by mu
}

func newLiving() *living { return &living{ids: map[int64]context.CancelCauseFunc{}} }

// add says that a run lives, and how it is stopped; gone, that it does not any
// more.
func (l *living) add(id int64, stop context.CancelCauseFunc) (gone func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids[id] = stop
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.ids, id)
	}
}

// stop stops a run, if it is one of these.
func (l *living) stop(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stop := l.ids[id]; stop != nil {
		stop(errStopped)
	}
}

// list gives their ids as SQL has it between brackets.
func (l *living) list() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := []string{"0"} // no run has it, and SQL wants one
	for _, id := range slices.Sorted(maps.Keys(l.ids)) {
		ids = append(ids, fmt.Sprint(id))
	}
	return strings.Join(ids, ", ")
}

// silent is SQL for: nobody has said for too long that the run lives. A run
// that is held waits for an operator, not for a process. Those at work here may
// only have been kept from saying so; one whose end could not be written is not
// among them any more.
func (e *Engine) silent() string {
	return `finished_at IS NULL AND state <> 'held' AND beat_at < ` + e.db.Now(lease) + ` AND id NOT IN (` + e.living.list() + `)`
}
