package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A crm is a target that keeps the people it is told of, each in a row of its
// own, and honours keys.
type crm struct {
	mu    sync.Mutex
	next  int
	rows  map[string]string // nickname by row
	keys  map[string]plugin.Outcome
	calls []string // "op uid"
	// trouble may answer a call in the crm's stead, before anything is done.
	trouble func(changes []plugin.Change) ([]plugin.Outcome, error, bool)
	// lose has the outcomes of a call go missing, after all is done.
	lose func() error
}

func newCRM() *crm { return &crm{rows: map[string]string{}, keys: map[string]plugin.Outcome{}} }

func (t *crm) Apply(ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trouble != nil {
		if outcomes, err, done := t.trouble(changes); done {
			return outcomes, err
		}
	}
	var outcomes []plugin.Outcome
	for _, c := range changes {
		t.calls = append(t.calls, string(c.Op)+" "+c.Record.UID)
		if _, again := t.keys[c.Key]; !again {
			t.keys[c.Key] = t.apply(c)
		}
		outcomes = append(outcomes, t.keys[c.Key])
	}
	if t.lose != nil {
		return nil, t.lose()
	}
	return outcomes, ctx.Err()
}

func (t *crm) apply(c plugin.Change) plugin.Outcome {
	rows := c.Rows
	switch c.Op {
	case plugin.Delete:
		for _, row := range rows {
			delete(t.rows, row)
		}
		return plugin.Outcome{Key: c.Key}
	case plugin.Create:
		t.next++
		rows = []string{"c" + strconv.Itoa(t.next)}
	}
	for _, row := range rows {
		t.rows[row] = fmt.Sprint(c.Record.Attrs["nickname"])
	}
	return plugin.Outcome{Key: c.Key, Rows: rows}
}

// has lists the crm's rows.
func (t *crm) has() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := []string{}
	for row, nickname := range t.rows {
		lines = append(lines, row+" "+nickname)
	}
	slices.Sort(lines)
	return lines
}

// heard gives what it was called with since it was asked last.
func (t *crm) heard() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() { t.calls = nil }()
	return t.calls
}

// troubled has the crm fail with what f says, or be well again with nil.
func (t *crm) troubled(f func(changes []plugin.Change) ([]plugin.Outcome, error, bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trouble = f
}

// takesPeople is the declaration of a target of that name that takes people.
func takesPeople(name string, after ...string) plugin.TargetInfo {
	return plugin.TargetInfo{Name: name, Accepts: []plugin.Type{plugin.User}, After: after}
}

// registers has the engine know NocoBase's targets and, as crm, another.
func (c *company) registers(t plugin.Target) *plugin.Registry {
	c.Helper()
	r := &plugin.Registry{}
	c.ok(r.AddTarget(takesPeople("users"), nil))
	c.ok(r.AddTarget(plugin.TargetInfo{Name: "departments", Accepts: []plugin.Type{plugin.Department, plugin.User}}, nil))
	c.ok(r.AddTarget(takesPeople("crm"), t))
	c.engine.SetAdapters(r)
	return r
}

func (c *company) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// delivers does what Work does for targets, as if it were time for all of it.
func (c *company) delivers() {
	c.Helper()
	c.hand(`UPDATE {outbox} SET due_at = ? WHERE due_at IS NOT NULL`, c.db.Time(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)))
	c.engine.AdaptersChanged("crm")
	if _, err := c.engine.Deliver(c.Context()); err != nil {
		c.Fatalf("deliver() = %v", err)
	}
}

// wantResult wants the counts of a resource: all, success, failed, skipped, pending.
func (c *company) wantResult(r *engine.Report, resource string, want engine.SyncedCount) {
	c.Helper()
	for _, result := range r.Result {
		if result.Resource == resource {
			if diff := cmp.Diff(want, result.Detail.Count); diff != "" {
				c.Errorf("result of %s mismatch (-want +got):\n%s", resource, diff)
			}
			return
		}
	}
	c.Errorf("the report has no result of %s", resource)
}

// waiting lists what is in the outbox.
func (c *company) waiting() []string {
	c.Helper()
	return c.list(`SELECT target, uid, gone, coalesce(kind, '-') AS kind FROM {outbox} ORDER BY id`)
}

// links lists which rows of the crm records stand for.
func (c *company) links() []string {
	c.Helper()
	return c.list(`SELECT t.[sourceUk], k.[resourcePk] FROM {userDataSyncRecordsResources} k JOIN {userDataSyncRecords} t ON t.id = k.[recordId] WHERE k.resource = 'crm' ORDER BY 1, 2`)
}

func failing(kind plugin.Kind, uids ...string) func([]plugin.Change) ([]plugin.Outcome, error, bool) {
	return func(changes []plugin.Change) ([]plugin.Outcome, error, bool) {
		var outcomes []plugin.Outcome
		for _, c := range changes {
			o := plugin.Outcome{Key: c.Key, Rows: []string{"row of " + c.Record.UID}}
			if slices.Contains(uids, c.Record.UID) {
				o = plugin.Outcome{Key: c.Key, Err: &plugin.Error{Kind: kind, Msg: "no seat is left"}}
			}
			outcomes = append(outcomes, o)
		}
		return outcomes, nil, true
	}
}

func TestAChangeReachesATargetOnce(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		r := c.push("hr", users(`{"uid":"1","nickname":"Ann"}`, `{"uid":"2","nickname":"Ben"}`, `{"uid":"3","nickname":"Cid"}`))
		c.same("calls", crm.heard(), "create 1", "create 2", "create 3")
		c.wantResult(r, "crm", engine.SyncedCount{All: 3, Success: 3})
		c.same("results", resources(r), "users", "departments", "crm")
		c.same("links", c.links(), "1 c1", "2 c2", "3 c3")

		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`, `{"uid":"2","nickname":"Bea"}`, `{"uid":"3","isDeleted":true}`))
		c.same("calls", crm.heard(), "update 2", "delete 3")
		c.same("crm", crm.has(), "c1 Ann", "c2 Bea")
		c.same("links", c.links(), "1 c1", "2 c2")

		c.push("hr", users(`{"uid":"2","nickname":"Bea","badge no column":1}`, `{"uid":"3","nickname":"Cid"}`))
		c.same("calls", crm.heard(), "update 2", "create 3")
		c.same("links", c.links(), "1 c1", "2 c2", "3 c4")
		c.same("outbox", c.waiting())
	})
}

func resources(r *engine.Report) (names []string) {
	for _, result := range r.Result {
		names = append(names, result.Resource)
	}
	return names
}

func TestAChangeSaysAllThatIsKnownOfARecord(t *testing.T) {
	each(t, func(c *company) {
		var got []plugin.Change
		crm := newCRM()
		crm.trouble = func(changes []plugin.Change) ([]plugin.Outcome, error, bool) {
			got = append(got, changes...)
			return nil, nil, false
		}
		c.registers(crm)
		c.push("hr", departments(`{"uid":"d","title":"Sales"}`))
		c.pushBy("email", "hr", users(`{"uid":"1","nickname":"Ann","email":"a@example.com","password":"hunter2","departments":["d"]}`))
		if len(got) != 1 || got[0].Key == "" {
			c.Fatalf("the target got %+v, want one change with a key", got)
		}
		got[0].Key = ""
		want := plugin.Change{
			Op: plugin.Create, ID: c.list(`SELECT id FROM {userDataSyncRecords} WHERE [dataType] = 'user'`)[0], Source: "hr", MatchKey: "email",
			Record: plugin.Record{Type: "user", UID: "1", Attrs: map[string]any{"nickname": "Ann", "email": "a@example.com", "departments": []any{"d"}}},
			Links: []plugin.Link{
				{Resource: "departments", ResourcePk: c.list(`SELECT id FROM {departments}`)[0]},
				{Resource: "users", ResourcePk: c.list(`SELECT id FROM {users}`)[0]},
			},
		}
		slices.SortFunc(got[0].Links, func(a, b plugin.Link) int { return strings.Compare(a.Resource, b.Resource) })
		if diff := cmp.Diff(want, got[0]); diff != "" {
			c.Errorf("change mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestATargetThatVanishedGetsWhatItMissedWhenItIsBack(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		registry := c.registers(crm)
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`))
		registry.Remove("crm")
		r := c.push("hr", users(`{"uid":"1","nickname":"Anna"}`, `{"uid":"2","nickname":"Ben"}`))
		c.same("results", resources(r), "users", "departments")
		c.same("warnings", r.Warnings, "target crm has yet to take 2 of the changes: it is not there now")
		c.push("hr", users(`{"uid":"2","isDeleted":true}`))
		c.same("outbox", c.waiting(), "crm 1 0 -", "crm 2 1 -")
		crm.heard()
		c.ok(registry.AddTarget(takesPeople("crm"), crm))
		c.delivers()
		c.same("calls", crm.heard(), "update 1", "delete 2")
		c.same("crm", crm.has(), "c1 Anna")
	})
}

func TestATargetIsFirstGivenAllThatASourceHas(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`, `{"uid":"2","nickname":"Ben"}`, `{"uid":"3","nickname":"Cid"}`))
		c.push("hr", users(`{"uid":"3","isDeleted":true}`))
		c.push("other", users(`{"uid":"9","nickname":"Zoe"}`))
		crm := newCRM()
		c.registers(crm)
		c.push("hr", users(`{"uid":"2","nickname":"Bea"}`, `{"uid":"4","nickname":"Dan"}`))
		c.same("calls of the run", crm.heard(), "create 2", "create 4")
		c.delivers()
		c.same("calls after it", crm.heard(), "create 1")
		c.push("hr", users(`{"uid":"2","nickname":"Bea"}`))
		c.delivers()
		c.same("calls of the next run", crm.heard())
	})
}

func TestTargetsComeInTheOrderTheyDeclare(t *testing.T) {
	each(t, func(c *company) {
		var mu sync.Mutex
		var order []string
		named := func(name string) plugin.Target {
			crm := newCRM()
			crm.trouble = func(changes []plugin.Change) ([]plugin.Outcome, error, bool) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, fmt.Sprintf("%s sees %d", name, len(changes[0].Links)))
				return nil, nil, false
			}
			return crm
		}
		r := &plugin.Registry{}
		c.ok(r.AddTarget(takesPeople("last", "middle"), named("last")))
		c.ok(r.AddTarget(takesPeople("middle", "first"), named("middle")))
		c.ok(r.AddTarget(takesPeople("first"), named("first")))
		c.engine.SetAdapters(r)
		report := c.push("hr", users(`{"uid":"1"}`))
		c.same("order", order, "first sees 1", "middle sees 2", "last sees 3")
		c.same("results", resources(report), "users", "departments", "first", "middle", "last")
	})
}

func TestChangesComeInTheOrderOfTheRecords(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		var records, want []string
		for i := range 1700 { // more than a batch, and than a chunk
			records = append(records, fmt.Sprintf(`{"uid":"%d"}`, i*7919%1700))
			want = append(want, fmt.Sprintf("create %d", i*7919%1700))
		}
		c.push("hr", users(records...))
		c.same("calls", crm.heard(), want...)
	})
}

func TestNothingIsPutIntoTheOutboxForNobody(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"1"}`))
		c.registers(newCRM())
		c.push("hr", departments(`{"uid":"d","title":"Sales"}`))
		c.same("outbox", c.list(`SELECT uid FROM {outbox} WHERE type = 'department'`))
	})
}

func TestChangesThatNobodyTakesAreForgottenAfterThirtyDays(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		registry := c.registers(crm)
		c.push("hr", users(`{"uid":"1"}`))
		registry.Remove("crm")
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`, `{"uid":"2"}`))
		long := c.db.Time(time.Now().Add(-31 * 24 * time.Hour))
		c.hand(`UPDATE {outbox} SET added_at = ? WHERE uid = '1'`, long)
		c.push("other", users(`{"uid":"9"}`))
		c.same("outbox", c.waiting(), "crm 2 0 -")
		c.hand(`UPDATE {feeds} SET seen_at = ?`, long)
		c.push("hr", users(`{"uid":"3"}`))
		c.same("outbox", c.waiting())
		c.same("feeds", c.list(`SELECT * FROM {feeds}`))
	})
}
