package engine_test

import (
	"strings"
	"testing"
)

func TestATestSaysHowManyUsersCanBeMatched(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		for sync, want := range map[string]string{
			`{"matchKey":"username"}`: "username: 1 of 1 users in the sample have one",
			`{"matchKey":"email"}`:    "email: 0 of 1 users in the sample have one!",
			`{}`:                      "",
		} {
			d := draft("", "vault", `{"url":"https://b.example","token":"right-token","sync":`+sync+`}`)
			check, err := c.engine.TestSource(c.Context(), "", &d)
			if err != nil {
				c.Fatal(err)
			}
			said := ""
			for _, step := range check.Steps[1:] {
				said += step.Message
				if step.Name != "match key" || !step.OK {
					c.Errorf("%s: step %+v", sync, step)
				}
				if strings.Contains(step.Hint, "matchKey") {
					said += "!"
				}
			}
			c.same(sync, []string{said}, want)
		}
	})
}

// Who reads a source sends no match key with it: the source has its own.
func TestASourceHasAMatchKeyOfItsOwn(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", `id, username, nickname`, `7, 'ann', 'by hand'`)
		c.make("users", `id, email`, `8, 'ann@example.com'`)
		system := newSystem(`user {"uid":"a","username":"ann","nickname":"Ann"}`)
		c.reads(system).sync(given(`{"matchKey":"username"}`))
		c.same("users", c.list(`SELECT id, nickname FROM {users} WHERE username = 'ann'`), "7 Ann")

		c.source("hr", `{"sync":{"matchKey":"username"}}`)
		c.push("hr", users(`{"uid":"z","username":"ann","nickname":"Anna"}`))
		c.pushBy("email", "hr", users(`{"uid":"y","email":"ann@example.com","nickname":"Another"}`))
		c.wantUsers("id, nickname", "7 Anna", "8 Another")
	})
}
