package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// corp makes the row of a source that removes who is gone.
func (c *company) corp() *company {
	c.Helper()
	c.make("userDataSyncSources", `name, [sourceType], enabled, options`, `'corp', 'system', `+map[string]string{"sqlite": "1", "postgres": "true"}[c.db.Dialect()]+`,
		'{"sync":{"removal":{"user":"delete","department":"delete"},"guards":{"usersRemoved":null,"membershipsRemoved":null,"departmentsRemoved":null}}}'`)
	return c
}

// itsRow is the source that has a row.
func itsRow() engine.Sync { return engine.Sync{Source: "corp"} }

// callback sends events, as system.Receive reads them, and gives the answer.
func (c *company) callback(events ...string) plugin.Answer {
	c.Helper()
	answer, err := c.engine.Receive(c.Context(), "corp", plugin.Callback{Body: []byte(strings.Join(events, "\n"))})
	if err != nil {
		c.Fatalf("Receive() = %v", err)
	}
	return answer
}

// works has the engine work until done says that it has done enough.
func (c *company) works(done func() bool) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	var group errgroup.Group
	working, stop := context.WithCancel(ctx)
	group.Go(func() error { return c.engine.Work(working) })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() && ctx.Err() == nil {
		<-tick.C
	}
	stop()
	if err := group.Wait(); err != nil {
		c.Errorf("Work() = %v", err)
	}
	if ctx.Err() != nil {
		c.Fatal("the work is not done after a minute")
	}
}

// emptied says whether all events have been acted on, and those runs have ended.
func (c *company) emptied() bool {
	return c.list(`SELECT (SELECT count(*) FROM {inbox}) + (SELECT count(*) FROM {runs} WHERE finished_at IS NULL)`)[0] == "0"
}

func TestEventsAreKeptBeforeTheyAreAnswered(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		if answer := c.callback("user a", "user b gone"); answer.Status != 200 || string(answer.Body) != "noted" {
			t.Errorf("the answer is %d %q", answer.Status, answer.Body)
		}
		c.same("the inbox", c.list(`SELECT source, event FROM {inbox} ORDER BY id`),
			`corp {"dataType":"user","uid":"a"}`, `corp {"dataType":"user","uid":"b","gone":true}`)
		if answer := c.callback("forged"); answer.Status != 401 {
			t.Errorf("a forged callback is answered %d, want 401", answer.Status)
		}
		c.same("events", c.list(`SELECT count(*) FROM {inbox}`), "2")
	})
}

func TestWhatEventsSpeakOfIsReadAgain(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.corp().reads(hr).sync(itsRow())
		hr.holds(append(three()[:3], `user {"uid":"b","nickname":"Bob!"}`, `user {"uid":"d","nickname":"Dora"}`)...)
		c.callback("user b", "user b")
		c.callback("user d", "user c")
		c.callback("user a gone")
		c.works(c.emptied)
		c.wantUsers("nickname", "Bob!", "Dora")
		c.same("what was looked up", hr.lookups, "b", "d", "c")
		c.same("runs", c.list(`SELECT kind, state, message FROM {runs} WHERE kind = 'events'`),
			"events success user: 1 created, 1 updated, 2 deleted")
	})
}

func TestARecordThatIsRenamedStaysWhoItIs(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.corp().reads(hr).sync(itsRow())
		ids := c.list(`SELECT id FROM {users} ORDER BY id`)
		hr.holds(append(three()[1:4], `user {"uid":"ann.new","nickname":"Ann","departments":["rd"]}`, three()[4])...)
		c.callback("user ann.new was a")
		c.works(c.emptied)
		c.same("ids", c.list(`SELECT id FROM {users} ORDER BY id`), ids...)
		c.same("uids", c.list(`SELECT [sourceUk] FROM {userDataSyncRecords} WHERE [dataType] = 'user' ORDER BY id`), "ann.new", "b", "c")
		c.wantMessage(c.sync(itsRow()), "department: 2 unchanged; user: 3 unchanged")
	})
}

func TestAnEventMayAskForEverything(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		c.callback("user a", "all")
		c.works(c.emptied)
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
		c.same("NocoBase's tasks", c.list(`SELECT status, message FROM {userDataSyncTasks}`), "success department: 2 created; membership: 2 created; user: 3 created")
	})
}

func TestEventsOfASystemThatDoesNotAnswerWait(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = func(int) error { return errOutage }
		c.corp().reads(hr)
		c.callback("all")
		c.works(func() bool { return c.list(`SELECT count(*) FROM {runs} WHERE state = 'failed'`)[0] == "1" })
		c.same("the inbox", c.list(`SELECT count(*) FROM {inbox}`), "1")
		hr.before = nil
		next := newCompany(t, c.db).reads(hr)
		next.works(next.emptied)
		next.wantUsers("nickname", "Ann", "Bob", "Cid")
	})
}

func TestWhatIsPushedAfterAnEventIsNewer(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...)).sync(itsRow())
		c.callback("user b gone", "user c gone")
		c.pushAs(engine.Push{Source: "corp"}, users(`{"uid":"b","nickname":"Bob, who is back"}`, `{"uid":"c","nickname":"Cid"}`))
		c.works(c.emptied)
		c.wantUsers("nickname", "Ann", "Bob, who is back", "Cid")
	})
}

func TestTwoProcessesActOnAnEventOnce(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.corp().reads(hr).sync(itsRow())
		other := newCompany(t, c.db).reads(hr)
		hr.holds(append(three()[:4], `user {"uid":"c","nickname":"Cid!"}`)...)
		c.callback("user c")
		var group errgroup.Group
		group.Go(func() error { other.works(c.emptied); return nil })
		c.works(c.emptied)
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		c.wantUsers("nickname", "Ann", "Bob", "Cid!")
		c.same("runs that wrote", c.list(`SELECT count(*) FROM {runs} WHERE kind = 'events' AND state = 'success'`), "1")
	})
}

func TestADisabledSourceTakesNothing(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		c.edit("userDataSyncSources", "enabled = "+map[string]string{"sqlite": "0", "postgres": "false"}[c.db.Dialect()], "name = 'corp'")
		_, err := c.engine.Sync(c.Context(), itsRow(), nil)
		wantKind(t, "Sync()", err, plugin.Config)
		_, err = c.engine.Receive(c.Context(), "corp", plugin.Callback{Body: []byte("user a")})
		wantKind(t, "Receive()", err, plugin.Config)
		_, err = c.engine.Receive(c.Context(), "unknown", plugin.Callback{})
		wantKind(t, "Receive()", err, plugin.NotFound)
	})
}

func TestThePanelShowsHowAReadingEnded(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.corp().reads(hr).sync(itsRow())
		hr.before = func(int) error { return errOutage }
		_, err := c.engine.Sync(c.Context(), itsRow(), nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		c.make("userDataSyncTasks", `batch, [sourceId], status`, `'20260101000000123456', 1, 'processing'`)
		host := itsRow()
		host.Task = 3
		hr.before = nil
		c.sync(host)
		c.same("tasks", c.list(`SELECT t.id, s.name, t.status, t.message, t.cost IS NOT NULL FROM {userDataSyncTasks} t JOIN {userDataSyncSources} s ON s.id = t.[sourceId] ORDER BY t.id`),
			"1 corp success department: 2 created; membership: 2 created; user: 3 created 1",
			"2 corp failed read source corp: the system does not answer 1",
			"3 corp success department: 2 unchanged; user: 3 unchanged 1")
	})
}

func TestRetryGoesOnWithAReadingThatWasCutOff(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = breaks
		_, err := c.corp().reads(hr).engine.Sync(c.Context(), itsRow(), nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		hr.before = nil
		r, err := c.engine.Retry(c.Context(), "1", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.wantMessage(r, "department: 2 created; membership: 2 created; user: 3 created")
		c.same("where readings began", hr.states, "", "2")
		c.same("NocoBase's tasks", c.list(`SELECT id, status, message FROM {userDataSyncTasks}`), "1 success department: 2 created; membership: 2 created; user: 3 created")
		if task, err := c.engine.ShownTask(c.Context(), "1"); err != nil || task.ID != "2" {
			t.Errorf("ShownTask() = %+v, %v; want task 2", task, err)
		}
	})
}

func TestTheTaskOfARunThatIsGoneOnWithIsShownAsItEnds(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		_, err := c.engine.Sync(c.Context(), itsRow(), once(momentNamed("applying departments").is, c.lose))
		wantKind(t, "Sync()", err, plugin.Locked)
		if err := newCompany(t, c.db).engine.Resume(c.Context()); err != nil {
			t.Fatal(err)
		}
		c.same("NocoBase's tasks", c.list(`SELECT status, message FROM {userDataSyncTasks}`), "success department: 2 created; membership: 2 created; user: 3 created")
	})
}

func TestATaskOfADeadProcessIsShownAsFailed(t *testing.T) {
	each(t, func(c *company) {
		hr, reached, letGo := held()
		task, err := c.corp().reads(hr).engine.Start(c.Context(), itsRow())
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		c.lose()
		letGo()
		next := newCompany(t, c.db)
		if ended, err := next.engine.Wait(t.Context(), task.ID); err != nil || ended.State != engine.Interrupted {
			t.Errorf("the task is %+v, %v; want it interrupted", ended, err)
		}
		c.same("tasks", c.list(`SELECT status FROM {userDataSyncTasks}`), "failed")
	})
}

func TestEventsWaitForAnAdapterThatIsNotThereYet(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		c.corp().reads(hr).callback("user a")
		early := newCompany(t, c.db)
		early.works(func() bool { return early.emptied() || early.logs.FilterMessageSnippet("stay in the inbox").Len() > 0 })
		c.same("the inbox", c.list(`SELECT count(*) FROM {inbox}`), "1")
		c.works(c.emptied)
		c.wantUsers("nickname", "Ann")
	})
}

func TestAnEventIsNotAnsweredWithAReadingThatBeganBeforeIt(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		hr.before = breaks
		_, err := c.corp().reads(hr).engine.Sync(c.Context(), itsRow(), nil)
		wantKind(t, "Sync()", err, plugin.Transient)
		hr.before = nil
		lines := three()
		lines[1] = strings.ReplaceAll(lines[1], "R&D", "New")
		hr.holds(lines...)
		c.callback("all")
		c.works(c.emptied)
		c.same("where readings began", hr.states, "", "")
		c.same("departments", c.list(`SELECT count(*) FROM {departments} WHERE title = 'New'`), "1")
	})
}

func TestRetrySaysThatEventsAreTriedAgainAnyhow(t *testing.T) {
	each(t, func(c *company) {
		hr := newSystem(three()...)
		lost := &unseeing{hr}
		c.corp().reads(lost).callback("user a")
		c.works(func() bool { return c.list(`SELECT count(*) FROM {runs} WHERE state = 'failed'`)[0] == "1" })
		_, err := c.engine.Retry(c.Context(), "1", nil)
		wantKind(t, "Retry()", err, plugin.Unsupported)
		if err == nil || !strings.Contains(err.Error(), "inbox") {
			t.Errorf("Retry() = %v, want it to say where the events are", err)
		}
	})
}

// An unseeing system sends events, and does not answer.
type unseeing struct{ *system }

func (*unseeing) Read(context.Context, plugin.Request, func(plugin.Page) error) (plugin.Reading, error) {
	return plugin.Reading{}, errOutage
}

func TestAnEventOfAnUnknownTypeHoldsNobodyUp(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		_, err := c.engine.Receive(c.Context(), "corp", plugin.Callback{Body: []byte("group g gone")})
		wantKind(t, "Receive()", err, plugin.Internal)
		c.same("the inbox", c.list(`SELECT count(*) FROM {inbox}`), "0")
	})
}
