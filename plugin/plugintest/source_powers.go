package plugintest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// lookupChecks hold a source to what it promises of Request.Only.
func lookupChecks() []Check[System] {
	looksUp := func(s System) bool { return s.Type.Capabilities.Lookup && len(s.Holds) > 0 }
	return []Check[System]{
		{
			Name:  "Only asks for these records alone",
			Why:   "an event about one would have all read, or another",
			Needs: looksUp,
			Run: func(t T, s System) {
				source := open(t, s)
				all := mustRead(t, source, plugin.Request{}).records()
				if len(all) == 0 {
					t.Fatalf("Read() emitted nothing")
				}
				some := []plugin.Record{all[0], all[len(all)-1]}
				got := contentOf(read(t, source, only(some[0].Ref(), some[1].Ref())).records()...)
				if diff := got.differs(contentOf(some...)); diff != "" {
					t.Errorf("Read() of two mismatch (-want +got):%s", diff)
				}
			},
		},
		{
			Name:  "every record of Only is emitted, Gone or Hidden",
			Why:   "an event about one that is none of these waits for ever",
			Needs: looksUp,
			Run: func(t T, s System) {
				never := plugin.Ref{Type: s.Holds[0].Type, UID: "never-was-there"}
				r := mustRead(t, open(t, s), only(never, s.Holds[0].Ref()))
				if named := slices.Concat(r.reading.Gone, r.reading.Hidden); !slices.Equal(named, []plugin.Ref{never}) {
					t.Errorf("Read() named %v as gone or hidden, want %v", named, never)
				}
			},
		},
		{
			Name:  "a Read of Only is not Complete",
			Why:   "everybody else would be removed",
			Needs: looksUp,
			Run: func(t T, s System) {
				if mustRead(t, open(t, s), only(s.Holds[0].Ref())).reading.Complete {
					t.Errorf("a Read of one record is Complete")
				}
			},
		},
		{
			Name: "a Reading that asks for confirmation is of a source that can look up",
			Why:  "nothing could be confirmed, and nobody would ever be removed",
			Run: func(t T, s System) {
				if mustRead(t, open(t, s), plugin.Request{}).reading.Confirm && !s.Type.Capabilities.Lookup {
					t.Errorf("the Reading asks for what is missing to be looked up, and the source type declares no Capabilities.Lookup")
				}
			},
		},
		{
			Name:  "a record that is not there any more is named in Gone",
			Why:   "people who left would stay",
			Needs: func(s System) bool { return looksUp(s) && s.Remove != nil },
			Run: func(t T, s System) {
				source, gone := open(t, s), leaver(t, s)
				s.Remove(gone)
				if r := mustRead(t, source, only(gone)); !slices.Equal(r.reading.Gone, []plugin.Ref{gone}) || len(r.records()) > 0 {
					t.Errorf("Read() of a removed record: %d records, Gone %v", len(r.records()), r.reading.Gone)
				}
			},
		},
		{
			Name:  "a record that may be there but cannot be seen is named in Hidden",
			Why:   "people would be removed because a right was taken away",
			Needs: func(s System) bool { return looksUp(s) && s.Hide != nil },
			Run: func(t T, s System) {
				source, hidden := open(t, s), leaver(t, s)
				s.Hide(hidden)
				if r := mustRead(t, source, only(hidden)); !slices.Equal(r.reading.Hidden, []plugin.Ref{hidden}) || len(r.reading.Gone) > 0 {
					t.Errorf("Read() of a hidden record: Hidden %v, Gone %v", r.reading.Hidden, r.reading.Gone)
				}
			},
		},
	}
}

func only(refs ...plugin.Ref) plugin.Request { return plugin.Request{Only: refs} }

// checkerChecks hold a source to what it promises as a Checker.
func checkerChecks() []Check[System] {
	checks := func(s System) bool { return s.Type.Capabilities.Check }
	return []Check[System]{
		{
			Name:  "Check finds a source that can be read to be in order",
			Why:   "an operator would look for a fault that is none",
			Needs: checks,
			Run: func(t T, s System) {
				for _, step := range check(t, s).Steps {
					if !step.OK || step.Name == "" || step.Message == "" {
						t.Errorf("Check() has the step %+v", step)
					}
				}
			},
		},
		{
			Name:  "Sample is up to 10 records as they would be synchronized",
			Why:   "an operator judges the mapping by them",
			Needs: checks,
			Run: func(t T, s System) {
				sample, all := check(t, s).Sample, contentOf(mustRead(t, open(t, s), plugin.Request{}).records()...)
				if len(sample) == 0 || len(sample) > 10 {
					t.Errorf("Check() has a sample of %d", len(sample))
				}
				for _, r := range sample {
					if text, _ := json.Marshal(r); all[r.Ref()] != string(text) {
						t.Errorf("the sample has %s, and Read emits %s", text, all[r.Ref()])
					}
				}
			},
		},
		{
			Name:  "what does not work is a step that is not OK",
			Why:   "an operator is told that all is well, or nothing",
			Needs: func(s System) bool { return checks(s) && s.Break != nil },
			Run: func(t T, s System) {
				s.Break(-1)
				if !slices.ContainsFunc(check(t, s).Steps, func(step plugin.Step) bool { return !step.OK }) {
					t.Errorf("the system fails, and all steps of Check() are OK")
				}
			},
		},
	}
}

func check(t T, s System) (c plugin.Check) {
	t.Helper()
	checker, ok := open(t, s).(plugin.Checker)
	if !ok {
		t.Fatalf("the source is no Checker")
	}
	within(t, patience, "Check", func() {
		var err error
		if c, err = checker.Check(t.Context()); err != nil {
			t.Errorf("Check() = %v", err)
		}
	})
	return c
}

// receiverChecks hold a source to what it promises as a Receiver.
func receiverChecks() []Check[System] {
	return []Check[System]{
		{
			Name:  "Receive turns a callback into events",
			Why:   "changes would be seen at night only",
			Needs: func(s System) bool { return s.Genuine != nil },
			Run: func(t T, s System) {
				callback, want := s.Genuine()
				answer, got := receive(t, s, callback)
				if !slices.Equal(got, want) || answer.Status >= http.StatusBadRequest {
					t.Errorf("Receive() = status %d, %v; want %v", answer.Status, got, want)
				}
			},
		},
		{
			Name:  "a callback that is not what it claims to be is refused and brings no event",
			Why:   "anybody could have people removed",
			Needs: func(s System) bool { return s.Forged != nil },
			Run: func(t T, s System) {
				answer, got := receive(t, s, s.Forged())
				if len(got) > 0 || answer.Status < http.StatusBadRequest {
					t.Errorf("Receive() of a forged callback = status %d, %d events", answer.Status, len(got))
				}
			},
		},
	}
}

func receive(t T, s System, c plugin.Callback) (a plugin.Answer, events []plugin.Event) {
	t.Helper()
	receiver, ok := open(t, s).(plugin.Receiver)
	if !ok {
		t.Fatalf("the source is no Receiver")
	}
	within(t, time.Second, "Receive", func() {
		var err error
		if a, events, err = receiver.Receive(t.Context(), c); err != nil {
			t.Errorf("Receive() = %v", err)
		}
	})
	return a, events
}
