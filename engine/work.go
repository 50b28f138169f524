package engine

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// glance is how often the inbox and the outbox are looked into though nobody has
// said that there is something: other processes fill them too.
const glance = 5 * time.Second

// Work does what nobody waits for, until ctx ends: it ends the runs of processes
// that died, acts on events, and delivers changes to targets that others
// registered. Several processes may work at once. It returns nil.
func (e *Engine) Work(ctx context.Context) error {
	if err := e.Resume(ctx); err != nil && ctx.Err() == nil {
		e.log.Warn("runs that were interrupted could not be taken over", zap.Error(err))
	}
	inbox := e.newInboxWorker()
	defer inbox.group.Wait()
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { e.repeat(ctx, "act on events", e.inbox, inbox.look) })
	e.repeat(ctx, "deliver changes", e.deliveries(), e.deliver)
	return nil
}

// guarded makes an error of a mistake of ours in what nobody waits for: it must
// not end the process.
func (e *Engine) guarded(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			e.log.Error("panic", zap.Any("panic", fault), zap.Stack("stack"))
			err = &plugin.Error{Kind: plugin.Internal, Msg: "a mistake of Roster's stopped the run", Hint: "its log says more"}
		}
	}()
	return f()
}

// repeat does work until ctx ends: when the time it gave is over, or when told
// that there is something to do.
func (e *Engine) repeat(ctx context.Context, what string, told <-chan struct{}, work func(context.Context) (time.Duration, error)) {
	for ctx.Err() == nil {
		next, err := work(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Warn("Roster could not "+what+"; it tries again", zap.Error(err))
		}
		if next <= 0 || next > glance {
			next = glance
		}
		select {
		case <-ctx.Done():
		case <-told:
		case <-time.After(next):
		}
	}
}
