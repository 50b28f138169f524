package conform

import (
	"net/http"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// powerChecks hold a source to what its type declares that it can do besides.
func powerChecks() []check {
	looksUp := can("lookup", func(s *Subject) bool { return s.Type.Capabilities.Lookup })
	tests := can("check", func(s *Subject) bool { return s.Type.Capabilities.Check })
	checks := promises(looksUp,
		"Only asks for these records alone",
		"every record of Only is emitted, Gone or Hidden",
	)
	checks = append(checks, promises(tests,
		"Check finds a source that can be read to be in order",
		"Sample is up to 10 records as they would be synchronized",
	)...)
	return append(checks, check{
		name:  "a callback that nobody signed is refused and brings no event",
		why:   "anybody could have people removed",
		lacks: can("webhook", func(s *Subject) bool { return s.Type.Capabilities.Webhook }),
		run: func(t plugintest.T, s *Subject) {
			o := s.begin(t)
			forged := plugin.NewWebhook(plugin.Callback{Method: http.MethodPost, Body: []byte(`{"dataType":"user","uid":"conform","gone":true}`)})
			forged.Session = o.name
			var got plugin.WebhookResult
			o.must("source/webhook", forged, &got)
			if got.Status < http.StatusBadRequest || len(got.Events) > 0 {
				t.Errorf("it is answered with status %d and %d events", got.Status, len(got.Events))
			}
		},
	})
}
