package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// When the database goes away in the middle, the push says so at once, and the
// same engine ends it once the database is back.
func TestPostgresGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	cluster := schematest.Start(t, schematest.Fast)
	var want directory
	t.Run("undisturbed", func(t *testing.T) { want = pushedUndisturbed(t, schematest.Open(t, cluster.URL(t))) })
	for _, moment := range []moment{moments[0], moments[3]} {
		t.Run(moment.name, func(t *testing.T) {
			db := schematest.Open(t, cluster.URL(t))
			e := engine.New(db, targets.All(db), zap.NewNop())
			var stopped time.Time
			_, err := e.Push(t.Context(), companyState(0), once(moment.is, func() {
				if err := cluster.Stop(); err != nil {
					t.Error(err)
				}
				stopped = time.Now()
			}))
			if took := time.Since(stopped); stopped.IsZero() || took > 7*time.Second {
				t.Errorf("the push went on for %v", took)
			}
			mustBe(t, err, plugin.Transient, "see that the database runs")
			if err := cluster.Start(); err != nil {
				t.Fatal(err)
			}
			pushBothStates(t, e)
			if diff := cmp.Diff(want, readDirectory(t, db)); diff != "" {
				t.Errorf("the end differs (-undisturbed +got):\n%s", diff)
			}
			mustSettled(t, e)
		})
	}
}

// A moment is when something happens to a push.
type moment struct {
	name string
	is   func(engine.Progress) bool
}

// moments are the phases of a push, by what it reports.
var moments = []moment{
	{"reading", func(p engine.Progress) bool { return p.State == engine.Reading && p.Done > 0 }},
	{"planning", func(p engine.Progress) bool { return p.State == engine.Planning }},
	{"applying departments", func(p engine.Progress) bool { return p.State == engine.Applying && p.Type == plugin.Department }},
	{"applying users", func(p engine.Progress) bool { return p.State == engine.Applying && p.Type == plugin.User }},
}

// inBetween are instants between the phases.
var inBetween = []moment{
	{"planned", func(p engine.Progress) bool { return p.State == engine.Applying && p.Type == "" }},
	{"all written", func(p engine.Progress) bool { return p.Type == plugin.User && p.Total > 0 && p.Done == p.Total }},
}

func momentNamed(name string) moment {
	all := slices.Concat(moments, inBetween)
	return all[slices.IndexFunc(all, func(m moment) bool { return m.name == name })]
}

// once reports to f the first time that is says so.
func once(is func(engine.Progress) bool, f func()) func(engine.Progress) {
	done := false
	return func(p engine.Progress) {
		if !done && is(p) {
			done = true
			f()
		}
	}
}

func pushBothStates(t *testing.T, e *engine.Engine) {
	t.Helper()
	for state := range 2 {
		mustPush(t, e, companyState(state))
	}
}

// pushedUndisturbed is what both states of the company come to.
func pushedUndisturbed(t *testing.T, db *schema.DB) directory {
	t.Helper()
	pushBothStates(t, engine.New(db, targets.All(db), zap.NewNop()))
	return readDirectory(t, db)
}

// mustBe checks that an error has a kind, says what to do, and that the text
// is one that an operator may read.
func mustBe(t *testing.T, err error, kind plugin.Kind, hint string) {
	t.Helper()
	var e *plugin.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("Push() = %v (%s), want an error of kind %s", err, plugin.KindOf(err), kind)
	}
	if !strings.Contains(e.Hint, hint) {
		t.Errorf("the hint of %q is %q, want one that says %q", err, e.Hint, hint)
	}
	if strings.Contains(err.Error(), "postgres://") || strings.Contains(err.Error(), "员工") {
		t.Errorf("the error tells too much: %v", err)
	}
}

// A file that another process writes to is waited for, and whoever waits can
// still be called back.
func TestSQLiteIsLockedByAnotherProcess(t *testing.T) {
	url := schematest.SQLite(t)
	db, other := schematest.Open(t, url), schematest.Open(t, url)
	e := engine.New(db, targets.All(db), zap.NewNop())
	locked, err := other.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = e.Push(ctx, companyState(0), nil)
	if took := time.Since(start); took > 1200*time.Millisecond {
		t.Errorf("a push that waits for the lock was called back after %v", took)
	}
	mustBe(t, err, plugin.Canceled, "")
	time.AfterFunc(time.Second, func() { locked.Rollback() })
	mustPush(t, e, companyState(0))
	checkInvariants(t, db)
}

// A disk that is full ends the push, wherever that happens, with an error that
// says so; with room again the same push ends it.
func TestSQLiteDiskIsFull(t *testing.T) {
	t.Parallel()
	want, pages := undisturbedSQLite(t)
	for percent := 0; percent < 100; percent += 24 {
		t.Run(fmt.Sprintf("at %d percent", percent), func(t *testing.T) {
			db, e := pooled(t)
			var empty int
			if err := db.GetContext(t.Context(), &empty, "PRAGMA page_count"); err != nil {
				t.Fatal(err)
			}
			onPooled(t, db, fmt.Sprintf("PRAGMA max_page_count = %d", empty+1+(pages-empty)*percent/100))
			_, err := e.Push(t.Context(), companyState(0), nil)
			mustBe(t, err, plugin.Config, "the disk is full")
			onPooled(t, db, "PRAGMA max_page_count = 1000000")
			mustEndRight(t, e, db, want)
		})
	}
}

// So does a file that nobody may write to any more.
func TestSQLiteBecomesReadOnly(t *testing.T) {
	t.Parallel()
	want, _ := undisturbedSQLite(t)
	for _, moment := range moments[2:] { // in these no connection is in use
		t.Run(moment.name, func(t *testing.T) {
			db, e := pooled(t)
			_, err := e.Push(t.Context(), companyState(0), once(moment.is, func() { onPooled(t, db, "PRAGMA query_only = 1") }))
			mustBe(t, err, plugin.Config, "cannot be written")
			_, err = e.Push(t.Context(), companyState(0), nil)
			mustBe(t, err, plugin.Config, "cannot be written")
			onPooled(t, db, "PRAGMA query_only = 0")
			mustEndRight(t, e, db, want)
		})
	}
}

// undisturbedSQLite gives what the company comes to, and the pages that its
// first state takes.
func undisturbedSQLite(t *testing.T) (d directory, pages int) {
	t.Helper()
	db := schematest.Open(t, schematest.SQLite(t))
	e := engine.New(db, targets.All(db), zap.NewNop())
	mustPush(t, e, companyState(0))
	if err := db.GetContext(t.Context(), &pages, "PRAGMA page_count"); err != nil {
		t.Fatal(err)
	}
	mustPush(t, e, companyState(1))
	return readDirectory(t, db), pages
}

// poolSize is how many connections a test has that sets something on each.
const poolSize = 4

func pooled(t *testing.T) (*schema.DB, *engine.Engine) {
	t.Helper()
	db := schematest.Open(t, schematest.SQLite(t))
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	return db, engine.New(db, targets.All(db), zap.NewNop())
}

// onPooled runs a statement on all connections that the pool may
// have. None may be in use.
func onPooled(t *testing.T, db *schema.DB, q string) {
	t.Helper()
	var held []*sqlx.Conn
	for range poolSize {
		conn, err := db.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range held {
		conn.Close()
	}
}

// mustEndRight pushes both states of the company after a fault.
func mustEndRight(t *testing.T, e *engine.Engine, db *schema.DB, want directory) {
	t.Helper()
	checkChunks(t, db)
	pushBothStates(t, e)
	if diff := cmp.Diff(want, readDirectory(t, db)); diff != "" {
		t.Errorf("the end differs (-undisturbed +got):\n%s", diff)
	}
	mustSettled(t, e)
}

// checkChunks checks that what is written of the first run, into an empty
// database, is whole chunks.
func checkChunks(t *testing.T, db *schema.DB) {
	t.Helper()
	for table, plan := range map[string]string{"users": "plan_users", "departments": "plan_departments"} {
		var half int
		err := db.On(db).Get(t.Context(), &half, `
			SELECT count(*) FROM {`+plan+`} p LEFT JOIN {`+table+`} t ON t.id = p._row_id
			WHERE (t.id IS NOT NULL) <> EXISTS (SELECT 1 FROM {chunks} c WHERE c.run = p._run AND c.type || 's' = '`+table+`' AND p._n BETWEEN c.first AND c.last)`)
		if err != nil {
			t.Fatal(err)
		}
		if half > 0 {
			t.Errorf("%d %s are not as the chunks say that were written", half, table)
		}
	}
}

// A push that is called back ends as canceled, whatever it was at; what it
// wrote is whole, and it leaves nothing: no goroutine, no connection in use, no
// temporary table.
func TestCanceledAtAnyMoment(t *testing.T) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		e := engine.New(db, targets.All(db), zap.NewNop())
		for _, moment := range moments {
			t.Run(moment.name, func(t *testing.T) {
				before := goleak.IgnoreCurrent()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				push := companyState(0)
				push.Source = moment.name
				push.Bodies = renamed(push.Bodies, moment.name)
				_, err := e.Push(ctx, push, once(moment.is, cancel))
				mustBe(t, err, plugin.Canceled, "")
				if !errors.Is(err, context.Canceled) {
					t.Errorf("Push() = %v, want one that is context.Canceled", err)
				}
				tasks := mustSettled(t, e)
				if tasks[0].State != engine.Canceled {
					t.Errorf("the task is %s: %s, want canceled", tasks[0].State, tasks[0].Message)
				}
				mustBeIdle(t, db)
				checkInvariants(t, db)
				mustPush(t, e, push)
				mustBeIdle(t, db)
				checkInvariants(t, db)
				if err := goleak.Find(before, poolGoroutines); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// poolGoroutines belong to connections that the pool keeps.
var poolGoroutines = goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener")

// renamed prefixes what is unique of the company's people, so that several
// companies fit into one database.
func renamed(bodies func(func(engine.Body, error) bool), prefix string) func(func(engine.Body, error) bool) {
	return func(yield func(engine.Body, error) bool) {
		for b, err := range bodies {
			records := b.Records
			b.Records = func(yield func(json.RawMessage, error) bool) {
				for raw, err := range records {
					for _, field := range []string{`"username":"`, `"email":"`, `"phone":"`} {
						raw = bytes.ReplaceAll(raw, []byte(field), []byte(field+prefix+" "))
					}
					if !yield(raw, err) {
						return
					}
				}
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// mustBeIdle checks that no connection is in use, and that nothing is left in the
// temporary tables of any. A transaction whose context was canceled is rolled back by
// database/sql on its own time.
func mustBeIdle(t *testing.T, db *schema.DB) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	stats := db.Stats()
	for range 200 {
		if stats.InUse == 0 {
			break
		}
		<-tick.C
		stats = db.Stats()
	}
	if stats.InUse > 0 {
		t.Errorf("%d connections are in use", stats.InUse)
	}
	tables := `SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' AND relnamespace = pg_my_temp_schema()`
	if db.Dialect() == "sqlite" {
		tables = `SELECT name FROM sqlite_temp_master WHERE type = 'table'`
	}
	for range stats.Idle {
		conn, err := db.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var names []string
		if err := conn.SelectContext(t.Context(), &names, tables); err != nil {
			t.Error(err)
		}
		for _, name := range names {
			var left int
			if err := conn.GetContext(t.Context(), &left, `SELECT count(*) FROM `+schema.Quote(name)); err != nil || left > 0 {
				t.Errorf("a connection has %d rows left in %s (%v)", left, name, err)
			}
		}
	}
}

// A run that was silent for too long is taken for dead by the next one. Should
// it live after all, it ends and writes nothing more.
func TestSilentRunIsTakenOver(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		db, other := schematest.Open(t, url), schematest.Open(t, url)
		first := engine.New(db, targets.All(db), zap.NewNop())
		second := engine.New(other, targets.All(other), zap.NewNop())
		var after directory
		_, err := first.Push(t.Context(), companyState(0), once(moments[2].is, func() {
			_, err := db.On(db).Exec(t.Context(), `UPDATE {runs} SET owner = 'a dead process', beat_at = ?`, db.Time(time.Now().Add(-time.Hour)))
			if err != nil {
				t.Error(err)
			}
			mustPush(t, second, companyState(0))
			mustPush(t, second, companyState(1))
			after = readDirectory(t, other)
		}))
		mustBe(t, err, plugin.Locked, "push again")
		if diff := cmp.Diff(after, readDirectory(t, db)); diff != "" {
			t.Errorf("the run that was taken over wrote something (-before +after):\n%s", diff)
		}
		tasks := mustSettled(t, first)
		if len(tasks) != 3 || tasks[2].State != engine.Success {
			t.Errorf("Tasks() = %+v, want the first of three to have been ended by the second", tasks)
		}
	})
}

// The same of a process that is stopped and goes on later, as on a machine that
// is put to sleep.
func TestSleepingProcessIsTakenOver(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": schematest.SQLite, "postgres": schematest.Migrated} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := startVictimAt(t, fresh(t), 0, "stop 0 applying departments")
			v.awaitStop(t)
			err := onEngine(t.Context(), v.url, func(e *engine.Engine, db *schema.DB) error {
				pushBothStates(t, e)
				before := readDirectory(t, db)
				if err := v.cmd.Process.Signal(syscall.SIGCONT); err != nil {
					return err
				}
				if line := v.line(); line != "push 0 locked" {
					t.Errorf("the process that slept said %q, want that its push is locked", line)
				}
				if diff := cmp.Diff(before, readDirectory(t, db)); diff != "" {
					t.Errorf("the process that slept wrote something (-before +after):\n%s", diff)
				}
				checkInvariants(t, db)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			v.kill(0)
		})
	}
}

// awaitStop waits until the victim has stopped itself.
func (v *victim) awaitStop(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 3000 {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(v.cmd.Process.Pid, &status, syscall.WUNTRACED|syscall.WNOHANG, nil)
		if err != nil {
			t.Fatal(err)
		}
		if pid != 0 && status.Stopped() {
			return
		}
		<-tick.C
	}
	t.Fatal("the victim did not stop")
}

// When the database is restarted under a push, at whatever instant, the same
// engine or the next one ends the run: what had been planned is not pushed
// again.
func TestPostgresIsRestartedUnderAPush(t *testing.T) {
	t.Parallel()
	cluster := schematest.Start(t, schematest.Durable) // what was committed must stand
	var want directory
	t.Run("undisturbed", func(t *testing.T) { want = pushedUndisturbed(t, schematest.Open(t, cluster.URL(t))) })
	for i, instant := range []string{"planning", "planned", "applying departments", "applying users", "all written"} {
		t.Run(instant, func(t *testing.T) {
			url := cluster.URL(t)
			db := schematest.Open(t, url)
			e := engine.New(db, targets.All(db), zap.NewNop())
			mustPush(t, e, companyState(0))
			_, err := e.Push(t.Context(), companyState(1), once(momentNamed(instant).is, func() {
				if err := errors.Join(cluster.Stop(), cluster.Start()); err != nil {
					t.Error(err)
				}
			}))
			t.Logf("Push() = %v", err)
			if err != nil {
				mustBe(t, err, plugin.Transient, "")
			}
			if i%2 == 1 { // another process comes by
				db = schematest.Open(t, url)
				e = engine.New(db, targets.All(db), zap.NewNop())
			}
			mustEnd(t, e, db)
			if diff := cmp.Diff(want, readDirectory(t, db)); diff != "" {
				t.Errorf("the end differs (-undisturbed +got):\n%s", diff)
			}
			checkInvariants(t, db)
			mustBeIdle(t, db)
		})
	}
}

// mustEnd has the second state of the company be written to its end, though the
// push of it may have broken off: by itself when it was planned, else by the
// same push again.
func mustEnd(t *testing.T, e *engine.Engine, db *schema.DB) {
	t.Helper()
	planned := lastWords(t, db, 2).Planned
	age(t, e, db, "")
	mustResume(t, e)
	task := mustSettled(t, e)[0]
	switch {
	case planned && task.State != engine.Success:
		t.Errorf("the task is %s: %s, want success", task.State, task.Message)
	case !planned && task.State == engine.Success:
		t.Errorf("the task is %s: %s, want that it broke off", task.State, task.Message)
	case !planned:
		mustPush(t, e, companyState(1))
	}
}
