package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// Values that change hands do so together or not at all, circle by circle,
// whatever the database or other people make of some of them.

// forbid has the database refuse a user with that nickname.
func (c *company) forbid(nickname string) {
	c.Helper()
	if c.db.Dialect() == "postgres" {
		c.hand(`ALTER TABLE {users} ADD CONSTRAINT forbidden CHECK (nickname <> '` + nickname + `')`)
		return
	}
	c.hand(`CREATE TRIGGER forbidden BEFORE UPDATE ON {users} WHEN new.nickname = '` + nickname + `' BEGIN SELECT RAISE(ABORT, 'forbidden'); END`)
}

func (c *company) forgive() {
	c.Helper()
	if c.db.Dialect() == "postgres" {
		c.hand(`ALTER TABLE {users} DROP CONSTRAINT forbidden`)
		return
	}
	c.hand(`DROP TRIGGER forbidden`)
}

// Of values that change hands in several circles, one that the database refuses
// leaves the others be.
func TestACircleThatTheDatabaseRefusesLeavesTheOthersWritten(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(some(8, `{"uid":"u#","nickname":"u#","email":"e#"}`)...))
		c.forbid("bad")
		records := []string{
			`{"uid":"u0","email":"e1"}`, `{"uid":"u1","email":"e0"}`,
			`{"uid":"u2","email":"e3"}`, `{"uid":"u3","nickname":"bad","email":"e2"}`,
			`{"uid":"u4","email":"e5"}`, `{"uid":"u5","email":"e6"}`, `{"uid":"u6","email":"e4"}`,
			`{"uid":"u7","nickname":"alone"}`,
		}
		r := c.push("hr", users(records...))
		if got := failures(r); len(got) != 2 || got[0][:3] != "u2 " || got[1][:3] != "u3 " {
			c.Errorf("failed records %q, want u2 and u3", got)
		}
		c.wantUsers("nickname, email", "u0 e1", "u1 e0", "u2 e2", "u3 e3", "u4 e5", "u5 e6", "u6 e4", "alone e7")
		c.forgive()
		retried, err := c.engine.Retry(c.Context(), r.Task.ID, nil)
		if err != nil {
			c.Fatal(err)
		}
		c.wantFailed(retried)
		c.wantUsers("nickname, email", "u0 e1", "u1 e0", "u2 e3", "bad e2", "u4 e5", "u5 e6", "u6 e4", "alone e7")
	})
}

// Somebody takes one of the values of a circle meanwhile.
func TestMeanwhileAValueThatChangesHandsIsTaken(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(some(4, `{"uid":"u#","nickname":"u#","email":"e#"}`)...))
		r := c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
			c.make("users", "nickname, email", "'Quick', 'new'")
		}, users(`{"uid":"u0","email":"e1"}`, `{"uid":"u1","email":"new"}`, `{"uid":"u2","email":"e3"}`, `{"uid":"u3","email":"e2"}`))
		if len(failures(r)) != 2 {
			c.Errorf("failed records %q, want u0 and u1", failures(r))
		}
		c.wantUsers("nickname, email", "u0 e0", "u1 e1", "u2 e3", "u3 e2", "Quick new")
	})
}

// One of those who exchange values is edited meanwhile: the exchange is planned
// again and done.
func TestMeanwhileSomebodyWhoExchangesValuesIsEdited(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(some(4, `{"uid":"u#","nickname":"u#","email":"e#"}`)...))
		r := c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
			c.edit("users", "phone = '1'", "id = 1")
		}, users(`{"uid":"u0","email":"e1"}`, `{"uid":"u1","email":"e0"}`, `{"uid":"u2","email":"e3"}`, `{"uid":"u3","email":"e2"}`))
		c.wantFailed(r)
		c.wantUsers("nickname, email, phone", "u0 e1 1", "u1 e0 -", "u2 e3 -", "u3 e2 -")
	})
}

// A leaver whose address a new hire gets is edited meanwhile, or deleted.
func TestMeanwhileALeaverIsTouched(t *testing.T) {
	for name, touch := range map[string]func(c *company){
		"edited":  func(c *company) { c.edit("users", "phone = '1'", "id = 1") },
		"deleted": func(c *company) { c.hand(`DELETE FROM {rolesUsers}`); c.hand(`DELETE FROM {users} WHERE id = 1`) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"e"}`))
				r := c.meanwhile(engine.Push{Source: "hr"}, planned, func() { touch(c) },
					users(`{"uid":"b","nickname":"Bob","email":"e"}`, `{"uid":"a","isDeleted":true}`))
				c.wantFailed(r)
				c.wantUsers("nickname, email", "Bob e")
			})
		})
	}
}
