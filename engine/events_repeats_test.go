package engine_test

import (
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func TestAMessageThatIsSentTwiceIsKeptOnce(t *testing.T) {
	each(t, func(c *company) {
		now := time.Now()
		engine.SetNow(c.engine, func() time.Time { return now })
		c.corp().reads(newSystem(three()...))
		inbox := func() string { return c.list(`SELECT count(*) FROM {inbox}`)[0] }
		for _, step := range []struct {
			says, want string
			after      time.Duration
			events     []string
		}{
			{"the first", "2", 0, []string{"message 1", "user a", "user b"}},
			{"the same again", "2", 0, []string{"message 1", "user a", "user b"}},
			{"another message of the same", "3", 0, []string{"message 2", "user a"}},
			{"the same a while later", "3", 9 * time.Minute, []string{"message 1", "user a", "user b"}},
			{"what has no key", "5", 0, []string{"user a", "user a"}},
			{"the same much later", "6", 20 * time.Minute, []string{"message 1", "user a"}},
		} {
			now = now.Add(step.after)
			if answer := c.callback(step.events...); answer.Status != 200 {
				t.Errorf("%s: answered %d", step.says, answer.Status)
			}
			c.same(step.says, []string{inbox()}, step.want)
		}
	})
}

// Whoever got no answer sends it again: it must not count as kept.
func TestAMessageThatCouldNotBeKeptMayComeAgain(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		c.hand(`ALTER TABLE {inbox} RENAME TO inbox_away`)
		_, err := c.engine.Receive(c.Context(), "corp", plugin.Callback{Body: []byte("message 1\nuser a")})
		if plugin.KindOf(err) != plugin.Transient {
			t.Fatalf("Receive() = %v, want an error that may pass", err)
		}
		c.hand(map[string]string{
			"sqlite":   `ALTER TABLE inbox_away RENAME TO {inbox}`,
			"postgres": `ALTER TABLE roster.inbox_away RENAME TO inbox`,
		}[c.db.Dialect()])
		c.callback("message 1", "user a")
		c.same("the inbox", c.list(`SELECT count(*) FROM {inbox}`), "1")
	})
}
