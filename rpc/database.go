package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// The waits between attempts to open the database: the first, doubled after
// each failure, and the longest.
const (
	firstWait   = time.Second
	longestWait = 30 * time.Second
)

// A database is an engine that is being opened, has been opened, or could not
// be. It is safe for concurrent use.
type database struct {
	log  *zap.Logger
	open func(context.Context) (*engine.Engine, error)
	work func(*engine.Engine, context.Context) error // what nobody waits for
	ctx  context.Context                             // of the attempts and the work
	stop context.CancelFunc

	mu   sync.Mutex // guards what follows
	last *attempt
	wait time.Duration // after the next failure
}

// An attempt is one try at opening. Its other fields are set when done is closed.
type attempt struct {
	done   chan struct{}
	ended  chan struct{} // closed when nothing works on its engine by itself any more
	engine *engine.Engine
	err    error
	next   time.Time // not before then is it tried again
}

// newDatabase begins to open a database. Once it is open, work is called beside
// whatever else it is used for.
func newDatabase(
	log *zap.Logger, open func(context.Context) (*engine.Engine, error), work func(*engine.Engine, context.Context) error,
) *database {
	ctx, stop := context.WithCancel(context.Background())
	d := &database{log: log, open: open, work: work, ctx: ctx, stop: stop, wait: firstWait}
	d.last = d.try()
	return d
}

// get waits for the engine. After a failure it tries again, when the wait is
// over; before that it gives the failure at once.
func (d *database) get(ctx context.Context) (*engine.Engine, error) {
	a := d.current()
	select {
	case <-a.done:
		return a.engine, a.failure()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *database) current() *attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err, done := d.last.state(); done && err != nil && !time.Now().Before(d.last.next) {
		d.last = d.try()
	}
	return d.last
}

// peek gives the last attempt, without making another.
func (d *database) peek() *attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// try begins an attempt.
func (d *database) try() *attempt {
	a := &attempt{done: make(chan struct{}), ended: make(chan struct{})}
	wait := d.wait
	d.wait = min(2*d.wait, longestWait)
	go func() {
		defer close(a.ended)
		a.engine, a.err = d.safeOpen()
		a.next = time.Now().Add(wait)
		if a.err != nil && d.ctx.Err() == nil { // nobody else broke it off
			d.log.Error("the database could not be opened", zap.Error(a.err))
		}
		close(a.done)
		if a.err == nil {
			d.labor(a.engine)
		}
	}()
	return a
}

// labor does what nobody waits for until the database is closed. What keeps it
// from that is no fault of the host's: a push of a source goes on with a run
// that was interrupted as well.
func (d *database) labor(e *engine.Engine) {
	if err := d.safeWork(e); err != nil && d.ctx.Err() == nil {
		d.log.Warn("the work in the background has ended: runs that were interrupted, events and what is to be delivered wait for the next start", zap.Error(err))
	}
}

func (d *database) safeWork(e *engine.Engine) (err error) {
	defer rescue(d.log, "working in the background", &err)
	return d.work(e, d.ctx)
}

func (d *database) safeOpen() (e *engine.Engine, err error) {
	defer rescue(d.log, "opening the database", &err)
	return d.open(d.ctx)
}

// close stops opening and working, and closes the engine.
func (d *database) close() error {
	d.stop()
	a := d.peek()
	<-a.ended
	if a.engine == nil {
		return nil
	}
	return a.engine.Close()
}

// state says whether the attempt is over, and its error.
func (a *attempt) state() (err error, done bool) {
	select {
	case <-a.done:
		return a.err, true
	default:
		return nil, false
	}
}

// failure gives the error of an attempt that is over; one that may pass says
// when it is tried again.
func (a *attempt) failure() error {
	e, ok := errors.AsType[*plugin.Error](a.err)
	if !ok || !e.Retryable() || e.RetryAfter > 0 {
		return a.err
	}
	again := *e
	again.RetryAfter = max(time.Until(a.next), time.Millisecond)
	return &again
}
