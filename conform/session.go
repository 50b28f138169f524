package conform

import (
	"encoding/json"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// A session is an open source as the wire has it.
type session struct {
	*talk
	name string
}

// openSession opens a source of the type with options.
func (s *Subject) openSession(k *talk, options json.RawMessage) session {
	k.t.Helper()
	var opened plugin.OpenResult
	k.must("source/open", s.openParams(options), &opened)
	return session{k, opened.Session}
}

func (s *Subject) openParams(options json.RawMessage) plugin.OpenParams {
	return plugin.OpenParams{SourceType: s.Type.Name, Name: "conform", Options: options}
}

// begin opens a source in a process of its own.
func (s *Subject) begin(t plugintest.T) session {
	t.Helper()
	return s.openSession(s.connect(t), s.adapter.options())
}

// readOne gives the next record, with what comes beside it.
func (o session) readOne() plugin.ReadResult {
	o.t.Helper()
	return o.readFrom(nil, 1)
}

func (o session) readFrom(state json.RawMessage, most int) (r plugin.ReadResult) {
	o.t.Helper()
	o.must("source/read", plugin.ReadParams{Session: o.name, State: state, MaxRecords: most}, &r)
	return r
}

// ack acknowledges what was read.
func (o session) ack(r plugin.ReadResult) {
	o.t.Helper()
	if len(r.Pages) > 0 || hasState(r) {
		o.must("source/ack", plugin.SessionParams{Session: o.name}, nil)
	}
}

func hasState(r plugin.ReadResult) bool { return r.State != nil && string(r.State) != "null" }

// rest reads on to the end and gives all answers.
func (o session) rest(most int) []plugin.ReadResult {
	o.t.Helper()
	return o.restFrom(nil, most)
}

func (o session) restFrom(state json.RawMessage, most int) []plugin.ReadResult {
	o.t.Helper()
	var all []plugin.ReadResult
	for {
		r := o.readFrom(state, most)
		state = nil
		all = append(all, r)
		o.ack(r)
		if r.Done {
			return all
		}
	}
}

// recordsOf are the records of answers, in their order.
func recordsOf(answers ...plugin.ReadResult) []plugin.Record {
	var records []plugin.Record
	for _, r := range answers {
		records = append(records, plugin.Ungroup(r.Pages)...)
	}
	return records
}

// A content is records by their names, as JSON: of one that came twice the later
// counts.
type content map[plugin.Ref]string

func contentOf(records []plugin.Record) content {
	c := content{}
	for _, r := range records {
		if text, err := json.Marshal(r); err == nil && r.UID != "" {
			c[r.Ref()] = string(text)
		}
	}
	return c
}

// expect fails the check where records are not those that were read at first.
func (s *Subject) expect(t plugintest.T, what string, got []plugin.Record) {
	t.Helper()
	was, is := contentOf(s.holds), contentOf(got)
	missing, other := 0, 0
	for ref, text := range was {
		switch now, ok := is[ref]; {
		case !ok:
			missing++
		case now != text:
			other++
		}
	}
	if more := len(is) - len(was) + missing; missing+other+more > 0 {
		t.Errorf("%s: of %d records %d are missing, %d are otherwise, and %d are there besides", what, len(was), missing, other, more)
	}
}

// sessionChecks hold an adapter to what is agreed on about sessions.
func sessionChecks() []check {
	return []check{
		{
			name:  "nothing more is given before what was read is acknowledged",
			why:   "a directory of a million would pile up where the database is slow, and be lost when it fails",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				o := s.begin(t)
				first := o.readOne()
				o.refuses("a read before the acknowledgement", o.call("source/read", plugin.ReadParams{Session: o.name}), codeConflict)
				o.ack(first)
				s.expect(t, "a read out of turn, and then on", recordsOf(append(o.rest(0), first)...))
			},
		},
		{
			name:  "an acknowledgement of nothing is a conflict",
			why:   "it stands for a page that the other side lost, and nobody would know",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				o := s.begin(t)
				ack := plugin.SessionParams{Session: o.name}
				o.refuses("source/ack before any read", o.call("source/ack", ack), codeConflict)
				o.ack(o.readOne())
				o.refuses("a second source/ack", o.call("source/ack", ack), codeConflict)
			},
		},
		{
			name:  "the read after the end begins anew",
			why:   "sessions are kept for the next run, which would find an empty directory",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				o := s.begin(t)
				o.rest(0)
				s.expect(t, "a second reading in the same session", recordsOf(o.rest(0)...))
			},
		},
		{
			name:  "two sessions at a time do not disturb each other",
			why:   "a source is looked up, tested and retried while it is read",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				one := s.begin(t)
				other := s.openSession(one.talk, s.adapter.options())
				if one.name == other.name {
					t.Fatalf("two sessions have one name")
				}
				first := one.readOne()
				between := recordsOf(other.rest(0)...)
				one.ack(first)
				s.expect(t, "read while another session was being read", between)
				s.expect(t, "read on after another session was read", recordsOf(slices.Insert(one.rest(0), 0, first)...))
			},
		},
		{
			name:  "a session that was closed is answered with 1009 and the path /session",
			why:   "Roster opens another where it is answered so, and gives up where it is not",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				o := s.begin(t)
				o.must("source/close", plugin.SessionParams{Session: o.name}, nil)
				m := o.call("source/read", plugin.ReadParams{Session: o.name})
				o.refuses("source/read after source/close", m, codeNotFound)
				if m.Error != nil && m.Error.Data.Path != "/session" {
					t.Errorf("the error's path is %.40q, want /session", m.Error.Data.Path)
				}
			},
		},
		{
			name:  "a session may be closed in the middle of a reading",
			why:   "it is how a run is stopped; what goes on reading holds connections",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				o := s.begin(t)
				o.readOne()
				o.must("source/close", plugin.SessionParams{Session: o.name}, nil)
				again := s.openSession(o.talk, s.adapter.options())
				s.expect(t, "read in a new session", recordsOf(again.rest(0)...))
			},
		},
	}
}
