package plugintest

import (
	"context"
	"errors"

	"github.com/nocobase-roster/roster/plugin"
)

// endChecks hold a source to how a reading ends.
func endChecks() []Check[System] {
	return []Check[System]{
		{
			Name: "when emit fails Read gives up and returns that error",
			Why:  "what could not be kept would be taken for kept",
			Run: func(t T, s System) {
				full := errors.New("the disk is full")
				for _, at := range []int{1, 2} {
					r := &reader{emit: func(n int) error {
						if n >= at {
							return full
						}
						return nil
					}}
					r.run(t.Context(), t, open(t, s), plugin.Request{})
					if !errors.Is(r.err, full) {
						t.Errorf("emit failed with page %d: Read() = %v, want %v", at, r.err, full)
					}
					if n := len(r.pages()); n > at {
						t.Errorf("emit failed with page %d and was called %d times more", at, n-at)
					}
				}
			},
		},
		{
			Name: "emit is not called after Read has returned",
			Why:  "the run is over then, and its connection another's",
			Run: func(t T, s System) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r := &reader{emit: func(int) error { cancel(); return nil }}
				r.run(ctx, t, open(t, s), plugin.Request{})
				settle()
				if _, late := r.misused(); late {
					t.Errorf("emit was called after Read had returned")
				}
			},
		},
		{
			Name: "Read ends soon after ctx does, with ctx's error",
			Why:  "an operator who stops a run waits for it",
			Run: func(t T, s System) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r := &reader{emit: func(int) error { cancel(); return nil }}
				r.run(ctx, t, open(t, s), plugin.Request{})
				if !errors.Is(r.err, context.Canceled) {
					t.Errorf("canceled with the first page: Read() = %v, want %v", r.err, context.Canceled)
				}
				if n := len(r.pages()); n > 2 {
					t.Errorf("canceled with the first page, and %d more came", n-1)
				}
			},
		},
		{
			Name:  "Read ends soon after ctx does while the system keeps it waiting",
			Why:   "an operator who stops a run waits for it",
			Needs: func(s System) bool { return s.Stall != nil },
			Run: func(t T, s System) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				source, waiting := open(t, s), s.Stall()
				ended := make(chan error, 1)
				go func() {
					_, err := source.Read(ctx, plugin.Request{}, new(reader).take)
					ended <- err
				}()
				within(t, patience, "the first call to the system", func() { <-waiting })
				cancel()
				within(t, soon, "Read", func() {
					if err := <-ended; !errors.Is(err, context.Canceled) {
						t.Errorf("canceled while it waited: Read() = %v, want %v", err, context.Canceled)
					}
				})
			},
		},
		{
			Name:  "Read returns an error rather than less than all there is",
			Why:   "whoever is not in a reading is taken for gone",
			Needs: func(s System) bool { return s.Break != nil },
			Run: func(t T, s System) {
				if r := broken(t, s, open(t, s)); r.err == nil && r.lacks(s) {
					t.Errorf("the system failed in the middle, and Read() returned no error")
				}
			},
		},
		{
			Name:  "a Reading is Complete only when every call on the way succeeded",
			Why:   "whoever is not in a complete reading is removed",
			Needs: func(s System) bool { return s.Break != nil },
			Run: func(t T, s System) {
				if r := broken(t, s, open(t, s)); r.reading.Complete && r.lacks(s) {
					t.Errorf("the system failed in the middle, and the Reading is Complete")
				}
			},
		},
		{
			Name:  "the error is an *Error with a kind",
			Why:   "Roster and its operators act on the kind",
			Needs: func(s System) bool { return s.Break != nil },
			Run: func(t T, s System) {
				err := broken(t, s, open(t, s)).err
				var e *plugin.Error
				if err != nil && (!errors.As(err, &e) || e.Kind == "" || e.Msg == "") {
					t.Errorf("Read() = %v, a %T; want a *plugin.Error with a Kind and a Msg", err, err)
				}
			},
		},
		{
			Name:  "a source retries what may pass by itself",
			Why:   "one lost packet would end a night's run",
			Needs: func(s System) bool { return s.Break != nil },
			Run: func(t T, s System) {
				want := contentOf(mustRead(t, open(t, s), plugin.Request{}).records()...)
				r := &reader{emit: func(n int) error {
					if n == 1 {
						s.Break(1)
					}
					return nil
				}}
				r.run(t.Context(), t, open(t, s), plugin.Request{})
				if diff := contentOf(r.records()...).differs(want); diff != "" || r.err != nil {
					t.Errorf("one call failed: Read() = %v, mismatch (-want +got):%s", r.err, diff)
				}
			},
		},
		{
			Name: "Counts says how many records of each type there are",
			Why:  "where fewer arrive nothing is taken for gone; where it is wrong, nothing ever is",
			Run: func(t T, s System) {
				r := mustRead(t, open(t, s), plugin.Request{})
				came := contentOf(r.records()...).counts()
				for typ, n := range r.reading.Counts {
					if n != came[typ] {
						t.Errorf("Reading.Counts has %d of type %s, and %d came", n, typ, came[typ])
					}
				}
			},
		},
	}
}

// broken reads a source whose system fails for good after the first page.
func broken(t T, s System, source plugin.Source) *reader {
	t.Helper()
	r := &reader{emit: func(n int) error {
		if n == 1 {
			s.Break(-1)
		}
		return nil
	}}
	r.run(t.Context(), t, source, plugin.Request{})
	return r
}

// lacks says whether something that the system holds did not come.
func (r *reader) lacks(s System) bool {
	return len(contentOf(r.records()...)) < len(contentOf(s.Holds...))
}
