package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/targets"
)

// token makes a token and gives its text.
func (c *company) token(name, source string, expires time.Duration) plugin.Secret {
	c.Helper()
	text, _, err := c.engine.CreateToken(c.Context(), name, source, expires)
	if err != nil {
		c.Fatalf("CreateToken(%s) = %v", name, err)
	}
	return text
}

// wantToken wants a text to be a token's, or nobody's where name is empty.
func (c *company) wantToken(e *engine.Engine, text plugin.Secret, name string) {
	c.Helper()
	token, err := e.Token(c.Context(), text)
	if name == "" {
		if token != nil || plugin.KindOf(err) != plugin.Auth {
			c.Errorf("Token() = %v, %v, want an error of kind auth", token, err)
		}
		return
	}
	if err != nil || token.Name != name {
		c.Errorf("Token() = %v, %v, want %s", token, err, name)
	}
}

// other is an engine on the same database, as another process has it, with a
// clock of its own that stands still until it is moved.
func (c *company) other() (e *engine.Engine, move func(time.Duration)) {
	now := time.Now()
	e = engine.New(c.db, targets.All(c.db), zap.NewNop())
	engine.SetNow(e, func() time.Time { return now })
	return e, func(d time.Duration) { now = now.Add(d) }
}

func TestATokenIsKnownByItsTextAlone(t *testing.T) {
	each(t, func(c *company) {
		text := c.token("hr-export", "hr", 0)
		if s := text.Reveal(); !strings.HasPrefix(s, "roster_") || len(s) != len("roster_")+43 {
			c.Errorf("the token has %d characters", len(s))
		}
		c.wantToken(c.engine, text, "hr-export")
		c.wantToken(c.engine, text[:len(text)-1], "")
		c.wantToken(c.engine, "", "")
		if again := c.token("another", "", 0); again == text {
			c.Error("two tokens are one")
		}
	})
}

func TestNoTokenIsKept(t *testing.T) {
	each(t, func(c *company) {
		text := c.token("hr-export", "", 0)
		for _, row := range c.list(`SELECT * FROM {tokens}`) {
			if strings.Contains(row, text.Reveal()) || strings.Contains(row, strings.TrimPrefix(text.Reveal(), "roster_")) {
				c.Error("the table of tokens has one in clear")
			}
		}
	})
}

func TestTokensAreForOneSourceOrForAny(t *testing.T) {
	for _, c := range []struct {
		of, to string
		want   bool
	}{{"", "hr", true}, {"hr", "hr", true}, {"hr", "crm", false}, {"hr", "", false}} {
		if got := (&engine.Token{Source: c.of}).For(c.to); got != c.want {
			t.Errorf("a token for %q is for %q: %t, want %t", c.of, c.to, got, c.want)
		}
	}
}

func TestTokensEnd(t *testing.T) {
	each(t, func(c *company) {
		text := c.token("hr-export", "", time.Hour)
		c.wantToken(c.engine, text, "hr-export")
		c.hand(`UPDATE {tokens} SET expires_at = `+c.db.Now(time.Second)+` WHERE name = ?`, "hr-export")
		e, _ := c.other()
		c.wantToken(e, text, "")
	})
}

func TestATokenThatWasJustMadeIsKnownElsewhere(t *testing.T) {
	each(t, func(c *company) {
		e, _ := c.other()
		c.wantToken(e, c.token("first", "", 0), "first")
		c.wantToken(e, c.token("second", "", 0), "second")
	})
}

func TestARevokedTokenEndsAtOnceHereAndWithinSecondsElsewhere(t *testing.T) {
	each(t, func(c *company) {
		text := c.token("hr-export", "", 0)
		e, move := c.other()
		c.wantToken(e, text, "hr-export")
		if err := c.engine.RevokeToken(c.Context(), "hr-export"); err != nil {
			c.Fatal(err)
		}
		c.wantToken(c.engine, text, "")
		c.wantToken(e, text, "hr-export") // no look at the database for each push
		move(5 * time.Second)
		c.wantToken(e, text, "")
		if err := c.engine.RevokeToken(c.Context(), "hr-export"); plugin.KindOf(err) != plugin.NotFound {
			c.Errorf("RevokeToken() of none = %v", err)
		}
	})
}

func TestNamesOfTokensAreUniqueAndShort(t *testing.T) {
	each(t, func(c *company) {
		c.token("hr-export", "", 0)
		for name, want := range map[string]plugin.Kind{"hr-export": plugin.Conflict, "": plugin.Config, strings.Repeat("x", 65): plugin.Config} {
			if _, _, err := c.engine.CreateToken(c.Context(), name, "", 0); plugin.KindOf(err) != want {
				c.Errorf("CreateToken(%q) = %v, want kind %s", name, err, want)
			}
		}
	})
}

func TestThatATokenIsUsedIsNotedOnceAMinute(t *testing.T) {
	each(t, func(c *company) {
		text := c.token("hr-export", "", 0)
		e, move := c.other()
		c.wantToken(e, text, "hr-export")
		long := c.db.Now(time.Hour)
		c.hand(`UPDATE {tokens} SET used_at = ` + long)
		for _, after := range []time.Duration{0, time.Second, 30 * time.Second} {
			move(after)
			c.wantToken(e, text, "hr-export")
		}
		c.same("noted within a minute", c.list(`SELECT count(*) FROM {tokens} WHERE used_at > `+c.db.Now(time.Minute)), "0")
		move(time.Minute)
		c.wantToken(e, text, "hr-export")
		c.same("noted after a minute", c.list(`SELECT count(*) FROM {tokens} WHERE used_at > `+c.db.Now(time.Minute)), "1")
	})
}

func TestTokensAreListedWithoutTheirText(t *testing.T) {
	each(t, func(c *company) {
		c.token("b", "", time.Hour)
		c.token("a", "hr", 0)
		tokens, err := c.engine.Tokens(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		var got []string
		for _, token := range tokens {
			got = append(got, token.Name+" "+token.Source+" "+shown(token.ExpiresAt != nil)+" "+shown(token.UsedAt != nil))
		}
		if diff := cmp.Diff([]string{"a hr 0 0", "b  1 0"}, got); diff != "" {
			c.Errorf("Tokens() mismatch (-want +got):\n%s", diff)
		}
	})
}
