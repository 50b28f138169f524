package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// opened are the sources that have been opened, each once for as long as it is
// set up the same: what it keeps (a token, a connection) serves again.
type opened struct {
	mu      sync.Mutex // guards what follows
	sources map[string]*openSource
	closed  bool
}

type openSource struct {
	plugin.Source
	of    *setup
	users int  // who use it now
	old   bool // nobody gets it any more
}

func newOpened() *opened { return &opened{sources: map[string]*openSource{}} }

// open gives the source that s sets up. It is used until release is called.
func (o *opened) open(ctx context.Context, e *Engine, s *setup) (source plugin.Source, release func(), err error) {
	if open := o.get(s); open != nil {
		return open.Source, func() { o.release(e.log, open) }, nil
	}
	driver, err := e.adapters.Driver(s.SourceType)
	if err != nil {
		return nil, nil, err
	}
	if driver.Open == nil {
		return nil, nil, &plugin.Error{
			Kind: plugin.Unsupported, Msg: "sources of type " + s.SourceType + " are not read", Hint: "others push their records: see userData:push",
		}
	}
	log := e.log.With(zap.String("source", s.Name), zap.String("sourceType", s.SourceType))
	made, err := driver.Open(ctx, plugin.Setup{Name: s.Name, Options: s.Options, Log: log})
	if err != nil {
		return nil, nil, err
	}
	open := o.put(e.log, s, made)
	return open.Source, func() { o.release(e.log, open) }, nil
}

func (o *opened) get(s *setup) *openSource {
	o.mu.Lock()
	defer o.mu.Unlock()
	open := o.sources[s.Name]
	if open == nil || open.of.SourceType != s.SourceType || !bytes.Equal(open.of.Options, s.Options) {
		return nil
	}
	open.users++
	return open
}

// put takes a source in, in the place of one that was set up otherwise.
func (o *opened) put(log *zap.Logger, s *setup, made plugin.Source) *openSource {
	o.mu.Lock()
	defer o.mu.Unlock()
	if before := o.sources[s.Name]; before != nil {
		before.old = true
		before.closeUnused(log)
	}
	open := &openSource{Source: made, of: s, users: 1, old: o.closed}
	o.sources[s.Name] = open
	return open
}

func (o *opened) release(log *zap.Logger, s *openSource) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.users--
	s.closeUnused(log)
}

// forget has the sources for which which holds closed once nobody uses them, and
// opened anew by whoever needs them next.
func (o *opened) forget(log *zap.Logger, which func(*setup) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, s := range o.sources {
		if which(s.of) {
			s.old = true
			s.closeUnused(log)
			delete(o.sources, name)
		}
	}
}

// close forgets all sources; who opens one yet has it closed after use.
func (o *opened) close(log *zap.Logger) {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.forget(log, func(*setup) bool { return true })
}

func (s *openSource) closeUnused(log *zap.Logger) {
	closer, ok := s.Source.(io.Closer)
	if s.users > 0 || !s.old || !ok {
		return
	}
	if err := closer.Close(); err != nil && !errors.Is(err, context.Canceled) {
		log.Warn("a source could not be closed", zap.String("kind", string(plugin.KindOf(err))))
	}
}
