package conform

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// A Verdict is what a check came to.
type Verdict string

// The verdicts.
const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped" // it could not be told
)

// A Result says what a check came to.
type Result struct {
	Group   string   `json:"group"` // what the promise is about
	Name    string   `json:"name"`  // the promise
	Why     string   `json:"why"`   // what comes of breaking it
	Verdict Verdict  `json:"verdict"`
	Missing string   `json:"missing,omitempty"` // why it could not be told
	Faults  []string `json:"faults,omitempty"`  // what was found; no secret of the options, no value of a record
	TookMs  int64    `json:"tookMs"`            // milliseconds
}

// Run makes the checks, one after the other, each with processes of its own that
// have ended when its result comes. It ends early with ctx.
func (s *Subject) Run(ctx context.Context) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for _, c := range checks() {
			if ctx.Err() != nil || !yield(s.make(ctx, c)) {
				return
			}
		}
	}
}

// make makes one check.
func (s *Subject) make(ctx context.Context, c check) Result {
	r := Result{Group: c.group, Name: c.name, Why: c.why, Verdict: Skipped}
	if c.lacks != nil {
		if r.Missing = c.lacks(s); r.Missing != "" {
			return r
		}
	}
	began := time.Now()
	r.Verdict, r.Faults = s.tell(ctx, c)
	r.TookMs = time.Since(began).Milliseconds()
	return r
}

// tell makes a check that can be told. At its limit the processes are ended,
// which ends whatever waits for them.
func (s *Subject) tell(ctx context.Context, c check) (Verdict, []string) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.adapter.limit(), fmt.Errorf("the %v of a check are over", s.adapter.limit()))
	defer cancel()
	var faults []string
	one := []plugintest.Check[*Subject]{{Run: c.run}}
	for r := range plugintest.Run(ctx, one, func(plugintest.T) *Subject { return s }) {
		for _, fault := range r.Faults {
			faults = append(faults, s.discreet.Replace(fault))
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		faults = append(faults, context.Cause(ctx).Error())
	}
	if len(faults) > 0 {
		return Failed, faults
	}
	return Passed, nil
}
