package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// everything gives all that is in all tables of the database.
func (c *company) everything() string {
	c.Helper()
	tables := `SELECT '"' || name || '"' FROM sqlite_master WHERE type = 'table'`
	if c.db.Dialect() == "postgres" {
		tables = `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`
	}
	var b strings.Builder
	for _, table := range c.list(tables) {
		for _, line := range c.list(`SELECT * FROM ` + table) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// The clear text of a secret is in no answer, no error, no entry of the log, and
// in no table.
func TestSecretsOfSourcesAreNowhere(t *testing.T) {
	secrets := []string{"hunter2-token", "hunter2-pass", "hunter2-key", "hunter2-short", "hunter2-place", "hunter2-again"}
	each(t, func(c *company) {
		c.withVaults()
		var seen []string
		see := func(answer any, err error) {
			raw, _ := json.Marshal(answer)
			seen = append(seen, string(raw), fmt.Sprintf("%+v %#v", answer, answer), fmt.Sprint(err))
		}
		const options = `{"url":"https://a.example","token":"hunter2-token","login":{"user":"u","pass/word":"hunter2-pass"},"tenants":[{"id":"1","key":"hunter2-key"}]}`
		see(c.engine.CreateSource(c.Context(), draft("corp", "vault", options)))
		see(c.engine.CreateSource(c.Context(), draft("corp", "vault", options)))
		see(c.engine.CreateSource(c.Context(), draft("bad", "vault", `{"token":["hunter2-short"],"login":"hunter2-pass","mode":"hunter2-place","sync":"hunter2-key","url":"hunter2 token"}`)))
		see(c.engine.CreateSource(c.Context(), draft("bad", "vault", `{"token":"hunter2-short",}`)))
		see(c.engine.CreateSource(c.Context(), draft("bad", "ldap", options)))
		see(c.engine.ValidateSource(c.Context(), "corp", draft("", "", `{"token":"hunter2-short","pages":"hunter2-pass"}`)))
		d := draft("", "", options)
		see(c.engine.TestSource(c.Context(), "corp", &d))
		see(c.engine.UpdateSource(c.Context(), "corp", draft("people", "", `{"url":"https://a.example","token":"hunter2-again"}`)))
		see(c.engine.Sources(c.Context()))
		see(c.engine.Source(c.Context(), "people"))
		see(c.engine.TestSource(c.Context(), "people", nil))
		see(c.engine.Push(c.Context(), engine.Push{Source: "people", Bodies: bodies([]engine.Body{users(`{"uid":"a"}`)})}, nil))
		see(c.engine.RotateSecrets(c.Context()))
		c.hand(`UPDATE {userDataSyncSources} SET name = 'moved', id = id + 10`)
		see(c.engine.TestSource(c.Context(), "moved", nil))
		see(c.engine.RotateSecrets(c.Context()))
		for _, entry := range c.logs.All() {
			seen = append(seen, fmt.Sprint(entry.Message, entry.ContextMap()))
		}
		seen = append(seen, c.everything())
		all := strings.Join(seen, "\n")
		for _, want := range []string{"vault stays shut", "cannot be decrypted", "opened", "roster:v1:"} {
			if !strings.Contains(all, want) {
				c.Errorf("%q was not seen at all: the test looks at nothing", want)
			}
		}
		for _, secret := range secrets {
			if i := strings.Index(all, secret); i >= 0 {
				c.Errorf("%s is in …%s…", secret, all[max(0, i-200):min(len(all), i+50)])
			}
		}
	})
}
