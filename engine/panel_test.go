package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestATaskThatIsTriedAgainShowsItsNewestRun(t *testing.T) {
	each(t, func(c *company) {
		c.push("first", users(`{"uid":"1","email":"ann@x.org"}`))
		hr := newSystem(`user {"uid":"a","nickname":"Ann","email":"ann@x.org"}`, `user {"uid":"b"}`)
		r := c.corp().reads(hr).sync(itsRow())
		c.same("the task", c.list(`SELECT status, message FROM {userDataSyncTasks}`),
			"failed 1 of 2 applied, 1 failed; user: 1 created, 1 failed; the first: email is held by row 1 of users, which keeps it")
		c.push("first", users(`{"uid":"1","email":"other@x.org"}`))
		swept := false
		_, err := c.engine.Retry(c.Context(), r.Task.ID, func(engine.Progress) {
			if !swept {
				swept = true
				c.push("first", users(`{"uid":"2"}`))
				c.same("the task while it is tried again", c.list(`SELECT status FROM {userDataSyncTasks}`), "processing")
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		c.same("the task", c.list(`SELECT status FROM {userDataSyncTasks}`), "success")
	})
}

func TestATaskIsShownWithItsRunOrNotAtAll(t *testing.T) {
	each(t, func(c *company) {
		refuse := map[string]string{
			"sqlite":   `CREATE TRIGGER no_task BEFORE UPDATE OF task_id ON {runs} BEGIN SELECT RAISE(ABORT, 'no'); END`,
			"postgres": `ALTER TABLE {runs} ADD CONSTRAINT no_task CHECK (task_id IS NULL)`,
		}
		if _, err := c.db.On(c.db).Exec(c.Context(), refuse[c.db.Dialect()]); err != nil {
			t.Fatal(err)
		}
		if _, err := c.corp().reads(newSystem(three()...)).engine.Sync(c.Context(), itsRow(), nil); err == nil {
			t.Error("Sync() gives no error though its task cannot be noted")
		}
		c.same("tasks of no run", c.list(`SELECT count(*) FROM {userDataSyncTasks}`), "0")
	})
}
