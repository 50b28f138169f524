package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// BenchmarkLocks measures how long an operator's edit waits for a run at most,
// in milliseconds, of people and departments, while a company of 5,000
// departments and 20,000 people (BENCH_USERS, where that is more) is
// synchronized for the first time, renamed, moved, and emptied. Operators edit
// one row after the other, without changing it. Run it with -benchtime 1x.
func BenchmarkLocks(b *testing.B) {
	const tree = 5_000
	crowd := max(20_000, benchUsers())
	db := schematest.Open(b, schematest.Start(b, schematest.Durable).URL(b))
	e := engine.New(db, targets.All(db), zap.NewNop())
	push := func(name string, list ...engine.Body) {
		b.Run(name, func(b *testing.B) {
			at := atWork(b, db)
			start := time.Now()
			_, err := e.Push(b.Context(), engine.Push{Source: "hr", Options: guarded(engine.Guards{}), Bodies: bodies(list)}, nil)
			took := time.Since(start)
			at.report(b)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took.Seconds(), "run-s")
			if err != nil {
				b.Fatal(err)
			}
		})
	}
	ofTree := func(title string, below int) engine.Body {
		return departments(numbered(tree, func(i int) string {
			parent := ""
			if i > 0 {
				parent = fmt.Sprintf("d%d", (i-1)/below)
			}
			return fmt.Sprintf(`{"uid":"d%d","title":"%s %d","parentUid":%q}`, i, title, i, parent)
		})...)
	}
	people := func(changed bool) engine.Body {
		return users(numbered(crowd, func(i int) string { return userRecord(i, tree, changed) })...)
	}
	push("first", ofTree("Department", 8), people(false))
	push("departments renamed", ofTree("Division", 8))
	push("departments moved", ofTree("Division", 3))
	push("users changed", people(true))
	push("memberships dropped", users(numbered(crowd, func(i int) string {
		record, _, _ := strings.Cut(userRecord(i, tree, true), `,"departments"`)
		return record + `,"departments":[]}`
	})...))
	push("memberships added", people(true))
	push("departments removed", departments(numbered(tree/10, func(i int) string { return fmt.Sprintf(`{"uid":"d%d","isDeleted":true}`, i*10) })...))
}

func numbered(n int, record func(i int) string) []string {
	records := make([]string, n)
	for i := range records {
		records[i] = record(i)
	}
	return records
}

// operators are sessions that edit rows of the directory all the time, each
// kind of edit in one of its own.
type operators struct {
	stop    context.CancelFunc
	wait    sync.WaitGroup
	mu      sync.Mutex
	longest map[string]time.Duration // guarded by mu
	fault   error                    // guarded by mu
}

func atWork(b *testing.B, db *schema.DB) *operators {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	o := &operators{stop: stop, longest: map[string]time.Duration{}}
	some := func(table, key string) string { // of its rows, about evenly
		return `SELECT ` + key + ` FROM {` + table + `}, (SELECT min(id) AS low, max(id) - min(id) AS width FROM {` + table + `}) span
			WHERE id >= low + CAST(CAST(? AS float8) * width AS bigint) ORDER BY id LIMIT 1`
	}
	for edit, q := range map[string]string{
		"user":       `UPDATE {users} SET sort = sort WHERE id = (` + some("users", "id") + `)`,
		"department": `UPDATE {departments} SET sort = sort WHERE id = (` + some("departments", "id") + `)`,
		"removal":    `SELECT 1 FROM {departments} WHERE id = (` + some("departments", "id") + `) FOR UPDATE`,
		"owner": `UPDATE {departmentsUsers} SET [isOwner] = [isOwner] WHERE ([departmentId], [userId]) IN (
			SELECT [departmentId], [userId] FROM {departmentsUsers} WHERE [userId] = (` + some("users", "id") + `) LIMIT 1)`,
	} {
		for range 2 {
			o.wait.Go(func() {
				tick := time.NewTicker(2 * time.Millisecond)
				defer tick.Stop()
				for ctx.Err() == nil {
					start := time.Now()
					_, err := db.On(db).Exec(context.WithoutCancel(ctx), q, rand.Float64())
					o.note(edit, time.Since(start), err)
					select {
					case <-tick.C:
					case <-ctx.Done():
					}
				}
			})
		}
	}
	return o
}

func (o *operators) note(edit string, took time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.longest[edit] = max(o.longest[edit], took)
	if err != nil {
		o.fault = err
	}
}

func (o *operators) report(b *testing.B) {
	b.Helper()
	o.stop()
	o.wait.Wait()
	for edit, d := range o.longest {
		b.ReportMetric(float64(d.Milliseconds()), edit+"-ms")
	}
	if o.fault != nil {
		b.Error(o.fault)
	}
}
