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
	log    *zap.Logger
	open   func(context.Context) (*engine.Engine, error)
	resume func(*engine.Engine, context.Context) error // what the dead left undone
	ctx    context.Context                             // of the attempts
	stop   context.CancelFunc

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

// newDatabase begins to open a database. Once it is open, resume is called
// beside whatever else it is used for.
func newDatabase(
	log *zap.Logger, open func(context.Context) (*engine.Engine, error), resume func(*engine.Engine, context.Context) error,
) *database {
	ctx, stop := context.WithCancel(context.Background())
	d := &database{log: log, open: open, resume: resume, ctx: ctx, stop: stop, wait: firstWait}
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
			d.takeOver(a.engine)
		}
	}()
	return a
}

// takeOver ends the runs of processes that died. What keeps it from that is no
// fault of the host's, whose next push of the source does it as well.
func (d *database) takeOver(e *engine.Engine) {
	if err := d.safeResume(e); err != nil && d.ctx.Err() == nil {
		d.log.Warn("runs that were interrupted could not be taken over", zap.Error(err))
	}
}

func (d *database) safeResume(e *engine.Engine) (err error) {
	defer rescue(d.log, "taking over interrupted runs", &err)
	return d.resume(e, d.ctx)
}

func (d *database) safeOpen() (e *engine.Engine, err error) {
	defer rescue(d.log, "opening the database", &err)
	return d.open(d.ctx)
}

// close stops opening and taking over, and closes the engine.
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
