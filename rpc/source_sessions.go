package rpc

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// openSources are the sources that a host has opened, by the names of their
// sessions. It is safe for concurrent use.
type openSources struct {
	log     *zap.Logger
	most    int
	idle    time.Duration
	closing sync.WaitGroup // those that nobody else waits for

	mu   sync.Mutex // guards what follows, and users of each
	open map[string]*openSource
	last int  // the number of the newest session
	over bool // nothing is opened any more
}

// An openSource is a source that a host has opened.
type openSource struct {
	plugin.Source
	of     plugin.SourceType
	log    *zap.Logger
	ctx    context.Context // ends when the source is closed
	stop   context.CancelFunc
	puller puller

	inHand sync.WaitGroup // requests that are with it
	users  int            // how many
	idle   *time.Timer    // closes it
}

func newOpenSources(l Limits, log *zap.Logger) *openSources {
	return &openSources{log: log, most: l.MaxOpenSources, idle: time.Duration(l.SourceIdleMs) * time.Millisecond, open: map[string]*openSource{}}
}

// add takes a source in and names its session; one that it does not take is
// closed.
func (all *openSources) add(source plugin.Source, of plugin.SourceType) (string, error) {
	ctx, stop := context.WithCancel(context.Background())
	o := &openSource{Source: source, of: of, log: all.log, ctx: ctx, stop: stop, puller: newPuller()}
	session, err := all.enlist(o)
	if err != nil {
		all.end(o)
	}
	return session, err
}

func (all *openSources) enlist(o *openSource) (string, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.over {
		return "", errCanceled
	}
	if len(all.open) >= all.most {
		return "", &plugin.Error{
			Kind: plugin.Overloaded, Msg: fmt.Sprintf("%d sources are open already", all.most),
			Hint: "close those that are done with (source/close); the limit is in the answer to initialize",
		}
	}
	all.last++
	session := strconv.Itoa(all.last)
	all.open[session] = o
	o.idle = time.AfterFunc(all.idle, func() { all.expire(session) })
	return session, nil
}

// enter gives an open source to a request, which leaves it when it is done.
func (all *openSources) enter(session string) (*openSource, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	o := all.open[session]
	if o == nil {
		return nil, all.notOpen(session)
	}
	o.idle.Stop()
	o.users++
	o.inHand.Add(1)
	return o, nil
}

func (all *openSources) leave(o *openSource) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if o.users--; o.users == 0 && o.ctx.Err() == nil {
		o.idle.Reset(all.idle)
	}
	o.inHand.Done()
}

func (all *openSources) notOpen(session string) error {
	return &plugin.Error{
		Kind: plugin.NotFound, Path: "/session", Msg: "there is no open source " + quoteShort(session),
		Hint: fmt.Sprintf("open it anew: it was closed, or not asked anything for %v", all.idle),
	}
}

// expire closes a source that nobody has asked anything for long.
func (all *openSources) expire(session string) {
	all.mu.Lock()
	o := all.open[session]
	if o == nil || o.users > 0 { // a request came just before us
		all.mu.Unlock()
		return
	}
	delete(all.open, session)
	all.closing.Add(1)
	all.mu.Unlock()
	defer all.closing.Done()
	all.log.Info("an open source was closed: it was not asked anything", zap.String("type", o.of.Name), zap.Duration("for", all.idle))
	all.end(o)
}

// remove closes a source and gives the error of that.
func (all *openSources) remove(session string) error {
	all.mu.Lock()
	o := all.open[session]
	delete(all.open, session)
	all.mu.Unlock()
	if o == nil {
		return all.notOpen(session)
	}
	return o.close()
}

// close closes all sources, now and for ever.
func (all *openSources) close() {
	all.mu.Lock()
	all.over = true
	open := all.open
	all.open = nil
	all.mu.Unlock()
	for _, o := range open {
		o.stop()
	}
	for _, o := range open {
		all.end(o)
	}
	all.closing.Wait()
}

// end closes a source where nobody is told what went wrong with that.
func (all *openSources) end(o *openSource) {
	if err := o.close(); err != nil {
		all.log.Debug("an open source did not close well", zap.String("type", o.of.Name), zap.Error(err))
	}
}

// close ends what is in hand with the source, its reading, and then itself.
func (o *openSource) close() error {
	o.stop()
	if o.idle != nil {
		o.idle.Stop()
	}
	o.inHand.Wait()
	o.puller.wait()
	if c, ok := o.Source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
