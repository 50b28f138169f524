package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestASourceThatIsCalledBackSaysWhere(t *testing.T) {
	each(t, func(c *company) {
		c.reads(newSystem(three()...))
		c.create("corp hr", "system", `{}`)
		for public, want := range map[engine.PublicURL]string{
			"":                                "/callback/corp%20hr",
			"https://roster.example.com":      "https://roster.example.com/callback/corp%20hr",
			"https://example.com/roster/":     "https://example.com/roster/callback/corp%20hr",
			"https://example.com/?s={source}": "https://example.com/?s=corp%20hr",
		} {
			c.engine.SetPublicURL(public)
			source, err := c.engine.Source(c.Context(), "corp hr")
			if err != nil || source.CallbackURL != want {
				t.Errorf("with %q callbacks go to %q (%v), want %q", public, source.CallbackURL, err, want)
			}
		}
	})
}

func TestAPublicURLIsAnAddressOfTheWeb(t *testing.T) {
	for url, want := range map[engine.PublicURL]bool{
		"": true, "https://roster.example.com": true, "http://127.0.0.1:8080/{source}": true,
		"roster.example.com": false, "ftp://example.com": false, "https://ada:secret@example.com": false, "https://": false, "/callback": false, "{source}": false,
	} {
		if got := url.Valid(); got != want {
			t.Errorf("%q: valid is %v", url, got)
		}
	}
}
