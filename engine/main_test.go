package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/targets"
)

// TestMain runs the tests, and sees that they leave no goroutine; or, when a
// test has started this binary to be killed, pushes until that happens.
func TestMain(m *testing.M) {
	if url, reads := os.Getenv(victimVariable), os.Getenv(readerVariable); reads != "" {
		if err := beReader(url, reads, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	} else if url != "" {
		if err := beVictim(url, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// object is a record, as a push holds it.
type object = map[string]any

// pushOf makes a push of departments and users; a type without records is left
// out.
func pushOf(source, matchKey string, departments, users []object) engine.Push {
	var bodies []engine.Body
	if len(departments) > 0 {
		bodies = append(bodies, bodyOf(plugin.Department, departments))
	}
	if len(users) > 0 {
		bodies = append(bodies, bodyOf(plugin.User, users))
	}
	return pushBodies(source, matchKey, bodies...)
}

func pushBodies(source, matchKey string, bodies ...engine.Body) engine.Push {
	return engine.Push{Source: source, MatchKey: matchKey, Bodies: func(yield func(engine.Body, error) bool) {
		for _, b := range bodies {
			if !yield(b, nil) {
				return
			}
		}
	}}
}

func bodyOf(t plugin.Type, records []object) engine.Body {
	return engine.Body{DataType: string(t), Records: func(yield func(json.RawMessage, error) bool) {
		for _, r := range records {
			raw, err := json.Marshal(r)
			if !yield(raw, err) {
				return
			}
		}
	}}
}

// onEngine runs f with an engine on the database that url names, as a process
// of its own would.
func onEngine(ctx context.Context, url string, f func(*engine.Engine, *schema.DB) error) error {
	db, err := schema.Open(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	e := engine.New(db, targets.All(db), zap.NewNop())
	defer e.Close()
	return f(e, db)
}

// mustPush pushes and fails the test when the run as a whole fails.
func mustPush(tb testing.TB, e *engine.Engine, p engine.Push) *engine.Report {
	tb.Helper()
	r, err := e.Push(tb.Context(), p, nil)
	if err != nil {
		tb.Fatalf("Push() = %v", err)
	}
	return r
}

// mustSettled checks what holds of the table of runs when nobody works: every
// run has ended and shows as such, at the latest when its lease is over.
func mustSettled(tb testing.TB, e *engine.Engine) []engine.Task {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), leaseTime+5*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		tasks, err := e.Tasks(ctx, engine.TaskFilter{Limit: 200})
		if err != nil {
			tb.Fatalf("Tasks() = %v", err)
		}
		i := slices.IndexFunc(tasks, func(t engine.Task) bool { return t.Status != "success" && t.Status != "failed" })
		if i < 0 {
			return tasks
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("task %s stays %s (%s)", tasks[i].ID, tasks[i].Status, tasks[i].State)
		}
	}
}
