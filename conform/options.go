package conform

import (
	"encoding/json"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// optionChecks hold an adapter to what it does where something is wrong.
func optionChecks() []check {
	bad := given("--bad-options", func(a Adapter) json.RawMessage { return a.BadOptions })
	fault := given("--fault-options", func(a Adapter) json.RawMessage { return a.FaultOptions })
	return []check{
		{
			name:  "options with which it cannot be read are refused: when it is opened, tested or read",
			why:   "an empty directory and a wrong password would look the same",
			lacks: bad,
			run: func(t plugintest.T, s *Subject) {
				if !s.tryBad(s.connect(t)).refused {
					t.Errorf("the bad options are opened, tested and read without a fault")
				}
			},
		},
		{
			name:  "a test with such options has a step that is not OK and says what to do, or an error that does",
			why:   "an operator reads it instead of a manual",
			lacks: bad,
			run: func(t plugintest.T, s *Subject) {
				if said := s.tryBad(s.connect(t)); said.refused && !said.helps {
					t.Errorf("what is wrong with the bad options is said without a hint, and without a path into the options")
				}
			},
		},
		{
			name:  "an error has the kind that its code stands for",
			why:   "Roster tries again, waits, or asks an operator by the kind",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				m := k.call("source/ack", plugin.SessionParams{Session: "conform-never"})
				if m.Error == nil || m.Error.Data.Kind != string(plugin.NotFound) {
					t.Errorf("a session that never was is answered %s and without the kind not-found in data", verdict(m))
				}
			},
		},
		{
			name:  "a reading in which the system failed is not complete",
			why:   "whoever is not in a complete reading is removed",
			lacks: fault,
			run: func(t plugintest.T, s *Subject) {
				if end := s.readFaulty(t); end.failed == nil && end.last.Complete && end.lacks {
					t.Errorf("the system failed in the middle, and the reading is complete")
				}
			},
		},
		{
			name:  "what the system did not give is an error or a warning",
			why:   "a night's run would read half and say that all is well",
			lacks: fault,
			run: func(t plugintest.T, s *Subject) {
				end := s.readFaulty(t)
				if end.failed == nil && !end.last.Complete && end.lacks && len(end.last.Warnings) == 0 {
					t.Errorf("the system failed in the middle, and the reading ends without an error and without warnings")
				}
			},
		},
	}
}

// A trial is how opening, testing and reading with bad options went.
type trial struct{ refused, helps bool }

// tryBad goes as far with the bad options as it comes. Those that the schema of
// the type does not allow are refused by Roster, which says what is wrong.
func (s *Subject) tryBad(k *talk) (said trial) {
	if !accepts(*s.Type, s.adapter.BadOptions) {
		return trial{refused: true, helps: true}
	}
	m := k.call("source/open", s.openParams(s.adapter.BadOptions))
	var opened plugin.OpenResult
	if said.note(m); m.Error != nil || decode(m.Result, &opened) != nil {
		return said
	}
	if s.Type.Capabilities.Check {
		said.note(k.call("source/check", plugin.SessionParams(opened)))
	}
	if !said.refused {
		o := session{k, opened.Session}
		said.note(o.end().answer)
	}
	return said
}

// note takes in an answer.
func (said *trial) note(m message) {
	var checked plugin.CheckResult
	if m.Error == nil && decode(m.Result, &checked) != nil {
		return
	}
	for _, step := range checked.Steps {
		said.refused = said.refused || !step.OK
		said.helps = said.helps || !step.OK && step.Hint != ""
	}
	if m.Error != nil {
		said.refused = true
		said.helps = said.helps || m.Error.Data.Hint != "" || m.Error.Data.Path != ""
	}
}

// An end is how a reading ended.
type end struct {
	answer  message
	failed  *wireError
	last    plugin.ReadResult
	records []plugin.Record
	lacks   bool // something that could be read did not come
}

// end reads until the end or an error.
func (o session) end() (e end) {
	o.t.Helper()
	for {
		e.answer = o.call("source/read", plugin.ReadParams{Session: o.name})
		e.failed, e.last = e.answer.Error, plugin.ReadResult{}
		if e.failed != nil || decode(e.answer.Result, &e.last) != nil || e.last.Done {
			return e
		}
		e.records = append(e.records, recordsOf(e.last)...)
		o.ack(e.last)
	}
}

// readFaulty reads a system that fails in the middle.
func (s *Subject) readFaulty(t plugintest.T) end {
	t.Helper()
	e := s.openSession(s.connect(t), s.adapter.FaultOptions).end()
	e.lacks = len(contentOf(e.records)) < len(contentOf(s.holds))
	return e
}

// decode reads a result; null is as good as nothing.
func decode(text json.RawMessage, v any) error { return json.Unmarshal(text, v) }
