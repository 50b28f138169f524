package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// A company is a NocoBase database of its own with an engine on it: a test
// pushes records, edits rows by hand, and says what it wants to find.
type company struct {
	testing.TB
	db     *schema.DB
	engine *engine.Engine
	logs   *observer.ObservedLogs
}

// each runs a test on SQLite and on PostgreSQL, beside other tests.
func each(t *testing.T, test func(c *company)) {
	t.Helper()
	t.Parallel()
	databases(t, func(t *testing.T, db *schema.DB) { test(newCompany(t, db)) })
}

// eachPlain is each for tests that make tables by the names that NocoBase gives
// by default.
func eachPlain(t *testing.T, test func(c *company)) {
	t.Helper()
	t.Parallel()
	schematest.Each(t, func(t *testing.T, db *schema.DB) { test(newCompany(t, db)) })
}

// databases runs a test on SQLite and on PostgreSQL, there beside a NocoBase of
// other names than the default. Under the race detector
// there is only PostgreSQL: there a run writes on two connections, while SQLite
// is Go itself, and watching it would take all the time.
func databases(t *testing.T, test func(t *testing.T, db *schema.DB)) {
	t.Helper()
	if !schematest.UnderRace {
		t.Run("sqlite", func(t *testing.T) { test(t, schematest.Open(t, schematest.SQLite(t))) })
	}
	t.Run("postgres", func(t *testing.T) { test(t, schematest.Open(t, schematest.Hosted(t))) })
}

func newCompany(tb testing.TB, db *schema.DB) *company {
	tb.Helper()
	seen, logs := observer.New(zap.DebugLevel)
	log := zaptest.NewLogger(tb, zaptest.WrapOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewTee(c, seen) })))
	return &company{TB: tb, db: db, engine: engine.New(db, targets.All(db), log), logs: logs}
}

// users is a body of users, each as the JSON that is pushed.
func users(records ...string) engine.Body { return body("user", records...) }

// departments is a body of departments.
func departments(records ...string) engine.Body { return body("department", records...) }

func body(dataType string, records ...string) engine.Body {
	return engine.Body{DataType: dataType, Records: func(yield func(json.RawMessage, error) bool) {
		for _, r := range records {
			if !yield(json.RawMessage(r), nil) {
				return
			}
		}
	}}
}

func bodies(list []engine.Body) iter.Seq2[engine.Body, error] {
	return func(yield func(engine.Body, error) bool) {
		for _, b := range list {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// push pushes bodies for a source and wants no error; what became of single
// records is in the report. The tree must be sound after every push.
func (c *company) push(source string, list ...engine.Body) *engine.Report {
	c.Helper()
	return c.pushBy("", source, list...)
}

// pushBy is push with a match key.
func (c *company) pushBy(matchKey, source string, list ...engine.Body) *engine.Report {
	c.Helper()
	report, err := c.engine.Push(c.Context(), engine.Push{Source: source, MatchKey: matchKey, Bodies: bodies(list)}, nil)
	if err != nil {
		c.Fatalf("Push() = %v", err)
	}
	c.soundTree()
	return report
}

// pushAs pushes bodies with whatever else p says.
func (c *company) pushAs(p engine.Push, list ...engine.Body) *engine.Report {
	c.Helper()
	p.Bodies = bodies(list)
	report, err := c.engine.Push(c.Context(), p, nil)
	if err != nil {
		c.Fatalf("Push() = %v", err)
	}
	c.soundTree()
	return report
}

// whole is a snapshot that is all in one push.
func whole() *engine.Snapshot { return &engine.Snapshot{ID: "all", Done: true} }

// unguarded are the options of a source that removes in that way, however many.
func unguarded(removal string) *engine.Options {
	o := engine.DefaultOptions()
	o.Removal.User, o.Removal.Department, o.Guards = removal, removal, engine.Guards{}
	return &o
}

// refused pushes and wants the push as a whole to be refused; it gives the error.
func (c *company) refused(source string, list ...engine.Body) error {
	c.Helper()
	_, err := c.engine.Push(c.Context(), engine.Push{Source: source, Bodies: bodies(list)}, nil)
	if err == nil {
		c.Fatal("Push() = nil, want an error")
	}
	return err
}

// hand does by SQL what an operator, a plugin or a colleague might do.
func (c *company) hand(q string, args ...any) {
	c.Helper()
	if _, err := c.db.On(c.db).Exec(context.Background(), q, args...); err != nil {
		c.Fatalf("%s: %v", q, err)
	}
}

// edit changes rows as NocoBase's form does, which moves updatedAt.
func (c *company) edit(table, set, where string) {
	c.Helper()
	c.hand(`UPDATE {`+table+`} SET `+set+`, [updatedAt] = ? WHERE `+where, c.db.Time(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// make makes a row that no source knows, with the values given as SQL.
func (c *company) make(table, columns, values string) {
	c.Helper()
	at := c.db.Time(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	c.hand(`INSERT INTO {`+table+`} ([createdAt], [updatedAt], `+columns+`) VALUES (?, ?, `+values+`)`, at, at)
}

// join puts a user, by nickname, into a department, by title, by hand.
func (c *company) join(nickname, title string) {
	c.Helper()
	at := c.db.Time(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	c.hand(`INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId])
		SELECT ?, ?, d.id, u.id FROM {departments} d, {users} u WHERE d.title = '`+title+`' AND u.nickname = '`+nickname+`'`, at, at)
}

// leave takes a user out of a department by hand.
func (c *company) leave(nickname, title string) {
	c.Helper()
	c.hand(`DELETE FROM {departmentsUsers} WHERE [departmentId] IN (SELECT id FROM {departments} WHERE title = ?)
		AND [userId] IN (SELECT id FROM {users} WHERE nickname = ?)`, title, nickname)
}

// move puts a department, by title, below another by hand, as NocoBase does.
func (c *company) move(title, under string) {
	c.Helper()
	c.edit("departments", `[parentId] = (SELECT id FROM {departments} WHERE title = '`+under+`')`, `title = '`+title+`'`)
	c.hand(`UPDATE {departments} SET [isLeaf] = NOT EXISTS (SELECT 1 FROM {departments} b WHERE b.[parentId] = {departments}.id)`)
	c.hand(`DELETE FROM {main_departments_path}`)
	c.hand(`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) ` + paths + `SELECT id, path, root FROM walk`)
}

// list reads rows, each as its values in one line; null is a dash.
func (c *company) list(q string, args ...any) []string {
	c.Helper()
	rows, err := c.db.QueryxContext(context.Background(), c.db.SQL(q), args...)
	if err != nil {
		c.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	lines := []string{}
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			c.Fatalf("%s: %v", q, err)
		}
		parts := make([]string, len(values))
		for i, v := range values {
			parts[i] = shown(v)
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	if err := rows.Err(); err != nil {
		c.Fatalf("%s: %v", q, err)
	}
	return lines
}

// shown writes a value the same way whichever database it came from.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	case []byte:
		return string(v)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return fmt.Sprint(v)
}

// same compares lines that were found with those that are wanted.
func (c *company) same(what string, got []string, want ...string) {
	c.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("%s mismatch (-want +got):\n%s", what, diff)
	}
}

// wantUsers wants users, in the order of their ids, to have these values.
func (c *company) wantUsers(columns string, want ...string) {
	c.Helper()
	c.same("users ("+columns+")", c.list(`SELECT `+columns+` FROM {users} ORDER BY id`), want...)
}

// wantFailed wants a report to name exactly these failures; see failures.
func (c *company) wantFailed(r *engine.Report, want ...string) {
	c.Helper()
	c.same("failed records", failures(r), want...)
}

// failures lists the records that failed: "uid (kind, field): why".
func failures(r *engine.Report) []string {
	lines := []string{}
	for _, result := range r.Result {
		for _, f := range result.Detail.FailedRecords {
			var record struct{ UID any }
			_ = json.Unmarshal(f.Record, &record) // what is no object has no uid
			lines = append(lines, fmt.Sprintf("%v (%s, %s): %s", record.UID, f.Kind, f.Field, f.Message))
		}
	}
	return lines
}

// wantMessage wants the run's sentence for the operator.
func (c *company) wantMessage(r *engine.Report, want string) {
	c.Helper()
	if r.Task.Message != want {
		c.Errorf("message of the run:\n got %q\nwant %q", r.Task.Message, want)
	}
}

// notes lists what was left out: "type field ×records: why".
func notes(r *engine.Report) []string {
	lines := []string{}
	for _, n := range r.Notes {
		lines = append(lines, fmt.Sprintf("%s %s ×%d: %s", n.Type, n.Field, n.Records, n.Reason))
	}
	return lines
}

// toJSON writes a record whose text would be hard to quote.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// itoa writes a number, for uids.
func itoa(n int) string { return strconv.Itoa(n) }
