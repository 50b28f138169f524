package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// How changes are delivered: how long a run waits for targets, a target may take
// for a batch, and a change that was sent is left to whoever sent it; how long
// after a failure it is sent again, at first and at most.
const (
	deliverWithin = 10 * time.Second
	applyWithin   = 30 * time.Second
	claimLease    = applyWithin + 15*time.Second
	firstBackoff  = time.Second
	lastBackoff   = time.Hour
)

// An outbox is what this process knows of deliveries. It is safe for concurrent
// use.
type outbox struct {
	wake   chan struct{} // holds one when something may have become due
	within time.Duration // see deliverWithin
	claims atomic.Int64

	mu    sync.Mutex      // guards rests
	rests map[string]rest // by target
}

// A rest is given to a target that failed as a whole.
type rest struct {
	until    time.Time
	failures int // one after the other
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), within: deliverWithin, rests: map[string]rest{}}
}

// poke says that something may have become due.
func (o *outbox) poke() {
	signal(o.wake)
}

// hurry ends all rests.
func (o *outbox) hurry() {
	o.mu.Lock()
	clear(o.rests)
	o.mu.Unlock()
	o.poke()
}

// resting says how long a target is left alone yet.
func (o *outbox) resting(target string) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(0, time.Until(o.rests[target].until))
}

// answered notes how a target fared as a whole, and whether it did some of what
// it was to do.
func (o *outbox) answered(target string, some bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if some || err == nil {
		delete(o.rests, target)
	}
	if err != nil {
		failures := o.rests[target].failures + 1
		o.rests[target] = rest{time.Now().Add(backoff(failures, err)), failures}
	}
}

// backoff is how long to wait after so many failures, or as long as err says.
func backoff(failures int, err error) time.Duration {
	wait := min(firstBackoff<<min(failures-1, 20), lastBackoff)
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		wait = max(wait, e.RetryAfter)
	}
	return wait
}

// deliveries receives when something may have become due: then, and when the
// time that deliver gave is over, deliver is to be called.
func (e *Engine) deliveries() <-chan struct{} { return e.outbox.wake }

// deliver hands all that is due to the targets that are there now; what a run
// has made is the run's own until that has ended. It says after what time
// something may be due again; 0 while no target is there. The error is one of the
// database: how a target fares harms nobody else.
func (e *Engine) deliver(ctx context.Context) (next time.Duration, err error) {
	const free = `(SELECT count(*) FROM {runs} a WHERE a.id = o.run AND a.finished_at IS NULL) = 0`
	if err := e.deliverTo(ctx, e.peers(), free); err != nil {
		return 0, err
	}
	for _, p := range e.peers() {
		wait, err := e.due(ctx, p.Name, free)
		if err != nil {
			return 0, err
		}
		next = min(cmp.Or(next, glance), max(wait, e.outbox.resting(p.Name), poll))
	}
	return next, nil
}

// due is how long it takes until something is due for a target.
func (e *Engine) due(ctx context.Context, target, which string) (time.Duration, error) {
	var at struct{ Now, Due schema.Timestamp }
	err := e.db.On(e.db).Get(ctx, &at, `SELECT `+e.db.Now(0)+` AS now, (SELECT min(o.due_at) FROM {outbox} o WHERE o.target = ? AND `+which+` AND `+foremost+`) AS due`, target)
	if err != nil || at.Due.IsZero() {
		return glance, told(ctx, schema.Wrap(err, "see what is due"))
	}
	return at.Due.Sub(at.Now.Time), nil
}

// deliver delivers what the run has made, before it says how it ended. What
// takes too long is left to whoever delivers after it.
func (r *run) deliver(ctx context.Context) {
	if !r.fed {
		return
	}
	e := r.engine
	ctx, cancel := context.WithTimeout(ctx, e.outbox.within)
	defer cancel()
	if err := e.deliverTo(ctx, e.peers(), fmt.Sprintf("o.run = %d", r.id)); err != nil && ctx.Err() == nil {
		e.log.Warn("what a run has made could not be delivered; it is tried again", zap.Int64("run", r.id), zap.Error(err))
	}
}

// deliverTo delivers to peers at the same time, except that each waits for those
// that it is to come after.
func (e *Engine) deliverTo(ctx context.Context, peers []peer, which string) error {
	done := make([]chan struct{}, len(peers))
	for i := range done {
		done[i] = make(chan struct{})
	}
	var group errgroup.Group
	for i, p := range peers {
		group.Go(func() error {
			defer close(done[i])
			for n, other := range peers[:i] {
				if slices.Contains(p.After, other.Name) || slices.Contains(other.Before, p.Name) {
					<-done[n]
				}
			}
			return e.deliverAll(ctx, p, which)
		})
	}
	return told(ctx, group.Wait())
}

// mayClaim says whether there is time to send more: for a run, the first half of
// the time that it waits, so that what it has sent can be answered.
func (e *Engine) mayClaim(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(end) > e.outbox.within/2)
}

// deliverAll delivers to a peer, batch by batch, until nothing is due or it
// fails as a whole.
func (e *Engine) deliverAll(ctx context.Context, p peer, which string) error {
	for e.mayClaim(ctx) && e.outbox.resting(p.Name) == 0 {
		d, err := e.claim(ctx, p.Name, which)
		if err != nil || len(d.rows) == 0 {
			return err
		}
		changes := d.changes()
		outcomes, failed := d.send(ctx, p.target, changes)
		e.outbox.answered(p.Name, len(outcomes) > 0, failed)
		if failed != nil {
			e.log.Warn("a target could not be delivered to", zap.String("target", p.Name), zap.String("kind", string(plugin.KindOf(failed))))
		}
		if err := d.settle(ctx, d.judge(changes, outcomes, failed)); err != nil {
			return err
		}
	}
	return nil
}
