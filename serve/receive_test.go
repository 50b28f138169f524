package serve_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A bell answers callbacks as its options say.
type bell struct {
	plugin.Source
	plugin.Answer
}

func (b bell) Receive(_ context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	b.Body = []byte(c.Method + " " + c.Query + " " + c.Header.Get("X-Signature") + " " + string(c.Body))
	return b.Answer, nil, nil
}

func TestACallbackIsAnsweredByTheSource(t *testing.T) {
	each(t, func(s *site) {
		s.bell("good", plugin.Answer{Status: 202, Header: http.Header{"X-Bell": {"rung"}}})
		got := s.send("POST", "/callback/good?a=1&b=%20", "<xml/>", "")
		if got.status != 202 || got.header.Get("X-Bell") != "rung" || got.body != "POST a=1&b=%20  <xml/>" {
			t.Errorf("answered %+v", got)
		}
	})
}

// What is no status must not become the 200 that net/http writes where nothing
// was written: the system would not send it again.
func TestACallbackThatIsAnsweredWithoutAStatusHasFailed(t *testing.T) {
	each(t, func(s *site) {
		for name, status := range map[string]int{"small": 7, "large": 1000, "informs": 103, "negative": -1} {
			s.bell(name, plugin.Answer{Status: status})
			if got := s.send("POST", "/callback/"+name, "", ""); got.status != http.StatusServiceUnavailable {
				t.Errorf("status %d of a source: answered %d, want 503", status, got.status)
			}
		}
		for _, entry := range s.logs.All() {
			if strings.Contains(entry.Message, "panic") {
				t.Errorf("logged %s: %v", entry.Message, entry.ContextMap()["panic"])
			}
		}
	})
}

// bell adds a source that answers so.
func (s *site) bell(name string, a plugin.Answer) {
	s.Helper()
	driver := plugin.Driver{
		Type: plugin.SourceType{Name: name, Capabilities: plugin.Capabilities{Webhook: true}},
		Open: func(context.Context, plugin.Setup) (plugin.Source, error) { return bell{Answer: a}, nil },
	}
	if err := s.types.AddDriver(driver); err != nil {
		s.Fatal(err)
	}
	if _, err := s.engine.CreateSource(s.Context(), engine.SourceDraft{Name: &name, SourceType: &name, Options: json.RawMessage(`{}`)}); err != nil {
		s.Fatal(err)
	}
}
