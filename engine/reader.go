package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// readSource reads a source and holds it to what it promises: no page is taken
// once emit or ctx has failed, nor after Read has returned, and a panic is an
// error.
func (e *Engine) readSource(ctx context.Context, s plugin.Source, req plugin.Request, emit func(plugin.Page) error) (reading plugin.Reading, err error) {
	t := &taker{ctx: ctx, emit: emit}
	defer func() {
		if fault := recover(); fault != nil {
			e.log.Error("an adapter panicked", zap.String("panic", panicText(fault)), zap.Stack("stack"))
			err = &plugin.Error{Kind: plugin.Internal, Msg: "the adapter has a mistake and broke off", Hint: "Roster's log says where"}
		}
		if failed := t.end(); failed != nil { // whatever the source makes of it
			err = failed
		}
		if err != nil {
			reading = plugin.Reading{}
		}
	}()
	reading, err = s.Read(ctx, req, t.take)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return reading, spoken(err)
}

// panicText is what may be said of what an adapter panicked with: the text of a
// mistake that Go itself found, and the type of anything else, which may be a secret.
func panicText(fault any) string {
	if mistake, ok := fault.(runtime.Error); ok {
		return mistake.Error()
	}
	return fmt.Sprintf("a value of type %T", fault)
}

// spoken is an adapter's error as it may be repeated. What has no kind was not
// written to be read: it may hold a secret.
func spoken(err error) error {
	if _, known := errors.AsType[*plugin.Error](err); err == nil || known || errors.Is(err, context.Canceled) {
		return err
	}
	return &plugin.Error{Kind: plugin.Internal, Msg: "the adapter gave an error without a kind", Hint: "its author is to make it a plugin.Error"}
}

// A taker takes pages one at a time, until one could not be taken.
type taker struct {
	ctx  context.Context
	emit func(plugin.Page) error

	mu     sync.Mutex // held while a page is taken
	failed error
	over   bool
}

func (t *taker) take(page plugin.Page) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over:
		return errors.New("emit was called after Read had returned")
	case t.failed == nil && t.ctx.Err() != nil:
		t.failed = context.Cause(t.ctx)
	case t.failed == nil:
		t.failed = t.emit(page)
	}
	return t.failed
}

// end takes no more pages, and gives the error of the one that could not be taken.
func (t *taker) end() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	return t.failed
}
