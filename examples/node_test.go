//go:build nocobase

package examples_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/plugin"
)

func TestSkeletonsInNodeKeepAllPromises(t *testing.T) { keeps(t, "node") }

func TestTheFileForNodeDoesAllItPromises(t *testing.T) { does(t, "node") }

func TestExamplesInNodeConform(t *testing.T) {
	t.Parallel()
	t.Run("csv", func(t *testing.T) {
		t.Parallel()
		e := newExport(t)
		conforms(t, "csv", func(a *conform.Adapter) {
			a.Options, _ = json.Marshal(e.options())
			a.BadOptions = json.RawMessage(`{"file": "nowhere.csv", "columns": {"uid": "No"}}`)
		})
	})
	t.Run("webhook", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(&hook{rows: map[string]plugin.Record{}})
		t.Cleanup(server.Close)
		conforms(t, "webhook", func(a *conform.Adapter) {
			a.Env = append(a.Env, "HOOK_URL="+server.URL, "HOOK_KEY="+hookKey)
			a.Target, a.BadRecords = "webhook", []plugin.Record{{Type: plugin.User, UID: "u9", Attrs: map[string]any{"refused": true}}}
		})
	})
}
