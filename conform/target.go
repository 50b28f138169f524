package conform

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// writes is what is missing to write to a target.
func writes(s *Subject) string {
	return missingUnless(s.Target != nil, "no target was named: --target has sample records written to one, and removed again")
}

// targetChecks hold an adapter to what its target does with changes.
func targetChecks() []check {
	return []check{
		{
			name: "of each change there is one outcome, with its key",
			why:  "a change without an outcome is sent again, for ever",
			lacks: func(s *Subject) string {
				return cmp.Or(writes(s), missingUnless(s.batches, "it does not answer target/apply"))
			},
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				changes := w.creations()
				var want, got []string
				for _, c := range changes {
					want = append(want, c.Key)
				}
				for _, o := range w.apply(changes...) {
					got = append(got, o.Key)
				}
				slices.Sort(want)
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Errorf("%d changes have %d outcomes, or outcomes of other keys", len(want), len(got))
				}
			},
		},
		{
			name:  "the sample records can be created, and every one has a row then",
			why:   "what is not written is missing, and nobody is told",
			lacks: writes,
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				for _, o := range w.apply(w.creations()...) {
					if o.Err != nil || len(o.Rows) == 0 {
						t.Errorf("a creation has %d rows, and the error %v", len(o.Rows), o.Err)
					}
				}
			},
		},
		{
			name:  "a change that comes again is not made twice",
			why:   "its outcome may be lost on the way; people would be there twice",
			lacks: writes,
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				c := w.creations()[0]
				first, again := w.one(c), w.one(c)
				if !slices.Equal(first.Rows, again.Rows) {
					t.Errorf("the same change came twice, and has other rows the second time")
				}
			},
		},
		{
			name: "a change that cannot be made says what to do, and does not keep the next from being made",
			why:  "one bad record would hold up a company",
			lacks: func(s *Subject) string {
				return cmp.Or(writes(s), missingUnless(len(s.adapter.BadRecords) > 0, "no --bad-records"))
			},
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				bad, good := w.creation(s.adapter.BadRecords[0]), w.creations()[0]
				made := map[string]plugin.Outcome{}
				for _, o := range w.apply(bad, good) {
					made[o.Key] = o
				}
				if e, ok := errors.AsType[*plugin.Error](made[bad.Key].Err); !ok || e.Hint == "" && e.Path == "" {
					t.Errorf("a bad record comes to %v, want an error with a hint or a path", made[bad.Key].Err)
				}
				if o := made[good.Key]; o.Err != nil || len(o.Rows) == 0 {
					t.Errorf("the change after a bad record has %d rows, and the error %v", len(o.Rows), o.Err)
				}
			},
		},
		{
			name:  "changes that come at a time are all made",
			why:   "two runs may write to it, and a retry beside them: what it refuses then is late, what it mixes up is wrong",
			lacks: writes,
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				var calls sync.WaitGroup
				some := w.creations()
				for _, c := range some[:min(2, len(some))] {
					calls.Go(func() {
						outcomes, err := w.target.Apply(t.Context(), []plugin.Change{c})
						for _, o := range outcomes {
							w.note(c, o.Rows)
							err = cmp.Or(err, o.Err)
						}
						if err != nil || len(outcomes) != 1 {
							t.Errorf("one of two changes at a time has %d outcomes, and the error %v", len(outcomes), err)
						}
					})
				}
				calls.Wait()
			},
		},
		{
			name:  "an update keeps to the rows that it names",
			why:   "a record would be created again with every change",
			lacks: writes,
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				c := w.creations()[0]
				rows := w.one(c).Rows
				c.Key, c.Op, c.Rows = w.key("update"), plugin.Update, rows
				if o := w.one(c); o.Rows != nil && !slices.Equal(o.Rows, rows) {
					t.Errorf("an update of a row has other rows as its outcome")
				}
			},
		},
		{
			name:  "a removal leaves no rows",
			why:   "people who left would stay",
			lacks: writes,
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				c := w.creations()[0]
				if o := w.one(w.removal(c.Record, w.one(c).Rows)); len(o.Rows) > 0 {
					t.Errorf("a record that was removed has %d rows", len(o.Rows))
				}
			},
		},
		{
			name: "the removal of a record that has no row is nothing to do",
			why:  "a change that can never be made is tried for ever",
			lacks: func(s *Subject) string {
				return cmp.Or(writes(s), missingUnless(s.batches, "it does not answer target/apply"))
			},
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				if o := w.one(w.removal(w.records[0], nil)); len(o.Rows) > 0 {
					t.Errorf("the removal of nothing has %d rows", len(o.Rows))
				}
			},
		},
		{
			name:  "a target that it does not have is refused",
			why:   "changes would go where nobody looks for them",
			lacks: writes,
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				c := w.creations()[0]
				other := plugin.Peer{Caller: w.talk}.Target("conform-never", s.batches, false)
				outcomes, err := other.Apply(t.Context(), []plugin.Change{c})
				if err == nil && (len(outcomes) != 1 || outcomes[0].Err == nil) {
					t.Errorf("a change of a target that is not there is made")
				}
			},
		},
		{
			name: "a row is found by a value of its record, and no error comes of a value that nobody has",
			why:  "people who are there would be created a second time",
			lacks: func(s *Subject) string {
				return cmp.Or(writes(s), missingUnless(s.finds, "it does not answer target/find"))
			},
			run: func(t plugintest.T, s *Subject) {
				w := s.writer(t)
				c := w.creations()[0]
				rows := w.one(c).Rows
				field, value := s.known(c.Record)
				found, err := w.target.(plugin.Finder).Find(t.Context(), plugin.Query{Type: c.Record.Type, Field: field, Values: []string{value, "conform-nobody"}})
				if err != nil || len(found) != 1 || !slices.Contains(rows, found[0].Row) || found[0].Value != value {
					t.Errorf("of one record %d rows are found by %s, with the error %v", len(found), field, err)
				}
			},
		},
	}
}

// A writer writes to the target, and removes at the end of the check what it
// wrote.
type writer struct {
	*talk
	target  plugin.Target
	tag     string // in the keys, uids and values of this check alone
	records []plugin.Record

	mu   sync.Mutex // guards rows
	rows map[plugin.Ref][]string
}

func (s *Subject) writer(t plugintest.T) *writer {
	t.Helper()
	w := &writer{talk: s.connect(t), tag: rand.Text()[:8], rows: map[plugin.Ref][]string{}}
	w.target = plugin.Peer{Caller: w.talk}.Target(s.Target.Name, s.batches, s.finds)
	w.records = s.samples(w.tag)
	t.Cleanup(w.clear)
	return w
}

// samples are the records that are written: those given, else some made up.
func (s *Subject) samples(tag string) []plugin.Record {
	if len(s.adapter.Records) > 0 {
		return s.adapter.Records
	}
	var records []plugin.Record
	for i := range 3 {
		name := fmt.Sprintf("conform-%s-%d", tag, i+1)
		attrs := map[string]any{"title": name}
		if s.Target.Accepts[0] == plugin.User {
			attrs = map[string]any{"nickname": name, "username": name, "email": name + "@example.com"}
		}
		records = append(records, plugin.Record{Type: s.Target.Accepts[0], UID: name, Attrs: attrs})
	}
	return records
}

// known is a field of a record by which it can be found.
func (*Subject) known(r plugin.Record) (field, value string) {
	for _, field := range []string{"username", "email", "phone", "title", "nickname"} {
		if text, ok := r.Attrs[field].(string); ok {
			return field, text
		}
	}
	return "uid", r.UID
}

func (w *writer) key(what string) string { return "conform-" + w.tag + "-" + what }

func (w *writer) creations() []plugin.Change {
	var changes []plugin.Change
	for _, r := range w.records {
		changes = append(changes, w.creation(r))
	}
	return changes
}

func (w *writer) creation(r plugin.Record) plugin.Change {
	return plugin.Change{Key: w.key("create " + r.UID), Op: plugin.Create, ID: "1", Source: "conform", Record: r}
}

func (w *writer) removal(r plugin.Record, rows []string) plugin.Change {
	r.Deleted = true
	return plugin.Change{Key: w.key("delete " + r.UID), Op: plugin.Delete, ID: "1", Source: "conform", Record: r, Rows: rows}
}

// apply makes changes and notes the rows.
func (w *writer) apply(changes ...plugin.Change) []plugin.Outcome {
	w.t.Helper()
	outcomes, err := w.target.Apply(w.t.Context(), changes)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	for _, o := range outcomes {
		for _, c := range changes {
			if c.Key == o.Key {
				w.note(c, o.Rows)
			}
		}
	}
	return outcomes
}

// note remembers what is to be removed at the end.
func (w *writer) note(c plugin.Change, rows []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(rows) > 0 {
		w.rows[c.Record.Ref()] = rows
	}
}

// one makes one change, which is to succeed.
func (w *writer) one(c plugin.Change) plugin.Outcome {
	w.t.Helper()
	outcomes := w.apply(c)
	if len(outcomes) == 0 {
		w.t.Fatalf("a change has no outcome")
	}
	if outcomes[0].Err != nil {
		w.t.Errorf("%s: %v", c.Op, outcomes[0].Err)
	}
	return outcomes[0]
}

// clear removes what was written.
func (w *writer) clear() {
	for _, r := range w.records {
		if rows := w.rows[r.Ref()]; len(rows) > 0 {
			w.target.Apply(w.t.Context(), []plugin.Change{w.removal(r, rows)}) //nolint:errcheck // the check is over
		}
	}
}
