package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// together makes pushes that wait for the same turn: a first one is held while
// it is read, until all others have been sent.
func (c *company) together(pushes ...engine.Push) ([]*engine.Report, []error) {
	c.Helper()
	reading, sent := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_, err := c.engine.Push(c.Context(), engine.Push{Source: pushes[0].Source, Bodies: func(yield func(engine.Body, error) bool) {
			close(reading)
			<-sent
			yield(users(`{"uid":"the first","nickname":"First"}`), nil)
		}}, nil)
		if err != nil {
			c.Error(err)
		}
	})
	<-reading
	reports, errs := make([]*engine.Report, len(pushes)), make([]error, len(pushes))
	for i, p := range pushes {
		group.Go(func() { reports[i], errs[i] = c.engine.Push(c.Context(), p, nil) })
	}
	c.engine.AwaitJoined(len(pushes) + 1)
	close(sent)
	group.Wait()
	return reports, errs
}

func TestPushesThatWaitBecomeOneRunAndAreAnsweredEachAboutItsOwn(t *testing.T) {
	each(t, func(c *company) {
		var pushes []engine.Push
		for i := range 10 {
			records := []string{fmt.Sprintf(`{"uid":"%d","nickname":"Ann"}`, i)}
			if i%2 == 1 {
				records = append(records, fmt.Sprintf(`{"nickname":"no uid %d"}`, i))
			}
			pushes = append(pushes, engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(records...)})})
		}
		reports, errs := c.together(pushes...)
		if err := errors.Join(errs...); err != nil {
			c.Fatal(err)
		}
		for i, r := range reports {
			if i%2 == 0 {
				c.wantFailed(r)
				c.wantMessage(r, "user: 1 created")
				continue
			}
			c.same("failed", failures(r), "<nil> (data, uid): record must has uid")
			if got := string(r.Result[0].Detail.FailedRecords[0].Record); got != fmt.Sprintf(`{"nickname":"no uid %d"}`, i) {
				c.Errorf("push %d is answered about %s", i, got)
			}
			if r.Task.State != engine.Partial {
				c.Errorf("push %d ended %s", i, r.Task.State)
			}
		}
		c.same("runs", c.list(`SELECT state, count(*) FROM {runs} GROUP BY state ORDER BY state`), "partial 1", "success 1")
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "11")
	})
}

func TestAPushThatBreaksOffTakesNobodyElsesRecordsWithIt(t *testing.T) {
	each(t, func(c *company) {
		broken := func(yield func(engine.Body, error) bool) {
			yield(engine.Body{DataType: "user", Records: func(yield func(json.RawMessage, error) bool) {
				if yield(json.RawMessage(`{"uid":"lost","nickname":"Lost","departments":["d"]}`), nil) {
					yield(nil, errors.New("the line is cut"))
				}
			}}, nil)
		}
		reports, errs := c.together(
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Ann"}`)})},
			engine.Push{Source: "hr", Bodies: broken},
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{body("robot", `{"uid":"r"}`)})},
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"b","nickname":"Bob"}`)})})
		for i, want := range []bool{true, false, false, true} {
			if (errs[i] == nil) != want || (reports[i] != nil) != want {
				c.Errorf("push %d: %v, %v", i, reports[i], errs[i])
			}
		}
		if plugin.KindOf(errs[2]) != plugin.Data {
			c.Errorf("a push of robots is answered with %v", errs[2])
		}
		c.same("people", c.list(`SELECT nickname FROM {users} ORDER BY nickname`), "Ann", "Bob", "First")
		c.wantWaiting()
	})
}

func TestPushesThatAskForDifferentThingsAreRunsOfTheirOwn(t *testing.T) {
	each(t, func(c *company) {
		_, errs := c.together(
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a"}`)})},
			engine.Push{Source: "hr", MatchKey: "email", Bodies: bodies([]engine.Body{users(`{"uid":"b"}`)})},
			engine.Push{Source: "hr", Options: unguarded("keep"), Bodies: bodies([]engine.Body{users(`{"uid":"c"}`)})})
		if err := errors.Join(errs...); err != nil {
			c.Fatal(err)
		}
		c.same("runs", c.list(`SELECT count(*) FROM {runs}`), "4")
	})
}

func TestOfPushesThatWaitTheLastHasTheLastWord(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		c := newCompany(t, schematest.Open(t, url))
		reports, errs := c.together(
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"One"}`)})},
			engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Two"}`)})})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		created := reports[0].Task.Counts["user"].Created + reports[1].Task.Counts["user"].Created
		skipped := reports[0].Task.Counts["user"].Skipped + reports[1].Task.Counts["user"].Skipped
		if created != 1 || skipped != 1 {
			t.Errorf("%d created, %d skipped", created, skipped)
		}
	})
}
