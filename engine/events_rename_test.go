package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestARenameToANameThatCameBeforeHoldsNobodyUp(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(`user {"uid":"b","nickname":"Ann"}`)
		c.corp().reads(hr).pushAs(engine.Push{Source: "corp", Snapshot: &engine.Snapshot{ID: "s"}}, users(
			`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":[]}`, `{"uid":"c","departments":["x","y"]}`))
		c.callback("user b was a", "department y was x", "user b")
		c.works(func() bool {
			return c.list(`SELECT count(*) FROM {runs} WHERE kind = 'events' AND finished_at IS NOT NULL`)[0] != "0"
		})
		c.same("the inbox", c.list(`SELECT count(*) FROM {inbox}`), "0")
		c.same("records", c.list(`SELECT uid FROM {records} WHERE type = 'user' ORDER BY uid`), "b", "c")
		c.same("departments that are waited for", c.list(`SELECT awaits FROM {pending}`), "y")
	})
}

func TestARecordThatWaitsIsRenamedToo(t *testing.T) {
	each(t, func(c *company) {
		c.push("first", users(`{"uid":"1","email":"ann@x.org"}`))
		hr := newSystem(`user {"uid":"a","nickname":"Ann","email":"ann@x.org"}`)
		c.corp().reads(hr).sync(itsRow())
		c.push("first", users(`{"uid":"1","email":"other@x.org"}`))
		hr.holds(`user {"uid":"ann","nickname":"Ann","email":"ann@x.org"}`)
		c.callback("user ann was a")
		c.works(c.emptied)
		c.same("who has the address", c.list(`SELECT r.uid FROM {records} r JOIN {users} u ON u.id = r.row_id WHERE u.email = 'ann@x.org'`), "ann")
		c.same("conflicts", c.list(`SELECT uid FROM {conflicts}`))
	})
}
