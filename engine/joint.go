package engine

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/nocobase-roster/roster/plugin"
)

// maxJoint is how many pushes become one run at most.
const maxJoint = 256

// joints are the pushes that wait for the turn of their source: those that ask
// for the same become one run, and each is answered about its own records.
type joints struct {
	mu   sync.Mutex
	open map[string]*joint // by what they ask for
	here int               // pushes that wait for their answer
}

// A joint is pushes that become one run.
type joint struct {
	shares []*share
	here   int // how many still wait for it
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when all shares have their answer
	fault  any           // what the run panicked with
}

// A share is what one push brings to a run.
type share struct {
	push   Push
	report func(Progress)

	first, last int64               // its records have places after first, up to last
	totals      map[plugin.Type]int // how many they are
	notes       notes

	result *Report
	err    error
}

// join adds a push to those that wait, or begins a joint that run does.
func (js *joints) join(ctx context.Context, s *share, run func(context.Context, *joint, *share)) *joint {
	key := s.key()
	js.mu.Lock()
	defer js.mu.Unlock()
	js.here++
	if j := js.open[key]; j != nil && len(j.shares) < maxJoint {
		j.shares = append(j.shares, s)
		j.here++
		return j
	}
	j := &joint{shares: []*share{s}, here: 1, done: make(chan struct{})}
	ctx, j.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	js.open[key] = j
	go func() {
		defer close(j.done)
		defer j.cancel(nil)
		defer func() { j.fault = recover() }() // for those who wait
		defer js.close(key, j)
		run(ctx, j, s)
	}()
	return j
}

// close lets nobody join any more.
func (js *joints) close(key string, j *joint) []*share {
	js.mu.Lock()
	defer js.mu.Unlock()
	if js.open[key] == j {
		delete(js.open, key)
	}
	return j.shares
}

// wait waits for the answer to a share. Who is canceled leaves: before the run
// has begun its records go with it, and with the last one the run is canceled.
func (js *joints) wait(ctx context.Context, j *joint, s *share) {
	defer func() {
		js.mu.Lock()
		defer js.mu.Unlock()
		js.here--
	}()
	select {
	case <-j.done:
		return
	case <-ctx.Done():
	}
	if !js.leave(ctx, j, s) {
		<-j.done
	}
}

// leave says whether s need not wait: others go on.
func (js *joints) leave(ctx context.Context, j *joint, s *share) bool {
	js.mu.Lock()
	defer js.mu.Unlock()
	if j.here--; j.here == 0 {
		j.cancel(context.Cause(ctx))
		return false
	}
	if js.open[s.key()] == j {
		j.shares = slices.DeleteFunc(j.shares, func(other *share) bool { return other == s })
	}
	return true
}

// key is what pushes have in common that become one run.
func (s *share) key() string {
	b, _ := json.Marshal([]any{s.push.Source, s.push.MatchKey, s.push.Actor, s.push.Options})
	return string(b)
}
