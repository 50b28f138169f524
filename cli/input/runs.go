package input

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/nocobase-roster/roster/engine"
)

// Runs gathers the bodies of a file into runs: those that follow each other
// and are of one source and match key. Departments have no match key; they
// join the users behind them.
type runs struct {
	bodies *chain
	limit  int             // how many bytes of departments are held to learn what stands behind them
	seen   map[string]bool // sources that have had their run; nil where they may have another
	peeked *body           // has been begun and is in no run yet
}

func newRuns(bodies *chain) *runs { return &runs{bodies: bodies, limit: 64 << 20} }

// next gives the next run, or io.EOF. The one before must have been read to
// its end.
func (r *runs) next() (engine.Push, error) {
	first, err := r.peek()
	if err != nil {
		return engine.Push{}, err
	}
	if err := r.again(first); err != nil {
		return engine.Push{}, err
	}
	if r.seen != nil {
		r.seen[sourceOf(first)] = true
	}
	run := engine.Push{Source: first.head[SourceName], MatchKey: r.bodies.given[MatchKey]}
	held, err := r.departments(run.Source)
	if err != nil {
		return engine.Push{}, err
	}
	if n := len(held); n == 0 || !held[n-1].open {
		err = r.matchUsers(&run)
	}
	run.Bodies = func(yield func(engine.Body, error) bool) { r.hand(run, held, yield) }
	return run, err
}

// departments reads ahead the departments that a run begins with, up to a
// limit: the last of them may be open.
func (r *runs) departments(source string) (held []*body, err error) {
	for size := 0; size < r.limit; {
		b, err := r.peek()
		if errors.Is(err, io.EOF) {
			return held, nil
		}
		if err != nil {
			return nil, err
		}
		if !b.isDepartments() || b.head[SourceName] != source {
			return held, nil
		}
		if err := r.take().hold(r.limit - size); err != nil {
			return nil, err
		}
		held = append(held, b)
		size += b.size
	}
	return held, nil
}

// matchUsers gives the run the match key of its first users.
func (r *runs) matchUsers(run *engine.Push) error {
	b, err := r.peek()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil && b.head[SourceName] == run.Source && !b.isDepartments() {
		run.MatchKey = b.head[MatchKey]
	}
	return err
}

// hand gives the engine the bodies of a run: those held, then those that
// belong to it as they are read.
func (r *runs) hand(run engine.Push, held []*body, yield func(engine.Body, error) bool) {
	for _, b := range held {
		if !yield(b.hand(), nil) {
			return
		}
	}
	for {
		b, err := r.peek()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			yield(engine.Body{}, err)
			return
		case !belongs(b, run):
			if err := r.again(b); err != nil {
				yield(engine.Body{}, err)
			}
			return
		case !yield(r.take().hand(), nil):
			return
		}
	}
}

// again says that a source comes a second time that may come only once.
func (r *runs) again(b *body) error {
	if !r.seen[sourceOf(b)] {
		return nil
	}
	return b.from.wrong(fmt.Sprintf("source %.64s comes a second time, and a snapshot is one run of its source", sourceOf(b)),
		"put what is of one source together, with one match key; --match-key gives it one")
}

// sourceOf names the source of a body as the engine does.
func sourceOf(b *body) string { return cmp.Or(b.head[SourceName], "api") }

func belongs(b *body, run engine.Push) bool {
	return b.head[SourceName] == run.Source && (b.isDepartments() || b.head[MatchKey] == run.MatchKey)
}

func (r *runs) peek() (*body, error) {
	if r.peeked != nil {
		return r.peeked, nil
	}
	b, err := r.bodies.next()
	r.peeked = b
	return b, err
}

func (r *runs) take() *body {
	b := r.peeked
	r.peeked = nil
	return b
}
