package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func TestARecordThatFailedIsSkippedForTargets(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		r := c.push("hr", users(`{"uid":"1","email":"a@example.com"}`, `{"uid":"2","email":"a@example.com"}`))
		c.same("calls", crm.heard(), "create 1")
		c.wantResult(r, "crm", engine.SyncedCount{All: 2, Success: 1, Skipped: 1})
	})
}

func TestWhatATargetRefusesFailsAndIsRetried(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.troubled(failing(plugin.Data, "2"))
		r := c.push("hr", users(`{"uid":"1","nickname":"Ann"}`, `{"uid":"2","nickname":"Ben"}`))
		c.wantResult(r, "crm", engine.SyncedCount{All: 2, Success: 1, Failed: 1})
		c.wantFailed(r, "2 (data, ): no seat is left")
		if r.Task.State != engine.Partial || !strings.HasSuffix(r.Task.Message, "; crm: 1 failed") {
			c.Errorf("the task is %s: %s", r.Task.State, r.Task.Message)
		}
		crm.troubled(nil)
		c.delivers()
		c.same("calls before the retry", crm.heard())
		again, err := c.engine.Retry(c.Context(), r.Task.ID, nil)
		c.ok(err)
		c.same("calls of the retry", crm.heard(), "create 2")
		c.wantResult(again, "crm", engine.SyncedCount{All: 1, Success: 1})
		if again.Task.State != engine.Success {
			c.Errorf("the retry is %s: %s", again.Task.State, again.Task.Message)
		}
		c.same("links", c.links(), "1 row of 1", "2 c1")
	})
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.troubled(failing(plugin.RateLimited, "2"))
		r := c.push("hr", users(`{"uid":"1","nickname":"Ann"}`, `{"uid":"2","nickname":"Ben"}`))
		c.wantResult(r, "crm", engine.SyncedCount{All: 2, Success: 1, Pending: 1})
		c.same("warnings", r.Warnings, "target crm has yet to take 1 of the changes: no seat is left")
		if r.Task.State != engine.Success {
			c.Errorf("the task is %s: %s", r.Task.State, r.Task.Message)
		}
		crm.troubled(nil)
		next, err := c.engine.Deliver(c.Context())
		c.ok(err)
		if next <= 0 || next > time.Second {
			c.Errorf("deliver() says that something is due in %v, want within the second", next)
		}
		c.delivers()
		c.same("calls", crm.heard(), "create 2")
		c.same("outbox", c.waiting())
	})
}

func TestALaterChangeTakesThePlaceOfOneThatWaits(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.troubled(failing(plugin.Transient, "1"))
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`))
		c.push("hr", users(`{"uid":"1","nickname":"Anna"}`))
		c.same("outbox", c.waiting(), "crm 1 0 transient")
		crm.troubled(nil)
		c.delivers()
		c.same("calls", crm.heard(), "create 1")
		c.same("crm", crm.has(), "c1 Anna")
	})
}

// What was sent may have arrived: what comes after it waits, for otherwise a
// record would be created twice.
func TestALaterChangeWaitsForOneThatMayHaveArrived(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.lose = func() error { return &plugin.Error{Kind: plugin.Transient, Msg: "the connection broke"} }
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`))
		crm.lose = nil
		c.push("hr", users(`{"uid":"1","nickname":"Anna"}`))
		c.push("hr", users(`{"uid":"1","nickname":"Annabel"}`))
		c.same("outbox", c.waiting(), "crm 1 0 transient", "crm 1 0 -")
		c.delivers()
		c.same("calls", crm.heard(), "create 1", "create 1", "update 1")
		c.same("crm", crm.has(), "c1 Annabel")
		c.same("outbox", c.waiting())
	})
}

func TestATargetThatLiesHarmsOnlyItself(t *testing.T) {
	lies := map[string]struct {
		tell func(changes []plugin.Change) []plugin.Outcome
		want []string
	}{
		"of changes it was not told of": {func(cs []plugin.Change) []plugin.Outcome {
			return []plugin.Outcome{{Key: "no such", Rows: []string{"x"}}, {Key: cs[0].Key, Rows: []string{"a"}}, {Key: cs[1].Key, Rows: []string{"b"}}}
		}, nil},
		"by saying nothing": {func(cs []plugin.Change) []plugin.Outcome {
			return []plugin.Outcome{{Key: cs[1].Key, Rows: []string{"b"}}}
		}, []string{"crm 1 0 internal"}},
		"by saying two things": {func(cs []plugin.Change) []plugin.Outcome {
			return []plugin.Outcome{{Key: cs[0].Key, Rows: []string{"a"}}, {Key: cs[1].Key, Rows: []string{"b"}}, {Key: cs[0].Key, Err: errors.New("no")}}
		}, nil},
		"with a row that cannot be": {func(cs []plugin.Change) []plugin.Outcome {
			return []plugin.Outcome{{Key: cs[0].Key, Rows: []string{strings.Repeat("x", 256)}}, {Key: cs[1].Key, Rows: []string{"b", "b"}}}
		}, []string{"crm 1 0 data"}},
		"with an error that is none": {func(cs []plugin.Change) []plugin.Outcome {
			return []plugin.Outcome{{Key: cs[0].Key, Err: errors.New("password hunter2")}, {Key: cs[1].Key, Rows: []string{"b"}}}
		}, []string{"crm 1 0 internal"}},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *company) {
				crm := newCRM()
				c.registers(crm)
				crm.troubled(func(changes []plugin.Change) ([]plugin.Outcome, error, bool) { return lie.tell(changes), nil, true })
				c.push("hr", users(`{"uid":"1"}`, `{"uid":"2"}`))
				c.same("outbox", c.waiting(), lie.want...)
				c.same("links of 2", c.list(`SELECT k.[resourcePk] FROM {userDataSyncRecordsResources} k JOIN {userDataSyncRecords} t ON t.id = k.[recordId] WHERE k.resource = 'crm' AND t.[sourceUk] = '2'`), "b")
				for _, reason := range c.list(`SELECT reason FROM {outbox}`) {
					if strings.Contains(reason, "hunter2") {
						c.Errorf("the outbox keeps %q", reason)
					}
				}
			})
		})
	}
}

func TestATargetThatNeverSaysWhatCameOfAChangeIsGivenUp(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.troubled(func([]plugin.Change) ([]plugin.Outcome, error, bool) { return nil, nil, true })
		c.push("hr", users(`{"uid":"1"}`))
		for range 20 {
			c.delivers()
		}
		c.same("outbox", c.list(`SELECT attempts, due_at IS NULL, claim IS NULL FROM {outbox}`), "10 1 1")
	})
}

func TestATargetThatPanicsHarmsOnlyItself(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.troubled(func([]plugin.Change) ([]plugin.Outcome, error, bool) { panic("boom") })
		r := c.push("hr", users(`{"uid":"1"}`))
		c.wantResult(r, "crm", engine.SyncedCount{All: 1, Pending: 1})
		c.wantUsers("id", "1")
	})
}

func TestATargetThatIsDownIsLeftAloneForAWhile(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		calls := 0
		crm.troubled(func([]plugin.Change) ([]plugin.Outcome, error, bool) {
			calls++
			return nil, &plugin.Error{Kind: plugin.Transient, Msg: "the connection broke", RetryAfter: time.Hour}, true
		})
		for i := range 3 {
			c.push("hr", users(fmt.Sprintf(`{"uid":"%d","nickname":"Ann"}`, i)))
		}
		next, err := c.engine.Deliver(c.Context())
		c.ok(err)
		if calls != 1 || next <= 0 {
			c.Errorf("a target that is down was called %d times, and next in %v; want once, and later", calls, next)
		}
		crm.troubled(nil)
		c.delivers()
		c.same("calls", crm.heard(), "create 0", "create 1", "create 2")
	})
}

// Whoever works for nobody in particular hears of what a run has left, and of a
// target that comes.
func TestWhatIsLeftIsSignaled(t *testing.T) {
	each(t, func(c *company) {
		c.registers(newCRM())
		c.push("hr", users(`{"uid":"1"}`))
		<-engine.Deliveries(c.engine)
		c.engine.AdaptersChanged("crm")
		<-engine.Deliveries(c.engine)
	})
}

func TestDeliverSaysWhenNothingCanBeDue(t *testing.T) {
	each(t, func(c *company) {
		if next, err := c.engine.Deliver(c.Context()); next != 0 || err != nil {
			c.Errorf("deliver() without targets = %v, %v; want 0", next, err)
		}
	})
}

// Each push of those that became one run hears of its own records.
func TestPushesThatBecameOneRunHearOfTheirOwnDeliveries(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		c.registers(crm)
		crm.troubled(failing(plugin.Data, "2"))
		reports, errs := c.together(
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"1"}`)})},
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"2"}`)})})
		c.ok(errors.Join(errs...))
		c.wantResult(reports[0], "crm", engine.SyncedCount{All: 1, Success: 1})
		c.wantResult(reports[1], "crm", engine.SyncedCount{All: 1, Failed: 1})
	})
}

// hanging answers nothing until its caller gives up.
type hanging struct{ called chan struct{} }

func (t hanging) Apply(ctx context.Context, _ []plugin.Change) ([]plugin.Outcome, error) {
	t.called <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestARunDoesNotWaitLongForASlowTarget(t *testing.T) {
	each(t, func(c *company) {
		slow, crm := hanging{make(chan struct{}, 10)}, newCRM()
		r := c.registers(crm)
		c.ok(r.AddTarget(takesPeople("slow"), slow))
		engine.SetDeliverWithin(c.engine, time.Second)
		report := c.push("hr", users(`{"uid":"1","nickname":"Ann"}`))
		c.wantResult(report, "slow", engine.SyncedCount{All: 1, Pending: 1})
		c.wantResult(report, "crm", engine.SyncedCount{All: 1, Success: 1})
		engine.SetDeliverWithin(c.engine, time.Minute)
		c.push("hr", users(`{"uid":"2","nickname":"Ben"}`))
		if calls := len(slow.called); calls != 1 {
			c.Errorf("the target that did not answer was called %d times, want it left alone for a while", calls)
		}
		c.same("crm", crm.has(), "c1 Ann", "c2 Ben")
	})
}

// Two processes that deliver at once send nothing twice.
func TestNoChangeIsInTheHandsOfTwo(t *testing.T) {
	each(t, func(c *company) {
		crm := newCRM()
		registry := c.registers(crm)
		registry.Remove("crm")
		c.hand(`INSERT INTO {feeds} (target, source, type, seen_at) VALUES ('crm', 'hr', 'user', ?)`, c.db.Time(time.Now()))
		var records []string
		for i := range 3000 {
			records = append(records, fmt.Sprintf(`{"uid":"%d"}`, i))
		}
		c.push("hr", users(records...))
		c.ok(registry.AddTarget(takesPeople("crm"), crm))
		other := newCompany(c.TB, c.db)
		other.engine.SetAdapters(registry)
		var group sync.WaitGroup
		for _, e := range []*engine.Engine{c.engine, other.engine} {
			group.Go(func() {
				if _, err := e.Deliver(c.Context()); err != nil {
					c.Errorf("deliver() = %v", err)
				}
			})
		}
		group.Wait()
		calls := crm.heard()
		slices.Sort(calls)
		if n := len(slices.Compact(slices.Clone(calls))); n != 3000 || len(calls) != 3000 {
			c.Errorf("%d changes were sent, of %d records; want 3000", len(calls), n)
		}
		c.same("outbox", c.waiting())
	})
}
