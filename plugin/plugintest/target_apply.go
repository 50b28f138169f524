package plugintest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
)

// applyChecks hold a target to what it promises of changes.
func applyChecks() []Check[Shelf] {
	return []Check[Shelf]{
		{
			Name: "a target can be registered",
			Why:  "one without a proper name, or that accepts nothing, is refused",
			Run: func(t T, s Shelf) {
				if err := new(plugin.Registry).AddTarget(s.Info, s.Target); err != nil {
					t.Errorf("AddTarget() = %v", err)
				}
			},
		},
		{
			Name: "Apply makes the changes",
			Why:  "what is not written is missing, and nobody is told",
			Run: func(t T, s Shelf) {
				s.apply(t, s.creates()...)
				s.expect(t, "three were created", s.Records...)
			},
		},
		{
			Name: "of each change there is one outcome, with its key",
			Why:  "a change without an outcome is sent again, for ever",
			Run: func(t T, s Shelf) {
				changes := s.creates()
				var want, got []string
				for _, c := range changes {
					want = append(want, c.Key)
				}
				for _, o := range s.send(t, changes...) {
					got = append(got, o.Key)
				}
				slices.Sort(got)
				if slices.Sort(want); !slices.Equal(got, want) {
					t.Errorf("Apply() has outcomes for %q, want %q", got, want)
				}
			},
		},
		{
			Name: "no changes are no error",
			Why:  "a run with nothing to do would fail",
			Run: func(t T, s Shelf) {
				if outcomes := s.send(t); len(outcomes) > 0 {
					t.Errorf("Apply() of nothing has %d outcomes", len(outcomes))
				}
			},
		},
		{
			Name: "a change that comes again is not made twice",
			Why:  "its outcome may be lost on the way; people would be there twice",
			Run: func(t T, s Shelf) {
				create := creation("again", s.Records[0])
				s.apply(t, create)
				s.apply(t, create)
				s.expect(t, "one was created, and its change sent twice", s.Records[0])
			},
		},
		{
			Name: "changes are made in their order",
			Why:  "an older state would stay",
			Run: func(t T, s Shelf) {
				mine, other := s.Records[0], s.Records[0]
				other.Attrs = s.Records[1].Attrs
				rows := s.apply(t, creation("made", mine))[0].Rows
				s.apply(t,
					plugin.Change{Key: "there", Op: plugin.Update, ID: "1", Record: other, Rows: rows},
					plugin.Change{Key: "and back", Op: plugin.Update, ID: "1", Record: mine, Rows: rows})
				s.expect(t, "one was changed and changed back", mine)
			},
		},
		{
			Name:  "one that cannot be made does not keep others from it",
			Why:   "one bad record would hold up a company",
			Needs: func(s Shelf) bool { return s.Refused != nil },
			Run: func(t T, s Shelf) {
				s.send(t, creation("first", s.Records[0]), creation("bad", *s.Refused), creation("last", s.Records[1]))
				s.expect(t, "of three one was refused", s.Records[:2]...)
			},
		},
		{
			Name:  "the outcome of a change that was not made has an *Error with a kind",
			Why:   "Roster tries again what may pass, and tells the rest to an operator",
			Needs: func(s Shelf) bool { return s.Refused != nil },
			Run: func(t T, s Shelf) {
				outcome := s.send(t, creation("bad", *s.Refused))
				var e *plugin.Error
				if len(outcome) == 1 && (!errors.As(outcome[0].Err, &e) || e.Kind == "") {
					t.Errorf("a record that is refused has the outcome %v, want a *plugin.Error with a Kind", outcome[0].Err)
				}
			},
		},
		{
			Name: "Apply ends soon after ctx does, and what has no outcome can be sent again",
			Why:  "an operator who stops a run waits for it",
			Run: func(t T, s Shelf) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				changes := s.creates()
				within(t, soon, "Apply", func() {
					outcomes, err := s.Target.Apply(ctx, changes)
					if err == nil && len(outcomes) < len(changes) {
						t.Errorf("Apply() after a cancellation = %d outcomes and no error", len(outcomes))
					}
				})
				s.apply(t, changes...)
				s.expect(t, "a call was canceled, and sent again", s.Records...)
			},
		},
		{
			Name: "Apply may be called by many at a time",
			Why:  "a retry runs beside a run",
			Run: func(t T, s Shelf) {
				within(t, patience, "Apply", func() { s.crowd(t) })
				s.expect(t, "each was created by a call of its own", s.Records...)
			},
		},
		{
			Name: "a target that is closed has ended",
			Why:  "connections and goroutines pile up in a process that runs for months",
			Run: func(t T, s Shelf) {
				if c, ok := s.Target.(io.Closer); ok {
					within(t, soon, "Close", func() {
						if err := c.Close(); err != nil {
							t.Errorf("Close() = %v", err)
						}
					})
				}
			},
		},
	}
}

// creates are the changes that create the records.
func (s Shelf) creates() []plugin.Change {
	var changes []plugin.Change
	for _, r := range s.Records {
		changes = append(changes, creation("create "+r.UID, r))
	}
	return changes
}

func creation(key string, r plugin.Record) plugin.Change {
	return plugin.Change{Key: key, Op: plugin.Create, ID: "of " + r.UID, Source: "directory", Record: r}
}

// send applies changes; the check fails where that is an error.
func (s Shelf) send(t T, changes ...plugin.Change) (outcomes []plugin.Outcome) {
	t.Helper()
	within(t, patience, "Apply", func() {
		var err error
		if outcomes, err = s.Target.Apply(t.Context(), changes); err != nil {
			t.Errorf("Apply() = %v", err)
		}
	})
	return outcomes
}

// apply sends changes that are to be made, and gives their outcomes in their order.
func (s Shelf) apply(t T, changes ...plugin.Change) []plugin.Outcome {
	t.Helper()
	byKey := map[string]plugin.Outcome{}
	for _, o := range s.send(t, changes...) {
		byKey[o.Key] = o
	}
	outcomes := make([]plugin.Outcome, len(changes))
	for i, c := range changes {
		if outcomes[i] = byKey[c.Key]; outcomes[i].Err != nil {
			t.Errorf("%s of %s = %v", c.Op, c.Record.UID, outcomes[i].Err)
		}
	}
	return outcomes
}

// crowd has each record created by a goroutine of its own.
func (s Shelf) crowd(t T) {
	errs := make(chan error, len(s.Records))
	for _, c := range s.creates() {
		go func() {
			_, err := s.Target.Apply(t.Context(), []plugin.Change{c})
			errs <- err
		}()
	}
	for range s.Records {
		if err := <-errs; err != nil {
			t.Errorf("Apply() = %v", err)
		}
	}
}

// expect compares what is held, row by row, with what ought to be.
func (s Shelf) expect(t T, what string, want ...plugin.Record) {
	t.Helper()
	held := s.Holds()
	if diff := contentOf(held...).differs(contentOf(want...)); diff != "" || len(held) != len(want) {
		t.Errorf("%s: %s are held, mismatch (-want +got):%s", what, fmt.Sprint(len(held), " rows"), diff)
	}
}
