package conform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

const (
	// shortestSecret is how long a secret is to be looked for; "1" is everywhere.
	shortestSecret = 4
	// shortestValue is how long a value of a record is to be looked for.
	shortestValue = 6
)

// privacyChecks hold an adapter to what it must not say.
func privacyChecks() []check {
	return []check{
		{
			name: "no secret of the options is in an answer, a log or on standard error",
			why:  "logs are read by many, and errors are shown and mailed",
			lacks: func(s *Subject) string {
				return cmp.Or(reads(s), missingUnless(len(s.secrets) > 0, "the options hold no secret that their schema marks"))
			},
			run: func(t plugintest.T, s *Subject) {
				k := s.everything(t)
				messages, strays := k.ears.all()
				for _, m := range messages {
					strays = append(strays, string(m.text))
				}
				if says(s.secrets, append(strays, k.stderr.String())...) {
					t.Errorf("a secret of the options was printed")
				}
			},
		},
		{
			name:  "no value of a record is in a log, an error or a step of a test",
			why:   "they are personal data",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				k := s.everything(t)
				messages, _ := k.ears.all()
				if says(valuesOf(s.holds), append(remarks(messages), k.stderr.String())...) {
					t.Errorf("a value of a record was printed")
				}
			},
		},
		{
			name: "what it logs has a level and a message",
			why:  "it is shown where Roster's own log is, and can be filtered as that can",
			lacks: func(s *Subject) string {
				return missingUnless(s.logs, "it logged nothing with $/log while it was read")
			},
			run: func(t plugintest.T, s *Subject) {
				messages, _ := s.everything(t).ears.all()
				for _, m := range slices.DeleteFunc(slices.Clone(messages), func(m message) bool { return !isLog(m) }) {
					checkLog(t, m)
				}
			},
		},
	}
}

func checkLog(t plugintest.T, m message) {
	var entry struct{ Level, Message string }
	if json.Unmarshal(m.Params, &entry) != nil || entry.Message == "" {
		t.Errorf("$/log has no message")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, entry.Level) {
		t.Errorf("$/log has the level %.20q, want debug, info, warn or error", entry.Level)
	}
}

// everything has a process do all that it can with the options there are, and
// end.
func (s *Subject) everything(t plugintest.T) *talk {
	t.Helper()
	k := s.connect(t)
	if s.Type != nil {
		s.work(k)
	}
	k.ping()
	k.hangUp()
	if _, ok := k.exits(grace); !ok {
		k.end()
	}
	return k
}

// work opens, tests, reads and looks up, whatever comes of it.
func (s *Subject) work(k *talk) {
	for _, options := range [][]byte{s.adapter.options(), s.adapter.BadOptions, s.adapter.FaultOptions} {
		var opened plugin.OpenResult
		if options == nil || k.Call(k.t.Context(), "source/open", s.openParams(options), &opened) != nil {
			continue
		}
		o := session{k, opened.Session}
		if s.Type.Capabilities.Check {
			k.call("source/check", plugin.SessionParams{Session: o.name})
		}
		records := o.end().records
		if s.Type.Capabilities.Lookup && len(records) > 0 {
			k.call("source/lookup", plugin.LookupParams{Session: o.name, Refs: []plugin.Ref{records[0].Ref()}})
		}
		k.call("source/close", plugin.SessionParams{Session: o.name})
	}
}

// remarks are what messages say besides records.
func remarks(messages []message) []string {
	var all []string
	for _, m := range messages {
		var checked plugin.CheckResult
		switch {
		case m.Method != "":
			all = append(all, string(m.text))
		case m.Error != nil:
			all = append(all, m.Error.Message, m.Error.Data.Hint, m.Error.Data.Path)
		case decode(m.Result, &checked) == nil:
			for _, step := range checked.Steps {
				all = append(all, step.Message, step.Hint)
			}
		}
	}
	return all
}

// says says whether one of the texts holds one of the words, as it is or as JSON
// has it.
func says(words []string, texts ...string) bool {
	for _, word := range words {
		for _, text := range texts {
			if strings.Contains(text, word) || strings.Contains(text, inJSON(word)) {
				return true
			}
		}
	}
	return false
}

// inJSON is a text as JSON has it, without the quotes.
func inJSON(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(text) //nolint:errcheck // text can be written
	return strings.Trim(strings.TrimSpace(b.String()), `"`)
}

// valuesOf are the texts of records that are long enough to be looked for.
func valuesOf(records []plugin.Record) []string {
	var values []string
	for _, r := range records {
		for _, value := range r.Attrs {
			if text, ok := value.(string); ok && len(text) >= shortestValue {
				values = append(values, text)
			}
		}
	}
	return values
}

// learnSecrets notes what must not be said: by the adapter, nor by us.
func (s *Subject) learnSecrets() {
	if s.Type != nil {
		of := readSchema(s.Type.OptionsSchema)
		for _, text := range s.adapter.allOptions() {
			var options any
			if json.Unmarshal(text, &options) == nil {
				s.secrets = append(s.secrets, secretsOf(of, options)...)
			}
		}
	}
	s.secrets = slices.DeleteFunc(s.secrets, func(text string) bool { return len(text) < shortestSecret })
	var pairs []string
	for _, text := range append(valuesOf(s.holds), s.secrets...) {
		pairs = append(pairs, text, "…", inJSON(text), "…")
	}
	s.discreet = strings.NewReplacer(pairs...)
}
