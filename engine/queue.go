package engine

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/nocobase-roster/roster/plugin"
)

// runsAtOnce is how many runs of different sources a process works on: each
// holds up to three connections.
const runsAtOnce = 4

// lookUpsAtOnce is how many readings look up at once what they lack: each holds a
// connection while its source is asked, however long that takes.
const lookUpsAtOnce = 2

// A queue lets the runs of one source through one at a time, in the order they
// came, and only so many of all sources. Between processes the table of runs
// does the same; see run.take.
type queue struct {
	slots   *semaphore.Weighted
	lookUps *semaphore.Weighted

	mu      sync.Mutex
	sources map[string]*waiting
	closed  bool
	running sync.WaitGroup
}

// waiting is the turn of one source and how many want it.
type waiting struct {
	turn *semaphore.Weighted
	n    int
}

func newQueue() *queue {
	return &queue{slots: semaphore.NewWeighted(runsAtOnce), lookUps: semaphore.NewWeighted(lookUpsAtOnce), sources: map[string]*waiting{}}
}

// enter waits for the source's turn and for a slot; leave gives both back.
func (q *queue) enter(ctx context.Context, source string) (leave func(), err error) {
	w, err := q.join(source)
	if err != nil {
		return nil, err
	}
	if err := w.turn.Acquire(ctx, 1); err != nil {
		q.part(source, w)
		return nil, canceled("wait for the source's turn", err)
	}
	if err := q.slots.Acquire(ctx, 1); err != nil {
		w.turn.Release(1)
		q.part(source, w)
		return nil, canceled("wait for a free run", err)
	}
	return func() {
		q.slots.Release(1)
		w.turn.Release(1)
		q.part(source, w)
	}, nil
}

func (q *queue) join(source string) (*waiting, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, &plugin.Error{Kind: plugin.Canceled, Msg: "Roster is stopping", Hint: "send the push again once it runs"}
	}
	w := q.sources[source]
	if w == nil {
		w = &waiting{turn: semaphore.NewWeighted(1)}
		q.sources[source] = w
	}
	w.n++
	q.running.Add(1)
	return w, nil
}

func (q *queue) part(source string, w *waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.n--; w.n == 0 {
		delete(q.sources, source)
	}
	q.running.Done()
}

// close lets nobody in any more and waits for those inside.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.running.Wait()
}
