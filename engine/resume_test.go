package engine_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// A run whose process was killed is ended by whoever comes first: the next push
// of the source, an engine that starts, or a retry. It does not need the push
// again once that had been planned, and ends as if nothing had happened. With
// KILLS every state of the company dies at every instant and is ended in every
// way.
func TestTheRunOfAKilledProcessIsEnded(t *testing.T) {
	states := []int{1, 2, 4}
	instants := []string{"planning", "planned", "applying departments", "applying users", "all written"}
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": schematest.SQLite, "postgres": schematest.Migrated} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, want := companyHistory(t, fresh(t))
			for i, instant := range instants {
				for j, state := range states {
					for k, way := range ways {
						if os.Getenv("KILLS") == "" && ((i+j)%len(states) != 0 || (i+i/3+k)%len(ways) != 0) {
							continue
						}
						t.Run(fmt.Sprintf("state %d, %s, %s", state, instant, way.name), func(t *testing.T) {
							v := startVictimAt(t, schematest.Copy(t, before[state]), state, fmt.Sprintf("kill %d %s", state, instant))
							v.kill(time.Minute)
							v.revive(t, way, want, age)
						})
					}
				}
			}
		})
	}
}

// inLong gives the first, and the others as well in the long form of the tests.
func inLong(first string, others ...string) []string {
	if os.Getenv("KILLS") == "" {
		return []string{first}
	}
	return append([]string{first}, others...)
}

// companyHistory pushes the states of the company and gives the database as it
// was before each of them but the first, and what they come to.
func companyHistory(t *testing.T, url string) (before [companyStates]string, want end) {
	t.Helper()
	for state := range companyStates {
		if state > 0 {
			before[state] = url
			url = schematest.Copy(t, url)
		}
		err := onEngine(t.Context(), url, func(e *engine.Engine, db *schema.DB) error {
			if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
				return err
			}
			mustPush(t, e, companyState(state))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return before, endAt(t, url)
}

// age has all runs that have not ended be silent for longer than their lease.
func age(t *testing.T, _ *engine.Engine, db *schema.DB, _ string) {
	t.Helper()
	_, err := db.On(db).Exec(t.Context(), `UPDATE {runs} SET beat_at = ? WHERE finished_at IS NULL`, db.Time(time.Now().Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
}

// dies pushes and has that die at a moment, as far as the database can tell:
// the run is silent, and its owner writes nothing more. It gives the task.
func (c *company) dies(p engine.Push, at moment) string {
	c.Helper()
	_, err := c.engine.Push(c.Context(), p, once(at.is, c.lose))
	if plugin.KindOf(err) != plugin.Locked {
		c.Fatalf("Push() = %v, want that the run was taken", err)
	}
	return c.list(`SELECT max(id) FROM {runs}`)[0]
}

// lose has the runs at work belong to a process that died long ago.
func (c *company) lose() {
	c.hand(`UPDATE {runs} SET owner = 'a dead process', beat_at = ? WHERE finished_at IS NULL`, c.db.Time(time.Now().Add(-time.Hour)))
}

// ended wants a task to have ended in a state.
func (c *company) ended(task string, want engine.State) *engine.Task {
	c.Helper()
	got, err := c.engine.Task(c.Context(), task)
	if err != nil {
		c.Fatal(err)
	}
	if got.State != want || got.FinishedAt == nil {
		c.Errorf("task %s is %s: %s; want %s", task, got.State, got.Message, want)
	}
	return got
}

// knows wants a push to say nothing that is not so already.
func (c *company) knows(p engine.Push) {
	c.Helper()
	r, err := c.engine.Push(c.Context(), p, nil)
	if err != nil {
		c.Fatalf("Push() = %v", err)
	}
	for kind, n := range r.Task.Counts {
		if n.Unchanged != n.Total {
			c.Errorf("of the %ss not all were so already: %s", kind, n)
		}
	}
}

func TestOfTwoEnginesOneResumesARun(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		companies := processes(t, url, 3)
		c := companies[0]
		mustPush(c, c.engine, companyState(0))
		task := c.dies(companyState(1), momentNamed("applying users"))
		var group errgroup.Group
		for _, other := range companies {
			group.Go(func() error { return other.engine.Resume(t.Context()) })
		}
		if err := group.Wait(); err != nil {
			t.Errorf("Resume() = %v", err)
		}
		mustSettled(t, c.engine)
		c.ended(task, engine.Success)
		dead := lastWords(t, c.db, 2)
		dead.mustStand(t, c.db)
		c.knows(companyState(1))
		mustResume(t, c.engine)
		c.same("states", c.list(`SELECT state, count(*) FROM {runs} GROUP BY state`), "success 3")
	})
}

// What a process had not written when it died is planned anew where the tables
// have other columns by then.
func TestColumnsAreAddedBeforeARunIsResumed(t *testing.T) {
	for _, instant := range inLong("applying users", "planned", "applying departments") {
		t.Run(instant, func(t *testing.T) {
			each(t, func(c *company) {
				push := func(p engine.Push) engine.Push {
					p.Options = unguarded(engine.Delete)
					return p
				}
				mustPush(c, c.engine, companyState(0))
				task := c.dies(push(companyState(1)), momentNamed(instant))
				written := c.list(`SELECT coalesce(sum(last - first + 1), 0) FROM {chunks} WHERE run = 2 AND type = 'user'`)[0]
				c.column("users", "badge", "integer")
				c.column("departments", "floor", "integer")
				mustResume(c, c.engine)
				done := c.ended(task, engine.Success)
				c.soundTree()
				if n := done.Counts["user"]; n.Total != companyUsers+companyJoiners || n.Created != companyJoiners || n.Failed+n.Skipped > 0 {
					c.Errorf("counts %+v", n)
				}
				filled := c.list(`SELECT count(*) FROM {users} WHERE badge IS NOT NULL`)[0]
				c.Logf("%s items of users were written before, %s have the new column", written, filled)
				r, err := c.engine.Push(c.Context(), companyState(1), nil)
				if err != nil {
					c.Fatal(err)
				}
				c.wantFailed(r)
				c.same("badges", c.list(`SELECT count(*) FROM {users} WHERE badge IS NOT NULL`), itoa(companyUsers+companyJoiners))
				c.knows(companyState(1))
			})
		})
	}
}

// A run that cannot be ended says why, and the source goes on without it.
func TestARunThatCannotBeResumedHoldsNobodyUp(t *testing.T) {
	push := func(nickname string) engine.Push {
		return engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"` + nickname + `"}`)})}
	}
	for _, fault := range []struct {
		name  string
		spoil func(c *company)
		state engine.State
	}{
		{"its source's options are wrong", func(c *company) {
			c.make("userDataSyncSources", `name, [sourceType], enabled, options`, `'hr', 'http-api', true, '{"sync":{"drift":"maybe"}}'`)
		}, engine.Failed},
		{"what it was asked for cannot be read", func(c *company) {
			c.hand(`UPDATE {runs} SET request = '{' WHERE id = 1`)
		}, engine.Interrupted},
	} {
		t.Run(fault.name, func(t *testing.T) {
			each(t, func(c *company) {
				task := c.dies(push("Ann"), momentNamed("planned"))
				fault.spoil(c)
				mustResume(c, c.engine)
				c.ended(task, fault.state)
				c.wantUsers("nickname")
				next := push("Anna")
				next.Options = unguarded(engine.Delete)
				for range 2 {
					mustPush(c, c.engine, next)
				}
				c.wantUsers("nickname", "Anna")
			})
		})
	}
}

// A chunk that was not written before one that was, and whose process died
// then, is written by itself.
func TestAChunkThatWasOvertakenIsWrittenAlone(t *testing.T) {
	url := schematest.Migrated(t)
	c, operator := newCompany(t, schematest.Open(t, url)), newCompany(t, schematest.Open(t, url))
	record := func(i int) string {
		return fmt.Sprintf(`{"uid":"u%d","username":"user%d"}`, i, i)
	}
	c.push("hr", users(record(0)))
	var records []string
	for i := range 4500 {
		records = append(records, record(i))
	}
	records[0] = `{"uid":"u0","username":"user0","nickname":"Zero"}` // an update: chunks are small
	tx, err := operator.db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := operator.db.On(tx).Exec(t.Context(), `INSERT INTO {users} (id, username) VALUES (-77, 'user1500')`); err != nil {
		t.Fatal(err)
	}
	overtaken := func(p engine.Progress) bool { return p.Type == plugin.User && p.Done >= 2000 }
	planned := momentNamed("planned")
	edited := false
	var task string
	push := engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(records...)})}
	_, err = c.engine.Push(t.Context(), push, func(p engine.Progress) {
		switch {
		case planned.is(p) && !edited: // the update is set aside
			edited = true
			operator.edit("users", `nickname = 'By hand'`, `username = 'user0'`)
		case overtaken(p) && task == "":
			c.lose()
			tx.Rollback()
			task = c.list(`SELECT max(id) FROM {runs}`)[0]
		}
	})
	if plugin.KindOf(err) != plugin.Locked {
		t.Fatalf("Push() = %v, want that the run was taken", err)
	}
	dead := lastWords(t, c.db, 2)
	t.Logf("chunks %+v", dead.chunks)
	mustResume(t, c.engine)
	done := c.ended(task, engine.Success)
	if n := done.Counts["user"]; n.Created != 4499 || n.Updated != 1 || n.Failed > 0 {
		t.Errorf("counts %+v: %s", n, done.Message)
	}
	dead.mustStand(t, c.db)
	c.knows(push)
}

// An operator moves a department so that those of the plan would close a circle:
// they are planned again, and the people with them.
func TestPeopleArePlannedAgainWithTheirDepartments(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"a","title":"A"}`, `{"uid":"b","title":"B"}`))
		r, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: bodies([]engine.Body{
			departments(`{"uid":"a","title":"A","parentUid":"b"}`, `{"uid":"c","title":"C"}`),
			users(`{"uid":"u","nickname":"Ulf","departments":["c"]}`),
		})}, once(momentNamed("planned").is, func() { c.move("B", "A") }))
		if err != nil {
			c.Fatal(err)
		}
		c.wantFailed(r, "a (data, parentUid): its parents go round in a circle: a → b → a")
		c.wantMembers("Ulf in C, main")
		c.wantTree("A", "  B", "C")
		c.soundTree()
	})
}
