package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// open opens a source, which is closed when the check ends.
func open(t T, s System) plugin.Source {
	t.Helper()
	return openLogging(t, s, zap.NewNop())
}

func openLogging(t T, s System, log *zap.Logger) plugin.Source {
	t.Helper()
	source, err := s.Open(log)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if c, ok := source.(io.Closer); ok {
			c.Close() //nolint:errcheck // there is a check for it
		}
	})
	return source
}

// A reader reads a source and looks on.
type reader struct {
	emit func(n int) error // what emit does with the nth page, from 1; nil: it keeps the page

	reading plugin.Reading
	err     error

	mu       sync.Mutex // guards what follows: a source may go on when it must not
	taken    []plugin.Page
	emitting bool
	twice    bool // emit was called while it was called
	returned bool
	late     bool // emit was called after Read had returned
}

// read has the source read everything, or what req says.
func read(t T, s plugin.Source, req plugin.Request) *reader {
	t.Helper()
	r := &reader{}
	r.run(t.Context(), t, s, req)
	return r
}

// mustRead fails the check where the source cannot be read.
func mustRead(t T, s plugin.Source, req plugin.Request) *reader {
	t.Helper()
	r := read(t, s, req)
	if r.err != nil {
		t.Fatalf("Read() = %v", r.err)
	}
	return r
}

func (r *reader) run(ctx context.Context, t T, s plugin.Source, req plugin.Request) {
	t.Helper()
	within(t, patience, "Read", func() {
		r.reading, r.err = s.Read(ctx, req, r.take)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.returned = true
	})
}

func (r *reader) take(p plugin.Page) error {
	r.mu.Lock()
	r.twice = r.twice || r.emitting
	r.late = r.late || r.returned
	r.emitting = true
	r.taken = append(r.taken, plugin.Page{Records: slices.Clone(p.Records), State: slices.Clone(p.State)})
	n := len(r.taken)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.emitting = false
	}()
	if r.emit == nil {
		return nil
	}
	return r.emit(n)
}

// pages are what came so far.
func (r *reader) pages() []plugin.Page {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// misused says whether emit was called while it was called, and whether after
// Read had returned.
func (r *reader) misused() (twice, late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.twice, r.late
}

// records are all that came, in their order.
func (r *reader) records() []plugin.Record {
	var all []plugin.Record
	for _, p := range r.pages() {
		all = append(all, p.Records...)
	}
	return all
}

// A content is records by their names, as JSON.
type content map[plugin.Ref]string

// contentOf is what records come to: of a record that is there twice the later
// one counts. What is no record is left out; there is a check for that.
func contentOf(records ...plugin.Record) content {
	c := content{}
	for _, r := range records {
		if text, err := json.Marshal(r); err == nil && r.UID != "" {
			c[r.Ref()] = string(text)
		}
	}
	return c
}

// differs says how it differs from another; nothing when it does not.
func (c content) differs(want content) string {
	var b strings.Builder
	for ref := range maps.Keys(want) {
		switch text, ok := c[ref]; {
		case !ok:
			fmt.Fprintf(&b, "\n- %s %q", ref.Type, ref.UID)
		case text != want[ref]:
			fmt.Fprintf(&b, "\n- %s\n+ %s", want[ref], text)
		}
	}
	for ref := range c {
		if _, ok := want[ref]; !ok {
			fmt.Fprintf(&b, "\n+ %s %q", ref.Type, ref.UID)
		}
	}
	return b.String()
}

func (c content) counts() map[plugin.Type]int {
	n := map[plugin.Type]int{}
	for ref := range c {
		n[ref.Type]++
	}
	return n
}

// settle waits for what may still happen and must not: that nothing happens can
// only be seen by looking on.
func settle() { <-time.After(quiet) }
