package conform

import (
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// mostStates is how many states of parts are gone on from.
const mostStates = 5

// readingChecks hold a source to what it gives.
func readingChecks() []check {
	checks := []check{{
		name: "a source can be opened with good options, and read to its end",
		why:  "there is nothing else that it is for",
		lacks: func(s *Subject) string {
			return missingUnless(s.Type != nil, s.untyped)
		},
		run: func(t plugintest.T, s *Subject) {
			if s.unread != nil {
				t.Errorf("%v", s.unread)
			}
		},
	}}
	checks = append(checks, promises(reads,
		"a record has a type that is declared, and a uid of 1 to 255 characters",
		"a State is any JSON, up to 64 KiB",
		"Counts says how many records of each type there are",
		"a Read goes on after the page whose State it is given",
		"Counts are of all that was emitted, by the Reads that it went on from too",
	)...)
	return append(checks, []check{
		{
			name:  "a reading that is complete counts every type that came",
			why:   "without counts nobody notices that a page was lost on the way, and who was on it is removed",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				answers := s.begin(t).rest(0)
				last := answers[len(answers)-1]
				for _, r := range recordsOf(answers...) {
					if _, counted := last.Counts[r.Type]; last.Complete && !counted {
						t.Fatalf("it is complete, and does not count records of type %q", r.Type)
					}
				}
			},
		},
		{
			name:  "an answer has no more records than maxRecords",
			why:   "who asks for few has no room for more",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				most := s.few()
				for _, r := range s.begin(t).rest(most) {
					if n := len(recordsOf(r)); n > most {
						t.Fatalf("an answer has %d records, want at most %d", n, most)
					}
				}
			},
		},
		{
			name:  "parts of a page come to the page",
			why:   "records fall between two answers",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				s.expect(t, "read in parts", recordsOf(s.begin(t).rest(s.few())...))
			},
		},
		{
			name:  "a state that comes with a part of a page goes on after that part",
			why:   "the rest of the page would be lost when a run is cut off there",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				answers := s.begin(t).rest(s.few())
				states := 0
				for i, r := range answers {
					if !hasState(r) || states == mostStates {
						continue
					}
					states++
					again := s.begin(t).restFrom(r.State, 0)
					s.expect(t, "gone on with from a state", recordsOf(slices.Concat(answers[:i+1], again)...))
				}
			},
		},
		{
			name:  "no answer is larger than limits.maxFrameBytes of who reads it",
			why:   "a message that is too large is thrown away, and the run with it",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				params := greeting(protocolVersion)
				params["limits"] = map[string]int{"maxFrameBytes": leastFrameBytes}
				k.must("initialize", params, nil)
				readUnlessTooLarge(s.openSession(k, s.adapter.options()))
				messages, _ := k.ears.all()
				for _, m := range messages {
					if len(m.text) > leastFrameBytes {
						t.Fatalf("an answer has %d bytes, want at most %d", len(m.text), leastFrameBytes)
					}
				}
			},
		},
	}...)
}

// few is so many records that a reading comes in some twenty parts.
func (s *Subject) few() int { return max(1, len(s.holds)/20) }

// readUnlessTooLarge reads to the end, or to a record that is too large for an
// answer.
func readUnlessTooLarge(o session) {
	for {
		m := o.call("source/read", plugin.ReadParams{Session: o.name})
		var r plugin.ReadResult
		if m.Error != nil || decode(m.Result, &r) != nil || r.Done {
			return
		}
		o.ack(r)
	}
}
