package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// ledgerVariable gives a victim a ledger as a target, and says in which batch it
// dies: "PATH 2 before" or "PATH 2 after" that is written down.
const ledgerVariable = "ROSTER_TEST_LEDGER"

// A ledger is a target that outlives processes: a file with a line for each
// change that was made, and honours keys.
type ledger struct {
	path string
	die  func(when string) // asked before a batch is written down and after
}

// ledgerOf is the ledger that the environment names, if it does.
func ledgerOf(env string) (ledger, bool) {
	var path, when string
	var batch, batches int
	if _, err := fmt.Sscan(env, &path, &batch, &when); err != nil {
		return ledger{}, false
	}
	return ledger{path, func(now string) {
		if now == "before" {
			batches++
		}
		if batches == batch && now == when {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it has arrived
		}
	}}, true
}

func (l ledger) Apply(_ context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
	l.die("before")
	written, err := l.lines()
	if err != nil {
		return nil, err
	}
	rows := map[string]string{} // by key
	for _, line := range written {
		rows[line[0]] = line[3]
	}
	var add strings.Builder
	var outcomes []plugin.Outcome
	for _, c := range changes {
		row, again := rows[c.Key]
		if !again {
			row = strings.Join(c.Rows, "")
			if c.Op == plugin.Create {
				row = "row-" + c.Key
			}
			fmt.Fprintln(&add, c.Key, c.Op, c.Record.UID, row)
		}
		outcomes = append(outcomes, plugin.Outcome{Key: c.Key, Rows: []string{row}})
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(add.String())
		file.Close()
	}
	l.die("after")
	return outcomes, err
}

// lines are what was written down: key, op, uid and row.
func (l ledger) lines() (lines [][]string, err error) {
	text, err := os.ReadFile(l.path)
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.Fields(line))
	}
	if os.IsNotExist(err) {
		err = nil
	}
	return lines, err
}

func (l ledger) registry() (*plugin.Registry, error) {
	r := &plugin.Registry{}
	return r, r.AddTarget(takesPeople("ledger"), l)
}

// A process that dies after a commit and before what it committed is delivered,
// or before it learns that it was, leaves all of it to another.
func TestKilledBetweenCommitAndDelivery(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": schematest.SQLite, "postgres": schematest.Migrated} {
		for _, when := range killedBatches() {
			t.Run(name+" in batch "+when, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "ledger")
				v := startVictimWith(t, fresh(t), 0, ledgerVariable+"="+path+" "+when)
				v.kill(time.Minute)
				if len(v.said) > 0 {
					t.Fatalf("the victim did %q, want it to die in its first push", v.said)
				}
				after := ledger{path, func(string) {}}
				err := onEngine(t.Context(), v.url, func(e *engine.Engine, db *schema.DB) error { return deliverRest(t, e, db, after) })
				if err != nil {
					t.Fatal(err)
				}
				after.mustHaveEach(t, companyUsers)
			})
		}
	}
}

// deliverRest ends the run of a dead process, and delivers what it left.
func deliverRest(t *testing.T, e *engine.Engine, db *schema.DB, l ledger) error {
	registry, err := l.registry()
	if err != nil {
		return err
	}
	e.SetAdapters(registry)
	awaitBurial(t, e, db, "1")
	mustResume(t, e)
	_, err = db.On(db).Exec(t.Context(), `UPDATE {outbox} SET due_at = ?`, db.Time(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))) // as if the lease were over
	if err != nil {
		return err
	}
	if _, err := e.Deliver(t.Context()); err != nil {
		return err
	}
	var left int
	if err := db.On(db).Get(t.Context(), &left, `SELECT count(*) FROM {outbox}`); err != nil || left > 0 {
		t.Errorf("%d changes are in the outbox still (%v)", left, err)
	}
	return nil
}

// mustHaveEach checks that so many people were created, and each once.
func (l ledger) mustHaveEach(t *testing.T, n int) {
	t.Helper()
	lines, err := l.lines()
	if err != nil {
		t.Fatal(err)
	}
	created := map[string]int{}
	for _, line := range lines {
		if created[line[2]]++; line[1] != "create" || created[line[2]] > 1 {
			t.Errorf("the ledger has %q", line)
		}
	}
	if len(created) != n {
		t.Errorf("the ledger has %d people, want %d", len(created), n)
	}
}

// killedBatches are when a victim dies; in a small company there is one batch.
func killedBatches() []string {
	if schematest.UnderRace {
		return []string{"1 before", "1 after"}
	}
	return []string{"1 before", "1 after", "2 before", "2 after"}
}
