package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// PostgreSQL's locks, between a run and the host that lives beside it. On SQLite
// a transaction has the database to itself.

// onPostgres runs a test on PostgreSQL; see is called within the transaction of
// each chunk, when it is written and not committed.
func onPostgres(t *testing.T, see func(c *company, chunk plugin.Type), test func(c *company)) {
	t.Helper()
	t.Parallel()
	db := schematest.Open(t, schematest.Migrated(t))
	c := newCompany(t, db)
	if see != nil {
		c.engine = engine.New(db, append(targets.All(db), witness{func(chunk plugin.Type) { see(c, chunk) }}), zap.NewNop())
	}
	test(c)
}

// A witness is a target that writes nothing.
type witness struct{ see func(plugin.Type) }

func (witness) Info() plugin.TargetInfo {
	return plugin.TargetInfo{Name: "witness", Accepts: []plugin.Type{plugin.Department, plugin.User}}
}
func (witness) Table(plugin.Type) *engine.Table { return nil }
func (w witness) Apply(_ context.Context, c *engine.Chunk) error {
	w.see(c.Type)
	return nil
}

// A colleague is a session of the host's with a transaction open.
type colleague struct {
	*company
	tx  *sqlx.Tx
	pid string
}

func (c *company) colleague() *colleague {
	c.Helper()
	tx, err := c.db.BeginTxx(c.Context(), nil)
	if err != nil {
		c.Fatal(err)
	}
	o := &colleague{company: c, tx: tx}
	if err := tx.Get(&o.pid, "SELECT pg_backend_pid()"); err != nil {
		c.Fatal(err)
	}
	return o
}

func (o *colleague) does(q string) error {
	_, err := o.db.On(o.tx).Exec(o.Context(), q)
	return err
}

func (o *colleague) must(q string) {
	o.Helper()
	if err := o.does(q); err != nil {
		o.Errorf("%s: %v, want that it is let", q, err)
	}
}

// waits returns when the colleague waits for somebody.
func (o *colleague) waits() {
	o.Helper()
	o.await(`SELECT cardinality(pg_blocking_pids(` + o.pid + `))`)
}

// await returns when q counts something.
func (c *company) await(q string) {
	c.Helper()
	for start := time.Now(); c.list(q)[0] == "0"; {
		if time.Since(start) > time.Minute {
			c.Fatalf("%s: still nothing after a minute", q)
		}
	}
}

// may wants rows to be free for a lock of that strength: nobody who wants it
// would wait.
func (c *company) may(lock, table, name string, want ...string) {
	c.Helper()
	c.same(table+" free "+lock, c.list(`SELECT `+name+` FROM {`+table+`} ORDER BY 1 `+lock+` SKIP LOCKED`), want...)
}

// While people are written into a department it can be renamed, and is removed
// only afterwards.
func TestADepartmentThatPeopleComeIntoStaysUntilTheyAreThere(t *testing.T) {
	seen := 0
	onPostgres(t, func(c *company, chunk plugin.Type) {
		if chunk == plugin.User {
			seen++
			c.may("FOR NO KEY UPDATE", "departments", "title", "Legal", "Ops", "Sales")
			c.may("FOR UPDATE", "departments", "title", "Legal", "Ops")
		}
	}, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s"]}`))
		if seen != 1 {
			c.Errorf("%d chunks were seen, want 1", seen)
		}
	})
}

// Whoever removes a department while people are written into it waits, and finds
// them in it.
func TestMembershipsDoNotOutliveADepartmentThatIsRemovedMeanwhile(t *testing.T) {
	removed := make(chan error, 1)
	onPostgres(t, func(c *company, chunk plugin.Type) {
		if chunk != plugin.User {
			return
		}
		host := c.colleague()
		go func() {
			err := host.does(`DELETE FROM {departments} WHERE title = 'Sales'`)
			if err == nil {
				err = host.does(`DELETE FROM {departmentsUsers} WHERE [departmentId] NOT IN (SELECT id FROM {departments})`)
			}
			if err == nil {
				err = host.tx.Commit()
			}
			removed <- err
		}()
		host.waits()
	}, func(c *company) {
		offices(c, "hr")
		_, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Ann","departments":["s","o"]}`)})}, nil)
		if err != nil {
			c.Fatal(err)
		}
		if err := <-removed; err != nil {
			c.Fatal(err)
		}
		c.same("memberships", c.list(`SELECT d.title FROM {departmentsUsers} m LEFT JOIN {departments} d ON d.id = m.[departmentId]`), "Ops")
	})
}

// A department that is removed before the chunk begins, and after the run has
// looked, is awaited.
func TestADepartmentThatWentIsAwaited(t *testing.T) {
	done := false
	onPostgres(t, func(c *company, chunk plugin.Type) {
		if chunk == plugin.User && !done { // of the first chunk; the second has begun with what was there before
			done = true
			c.hand(`DELETE FROM {departments} WHERE title = 'Legal'`)
			c.hand(`DELETE FROM {main_departments_path} WHERE [nodePk] NOT IN (SELECT id FROM {departments})`)
		}
	}, func(c *company) {
		offices(c, "hr")
		const n = 5001
		people := some(n-1, `{"uid":"u#","nickname":"u#"}`)
		c.push("hr", users(append(people, `{"uid":"z","nickname":"Zoe","departments":[{"uid":"l","isMain":true},"o"]}`)...))
		c.wantMembers("Zoe in Ops, main")
		c.same("awaited", c.list(`SELECT awaits, uid FROM {pending}`), "l z")
	})
}

// Rows are locked in the order of their ids, and a run that meets somebody who
// holds one gives way, with all that it holds: the host's transactions never
// fail because of it. Nothing is lost by trying again.
func TestARunGivesWayToTheHost(t *testing.T) {
	onPostgres(t, nil, func(c *company) {
		c.column("users", "age", "integer CHECK (age < 100)")
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`, `{"uid":"c","nickname":"Cid"}`))
		host := c.colleague()
		host.must(`UPDATE {users} SET phone = '2' WHERE id = 2`)
		pushed := make(chan *engine.Report, 1)
		go func() {
			r, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: bodies([]engine.Body{
				users(`{"uid":"c","nickname":"Cyd"}`, `{"uid":"b","nickname":"Bobby"}`, `{"uid":"d","age":200}`, `{"uid":"a","nickname":"Anna"}`),
			})}, nil)
			if err != nil {
				c.Error(err)
			}
			pushed <- r
		}()
		for c.keepsNobody(host) || len(c.list(`SELECT id FROM {users} WHERE id <> 2 FOR UPDATE SKIP LOCKED`)) == 2 { // it tries and gives way in turn
		}
		host.must(`UPDATE {users} SET phone = '1' WHERE id = 1`)
		host.must(`UPDATE {users} SET phone = '3' WHERE id = 3`)
		if err := host.tx.Commit(); err != nil {
			c.Fatal(err)
		}
		r := <-pushed
		c.wantUsers("nickname, phone", "Anna 1", "Bobby 2", "Cyd 3")
		c.wantCounts(r, "user", engine.Counts{Total: 4, Updated: 3, Failed: 1})
		c.same("marks", c.list(`SELECT count(*) FROM {chunks} WHERE run = 2`), "1")
	})
}

func (c *company) keepsNobody(o *colleague) bool {
	return c.list(`SELECT count(*) FROM pg_stat_activity WHERE ` + o.pid + ` = ANY (pg_blocking_pids(pid))`)[0] == "0"
}

// A run does not wait for ever for whoever has left a transaction open, and says
// what to do. What it had planned is done by the next.
func TestARunIsNotPatientForEver(t *testing.T) {
	onPostgres(t, nil, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		engine.SetPatience(c.engine, 200*time.Millisecond)
		host := c.colleague()
		host.must(`UPDATE {users} SET phone = '1' WHERE id = 1`)
		err := c.refused("hr", users(`{"uid":"a","nickname":"Anna"}`))
		told, ok := errors.AsType[*plugin.Error](err)
		if !ok || told.Kind != plugin.Transient || !strings.Contains(told.Hint, "pg_stat_activity") {
			c.Errorf("Push() = %#v, want that somebody else holds the row", err)
		}
		if err := host.tx.Commit(); err != nil {
			c.Fatal(err)
		}
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`))
		c.wantUsers("nickname, phone", "Anna 1")
	})
}

// Departments that are only renamed are written some at a time; where one moves
// the tree is written as a whole.
func TestOnlyATreeIsWrittenAtOnce(t *testing.T) {
	each(t, func(c *company) {
		const n = 1500
		all := func(title, last string) engine.Body {
			return departments(append(some(n, `{"uid":"d#","title":"`+title+` #"}`), last)...)
		}
		c.push("hr", all("Department", `{"uid":"z","title":"Last"}`))
		c.push("hr", all("Division", `{"uid":"z","title":"Last"}`))
		c.push("hr", all("Department", `{"uid":"z","title":"Last","parentUid":"d0"}`))
		chunks := c.list(`SELECT count(*) FROM {chunks} GROUP BY run ORDER BY run`)
		if len(chunks) != 3 || chunks[0] != "1" || chunks[1] == "1" || chunks[2] != "1" {
			c.Errorf("chunks of a first push, of renames, and of renames and a move: %v, want one, several, and one", chunks)
		}
		c.same("renamed back", c.list(`SELECT count(*) FROM {departments} WHERE title LIKE 'Department%'`), fmt.Sprint(n))
	})
}
