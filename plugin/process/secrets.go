package process

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/nocobase-roster/roster/plugin"
)

// blank stands for a secret.
const blank = "***"

const (
	maxSecrets = 10_000 // texts that are kept out of what an adapter says, the newest
	leastLine  = 3      // bytes of a line of a secret that is one itself, and no brace
)

// secrets are the texts that an adapter was given and that are not to be
// repeated. It is safe for concurrent use.
type secrets struct {
	mu    sync.Mutex // guards what follows
	known map[string]bool
	order []string          // of known, the oldest first
	blank *strings.Replacer // nil: there are none
}

// learn notes the secrets in the options of a source: what its type's schema
// calls writeOnly, wherever that is, and everything where there is no schema.
func (s *secrets) learn(t plugin.SourceType, options json.RawMessage) {
	var schema, value any
	_ = json.Unmarshal(t.OptionsSchema, &schema) // without a schema all is secret
	d := json.NewDecoder(bytes.NewReader(options))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return // there are no options
	}
	names := map[string]bool{}
	secretNames("", schema, names)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]bool{}
	}
	before := len(s.order)
	s.collect(value, names, schema == nil)
	if len(s.order) > before {
		s.forget(len(s.order) - maxSecrets)
		s.compile()
	}
}

// secretNames collects the names of properties that are writeOnly.
func secretNames(name string, schema any, names map[string]bool) {
	switch node := schema.(type) {
	case map[string]any:
		if node["writeOnly"] == true {
			names[name] = true
		}
		for inner, value := range node {
			secretNames(nameOf(name, inner), value, names)
		}
	case []any:
		for _, value := range node {
			secretNames(name, value, names)
		}
	}
}

// nameOf is the name of the property that a member of a schema is about: a
// keyword is about the one that the schema is about.
func nameOf(name, member string) string {
	switch member {
	case "items", "anyOf", "oneOf", "allOf", "if", "then", "else", "prefixItems", "additionalProperties":
		return name
	}
	return member
}

// collect takes the texts below value that are secret.
func (s *secrets) collect(value any, names map[string]bool, secret bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			s.collect(inner, names, secret || names[name])
		}
	case []any:
		for _, inner := range v {
			s.collect(inner, names, secret)
		}
	case string:
		s.take(v, secret)
	case json.Number:
		s.take(v.String(), secret)
	}
}

func (s *secrets) take(text string, secret bool) {
	if !secret {
		return
	}
	quoted, _ := json.Marshal(text) // text can be written
	for _, form := range []string{text, url.QueryEscape(text), url.PathEscape(text), string(quoted[1 : len(quoted)-1])} {
		s.add(form)
	}
	for line := range strings.SplitSeq(text, "\n") { // a key in PEM is said line by line
		if line = strings.TrimSpace(line); len(line) >= leastLine {
			s.add(line)
		}
	}
}

func (s *secrets) add(text string) {
	if text != "" && !s.known[text] {
		s.known[text] = true
		s.order = append(s.order, text)
	}
}

// forget forgets the n oldest: a token that is a new one with every reading must
// not fill the memory.
func (s *secrets) forget(n int) {
	for range n {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
}

// compile makes the replacer: of two secrets of which one begins with the other
// the longer one goes first.
func (s *secrets) compile() {
	var pairs []string
	texts := slices.Clone(s.order)
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	for _, text := range texts {
		pairs = append(pairs, text, blank)
	}
	s.blank = strings.NewReplacer(pairs...)
}

// hide gives text without the secrets in it.
func (s *secrets) hide(text string) string {
	s.mu.Lock()
	replacer := s.blank
	s.mu.Unlock()
	if replacer == nil {
		return text
	}
	return replacer.Replace(text)
}
