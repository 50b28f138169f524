package plugintest

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// A T is what a check needs of a *testing.T.
type T interface {
	Context() context.Context
	Helper()
	Cleanup(f func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any) // ends the check; only for the goroutine that runs it
}

// A Check is a promise of an adapter. S is what it is held to: a [System] or a
// [Shelf].
type Check[S any] struct {
	Name  string       // the promise
	Why   string       // what comes of breaking it
	Needs func(S) bool // whether it can be told; nil: always
	Run   func(T, S)
}

// A Result is what a check came to.
type Result struct {
	Name, Why string
	Told      bool     // whether it could be told
	Faults    []string // none: the promise is kept
}

// Run runs checks outside of a test, one after the other, each on what start
// gives it.
func Run[S any](ctx context.Context, checks []Check[S], start func(T) S) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for _, c := range checks {
			if !yield(run(ctx, c, start)) {
				return
			}
		}
	}
}

func run[S any](ctx context.Context, c Check[S], start func(T) S) Result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &trial{ctx: ctx}
	told := false
	done := make(chan struct{})
	go func() { // Fatalf ends a goroutine, not the caller
		defer close(done)
		defer t.cleanUp()
		s := start(t)
		if told = c.Needs == nil || c.Needs(s); told {
			c.Run(t, s)
		}
	}()
	<-done
	return Result{c.Name, c.Why, told || len(t.faults) > 0, t.faults}
}

// runTests makes each check a subtest; what cannot be told is logged.
func runTests[S any](t *testing.T, checks []Check[S], start func(T) S) {
	t.Helper()
	probe := start(t)
	for _, c := range checks {
		if c.Needs != nil && !c.Needs(probe) {
			t.Logf("cannot be told here: %s", c.Name)
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			c.Run(t, start(t))
			if t.Failed() {
				t.Logf("why it matters: %s", c.Why)
			}
		})
	}
}

// A trial is a T outside of a test.
type trial struct {
	ctx context.Context

	mu       sync.Mutex // guards what follows
	faults   []string
	cleanups []func()
}

func (t *trial) Context() context.Context { return t.ctx }
func (t *trial) Helper()                  {}

func (t *trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

func (t *trial) cleanUp() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

func (t *trial) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

func (t *trial) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

const (
	// soon is how long something may take that is to happen soon.
	soon = 2 * time.Second
	// patience is how long a call may take that does its work.
	patience = time.Minute
	// quiet is how long is looked on for something that must not happen.
	quiet = 20 * time.Millisecond
)

// within runs f and is not held up by it.
func within(t T, limit time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		t.Fatalf("%s has not returned after %v", what, limit)
	}
}
