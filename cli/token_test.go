package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestTokensAreMadeListedAndRevoked(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		made := mustRun(t, exitDone, url, "token", "create", "--name=export", "--source=hr", "--expires=90d")
		token := strings.TrimSpace(made.stdout)
		if !strings.HasPrefix(token, "roster_") || strings.Contains(made.stderr, token) {
			t.Errorf("roster token create prints %q, and says %q", made.stdout, made.stderr)
		}
		list := mustRun(t, exitDone, url, "token", "list").stdout
		until := time.Now().Add(90 * 24 * time.Hour).Format(time.DateOnly)
		if !strings.Contains(list, "export  hr      "+until) || strings.Contains(list, token) {
			t.Errorf("roster token list prints\n%s", list)
		}
		mustRun(t, exitFailed, url, "token", "create", "--name=export")
		mustRun(t, exitDone, url, "token", "revoke", "export")
		mustRun(t, exitFailed, url, "token", "revoke", "export")
		if list := mustRun(t, exitDone, url, "token", "list").stdout; !strings.HasPrefix(list, "There are no tokens") {
			t.Errorf("roster token list prints\n%s", list)
		}
		var doc struct{ Name, Token string }
		parse(t, mustRun(t, exitDone, url, "token", "create", "--name=two", "--json").stdout, &doc)
		if doc.Name != "two" || !strings.HasPrefix(doc.Token, "roster_") {
			t.Errorf("roster token create --json prints %+v", doc)
		}
	})
}

func TestLifetimesOfTokens(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "90d": 90 * 24 * time.Hour, "12h": 12 * time.Hour, "999999999d": 36500 * 24 * time.Hour} {
		if got, err := lifetime(text); err != nil || got != want {
			t.Errorf("lifetime(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"soon", "-1d", "0d", "d", "1.5d", "-3h", "90"} {
		if got, err := lifetime(text); err == nil {
			t.Errorf("lifetime(%q) = %v, want an error", text, got)
		}
	}
}
