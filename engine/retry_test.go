package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// retry retries a task and wants no error.
func (c *company) retry(task string) *engine.Report {
	c.Helper()
	r, err := c.engine.Retry(c.Context(), task, nil)
	if err != nil {
		c.Fatalf("Retry(%s) = %v", task, err)
	}
	c.soundTree()
	return r
}

// stopped pushes and has an operator cancel that at a moment; it gives the task.
// What the run does until it hears of it is waited for.
func (c *company) stopped(p engine.Push, at moment) string {
	c.Helper()
	var task string
	_, err := c.engine.Push(c.Context(), p, once(at.is, func() {
		task = c.list(`SELECT max(id) FROM {runs}`)[0]
		if _, err := c.engine.Cancel(c.Context(), task); err != nil {
			c.Errorf("Cancel(%s) = %v", task, err)
		}
	}))
	if plugin.KindOf(err) != plugin.Canceled {
		c.Fatalf("Push() = %v, want that it was canceled", err)
	}
	c.ended(task, engine.Canceled)
	return task
}

// hired pushes people for hr, some of whose addresses others hold.
func hired(c *company) *engine.Report {
	c.Helper()
	c.make("users", "id, nickname, email", "-1, 'Holder', 'a@example.com'")
	c.make("users", "id, nickname, phone", "-2, 'Caller', '1'")
	r := c.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(
		`{"uid":"a","nickname":"Ann","email":"a@example.com","departments":["s"]}`,
		`{"uid":"b","nickname":"Bob","departments":["s"]}`,
		`{"uid":"c","nickname":"Cal","phone":"1"}`,
		`{"uid":"d","nickname":[]}`))
	c.wantFailed(r,
		"a (conflict, email): email is held by row -1 of users, which keeps it",
		"c (conflict, phone): phone is held by row -2 of users, which keeps it",
		"d (data, nickname): nickname: the column takes text, and a list came")
	return r
}

func TestARetryDoesOnlyWhatFailed(t *testing.T) {
	each(t, func(c *company) {
		first := hired(c)
		c.edit("users", `nickname = 'By hand'`, `nickname = 'Bob'`)
		c.edit("users", `email = NULL`, `id = -1`)
		r := c.retry(first.Task.ID)
		c.wantFailed(r,
			"c (conflict, phone): phone is held by row -2 of users, which keeps it",
			"d (data, nickname): nickname: the column takes text, and a list came")
		c.wantCounts(r, "user", engine.Counts{Total: 3, Created: 1, Failed: 2})
		c.wantUsers("nickname", "Caller", "Holder", "By hand", "Ann")
		c.wantMembers("Ann in Sales, main", "By hand in Sales, main")
		if r.Task.Kind != "retry" || r.Task.State != engine.Partial || r.Task.ID == first.Task.ID {
			c.Errorf("the retry of task %s is %+v", first.Task.ID, r.Task)
		}
		c.ended(first.Task.ID, engine.Partial)
		c.edit("users", `phone = NULL`, `id = -2`)
		r = c.retry(r.Task.ID)
		c.wantCounts(r, "user", engine.Counts{Total: 2, Created: 1, Failed: 1})
		c.wantUsers("nickname", "Caller", "Holder", "By hand", "Ann", "Cal")
	})
}

// What has been said of a record since is not undone, whether it was news or
// what was known already.
func TestARetryDoesNotUndoWhatWasSaidSince(t *testing.T) {
	each(t, func(c *company) {
		first := hired(c)
		c.edit("users", `email = NULL, phone = NULL`, `id < 0`)
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`, `{"uid":"c","isDeleted":true}`))
		r := c.retry(first.Task.ID)
		c.wantUsers("nickname", "Caller", "Holder", "Bob", "Anna", "Cal")
		c.wantCounts(r, "user", engine.Counts{Total: 3, Created: 1, Skipped: 1, Failed: 1})
		items, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID})
		if err != nil || len(items) != 3 || items[0].Reason != "something newer has been said of it since" {
			c.Errorf("Items() = %+v, %v", items, err)
		}
	})
	t.Run("as it was", func(t *testing.T) {
		each(t, func(c *company) {
			before := []engine.Body{departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`, `{"uid":"c","nickname":"Cal"}`)}
			c.push("hr", before...)
			task := c.stopped(engine.Push{Source: "hr", Options: unguarded(engine.Delete), Snapshot: whole(), Bodies: bodies([]engine.Body{
				departments(`{"uid":"s","title":"Sales and more"}`), users(`{"uid":"a","nickname":"Anna"}`, `{"uid":"c","isDeleted":true}`),
			})}, momentNamed("planned"))
			r := c.push("hr", before...)
			c.wantMessage(r, "department: 1 unchanged; user: 3 unchanged")
			r = c.retry(task)
			c.wantUsers("nickname", "Ann", "Bob", "Cal")
			c.wantTree("Sales")
			c.wantMessage(r, "department: 1 skipped; user: 2 skipped")
		})
	})
}

func TestARetryOfACanceledRunDoesTheRest(t *testing.T) {
	for _, instant := range inLong("applying users", "planned", "applying departments") {
		t.Run(instant, func(t *testing.T) {
			each(t, func(c *company) {
				mustPush(c, c.engine, companyState(0))
				task := c.stopped(companyState(1), momentNamed(instant))
				written := c.list(`SELECT type, sum(last - first + 1) FROM {chunks} WHERE run = 2 GROUP BY type ORDER BY type`)
				c.Logf("written before: %v", written)
				r := c.retry(task)
				c.wantFailed(r)
				c.knows(companyState(1))
			})
		})
	}
}

func TestARetryOfWhatSucceededHasNothingToDo(t *testing.T) {
	each(t, func(c *company) {
		first := c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.edit("users", `nickname = 'By hand'`, `nickname = 'Ann'`)
		before := c.dump("runs")
		r := c.retry(first.Task.ID)
		c.wantMessage(r, "nothing to do")
		if r.Task.State != engine.Success || len(r.Result) > 0 || len(r.Task.Counts) > 0 {
			c.Errorf("Retry() = %+v", r)
		}
		c.unchanged(before, "runs")
	})
}

// A retry goes on where the process that ran it died, as any run.
func TestARetryThatDiedIsResumed(t *testing.T) {
	each(t, func(c *company) {
		first := hired(c)
		c.edit("users", `email = NULL, phone = NULL`, `id < 0`)
		_, err := c.engine.Retry(c.Context(), first.Task.ID, once(momentNamed("planned").is, c.lose))
		if plugin.KindOf(err) != plugin.Locked {
			c.Fatalf("Retry() = %v, want that the run was taken", err)
		}
		mustResume(c, c.engine)
		c.ended("2", engine.Partial)
		c.wantUsers("nickname", "Caller", "Holder", "Bob", "Ann", "Cal")
	})
}

func TestWhatCannotBeRetried(t *testing.T) {
	each(t, func(c *company) {
		push := func() engine.Push {
			return engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Ann"}`)})}
		}
		refuse := func(task string, kind plugin.Kind) {
			c.Helper()
			if _, err := c.engine.Retry(c.Context(), task, nil); plugin.KindOf(err) != kind {
				c.Errorf("Retry(%q) = %v, want an error of kind %s", task, err, kind)
			}
		}
		for _, m := range []moment{momentNamed("planning"), momentNamed("planned"), momentNamed("all written")} {
			_, err := c.engine.Push(c.Context(), push(), once(m.is, func() { refuse(c.list(`SELECT max(id) FROM {runs}`)[0], plugin.Locked) }))
			if err != nil {
				c.Fatal(err)
			}
		}
		for _, id := range []string{"", "0", "99", "-1", "one"} {
			refuse(id, plugin.NotFound)
			if _, err := c.engine.Cancel(c.Context(), id); plugin.KindOf(err) != plugin.NotFound {
				c.Errorf("Cancel(%q) = %v, want not found", id, err)
			}
			if _, err := c.engine.Wait(c.Context(), id); plugin.KindOf(err) != plugin.NotFound {
				c.Errorf("Wait(%q) = %v, want not found", id, err)
			}
		}
		r, err := c.engine.Plan(c.Context(), push(), nil)
		if err != nil {
			c.Fatal(err)
		}
		refuse(r.Task.ID, plugin.Unsupported)
		c.refused("hr", users())
		refuse("5", plugin.Unsupported)
	})
}

// Whichever process hears of it, the one that is at work stops within seconds,
// and what it has committed stands.
func TestARunIsCanceledFromAnotherProcess(t *testing.T) {
	for _, instant := range []string{"planning", "applying users"} {
		t.Run(instant, func(t *testing.T) {
			schematest.EachURL(t, func(t *testing.T, url string) {
				companies := processes(t, url, 2)
				c, other := companies[0], companies[1]
				mustPush(t, c.engine, companyState(0))
				var asked time.Time
				_, err := c.engine.Push(t.Context(), companyState(1), once(momentNamed(instant).is, func() {
					asked = time.Now()
					if got, err := other.engine.Cancel(t.Context(), "2"); err != nil || got.Status != "processing" {
						t.Errorf("Cancel() = %+v, %v", got, err)
					}
					heard(c, "2")
				}))
				if took := time.Since(asked); took > 8*time.Second {
					t.Errorf("the run went on for %v", took)
				}
				mustBe(t, err, plugin.Canceled, "retry the task")
				before := c.dump("runs")
				got := c.ended("2", engine.Canceled)
				if !strings.Contains(got.Message, "an operator stopped the run") {
					t.Errorf("the task says %q", got.Message)
				}
				if again, err := other.engine.Cancel(t.Context(), "2"); err != nil || again.State != engine.Canceled || again.Message != got.Message {
					t.Errorf("Cancel() of a run that has ended = %+v, %v", again, err)
				}
				checkInvariants(t, c.db)
				mustBeIdle(t, c.db)
				c.unchanged(before, "runs")
			})
		})
	}
}

// heard waits until a run has said that it lives after it was canceled: its
// process knows then. What it says may be some time old, so that is not waited
// for too long.
func heard(c *company, task string) {
	c.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if c.list(`SELECT CASE WHEN beat_at > cancel_at THEN 1 ELSE 0 END FROM {runs} WHERE id = ?`, task)[0] == "1" {
			return
		}
		<-tick.C
	}
}

func TestWaitReturnsAtTheEnd(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		companies := processes(t, url, 2)
		c, other := companies[0], companies[1]
		type answer struct {
			task *engine.Task
			err  error
		}
		answers := make(chan answer, 1)
		push := engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Ann"}`)})}
		_, err := c.engine.Push(t.Context(), push, once(momentNamed("planning").is, func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if task, err := other.engine.Wait(ctx, "1"); plugin.KindOf(err) != plugin.Canceled || !errors.Is(err, context.Canceled) {
				t.Errorf("Wait() = %+v, %v; want that it was canceled", task, err)
			}
			go func() {
				task, err := other.engine.Wait(t.Context(), "1")
				answers <- answer{task, err}
			}()
		}))
		if err != nil {
			t.Fatal(err)
		}
		if got := <-answers; got.err != nil || got.task.State != engine.Success || got.task.FinishedAt == nil {
			t.Errorf("Wait() = %+v, %v", got.task, got.err)
		}
		task := c.dies(push, momentNamed("planned"))
		if got, err := other.engine.Wait(t.Context(), task); err != nil || got.State != engine.Interrupted {
			t.Errorf("Wait() for a run whose process died = %+v, %v", got, err)
		}
	})
}

// Whatever cannot be written again does not undo the rest: a retry of many.
func TestARetryOfManyFailures(t *testing.T) {
	each(t, func(c *company) {
		const people = 3000 // more than a page
		c.make("users", "id, nickname, email", "-1, 'Holder', 'taken@example.com'")
		var records []string
		for i := range people {
			c.hand(`INSERT INTO {users} (id, [createdAt], [updatedAt], username) SELECT `+itoa(-2-i)+`, [createdAt], [updatedAt], ? FROM {users} WHERE id = -1`, fmt.Sprintf("user%d", i))
			records = append(records, fmt.Sprintf(`{"uid":"u%d","username":"user%d"}`, i, i))
		}
		r := c.push("hr", users(records...))
		c.wantCounts(r, "user", engine.Counts{Total: people, Failed: people})
		c.hand(`UPDATE {users} SET username = NULL WHERE id < -1 AND id > -2 - ` + itoa(people-1))
		r = c.retry(r.Task.ID)
		c.wantCounts(r, "user", engine.Counts{Total: people, Created: people - 1, Failed: 1})
	})
}

// A row of somebody absent that the database does not let go is a failure, and
// goes with the retry.
func TestARemovalThatTheDatabaseRefusedIsRetried(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`))
		c.hand(`CREATE TABLE holds (id bigint REFERENCES {users} (id))`)
		c.hand(`INSERT INTO holds SELECT id FROM {users} WHERE nickname = 'Bob'`)
		if c.db.Dialect() == "sqlite" {
			c.hand(`CREATE TRIGGER held BEFORE DELETE ON {users} WHEN old.id IN (SELECT id FROM holds) BEGIN SELECT RAISE(ABORT, 'held'); END`)
		}
		p := engine.Push{Source: "hr", Options: unguarded(engine.Delete), Snapshot: whole()}
		r := c.pushAs(p, users(`{"uid":"a","nickname":"Ann"}`))
		c.wantMessage(r, "1 of 2 applied, 1 failed; user: 1 unchanged, 1 failed")
		c.hand(`DELETE FROM holds`)
		r = c.retry(r.Task.ID)
		c.wantMessage(r, "user: 1 deleted")
		c.wantUsers("nickname", "Ann")
	})
}
