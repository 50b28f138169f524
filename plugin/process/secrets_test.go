package process

import (
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

// Tokens change with every reading: however many there were, the new ones are hidden.
func TestTheNewestSecretsAreHidden(t *testing.T) {
	var s secrets
	last := ""
	for i := range 30 {
		last = fmt.Sprintf("token-%d", i)
		if i < 10 {
			s.learn(plugin.SourceType{}, fmt.Appendf(nil, `["%s","%s"]`, last, many(i)))
		} else {
			s.learn(plugin.SourceType{}, fmt.Appendf(nil, `["%s"]`, last))
		}
	}
	if got := s.hide(last); got != blank {
		t.Errorf("hide(%s) = %s", last, got)
	}
	if len(s.known) > maxSecrets {
		t.Errorf("%d texts are kept", len(s.known))
	}
}

// many is a secret of many lines.
func many(n int) (text string) {
	for i := range 1000 {
		text += fmt.Sprintf("line %d of %d\\n", i, n)
	}
	return text
}

// The key of a service is JSON, of which some lines are nothing but a brace.
func TestLinesThatAreNoSecretAreLeft(t *testing.T) {
	var s secrets
	s.learn(plugin.SourceType{}, []byte(`{"key":"{\n  \"private_key\": \"a secret key\"\n}"}`))
	for line, want := range map[string]string{`{"users": 3}`: `{"users": 3}`, `bad: "private_key": "a secret key"`: "bad: ***"} {
		if got := s.hide(line); got != want {
			t.Errorf("hide(%s) = %s, want %s", line, got, want)
		}
	}
}
