package engine

import (
	"context"
	"runtime"
	"strings"
	"time"
)

// AwaitJoined returns when n pushes have been sent that have no answer yet.
func (e *Engine) AwaitJoined(n int) {
	for {
		e.joints.mu.Lock()
		here := e.joints.here
		e.joints.mu.Unlock()
		if here >= n {
			return
		}
		runtime.Gosched()
	}
}

// SetPatience sets how long an engine tries again where others hold rows.
func SetPatience(e *Engine, d time.Duration) { e.patience = d }

// SetDeliverWithin sets how long a run waits for targets.
func SetDeliverWithin(e *Engine, d time.Duration) { e.outbox.within = d }

// Deliver is what Work does for targets that others registered.
func (e *Engine) Deliver(ctx context.Context) (time.Duration, error) { return e.deliver(ctx) }

// Deliveries receives when Deliver is to be called.
func Deliveries(e *Engine) <-chan struct{} { return e.deliveries() }

// What a push of a few records asks of a large directory, in whole statements.
var Lookups = map[string]string{
	"hold entries against NocoBase's tables": `SELECT EXISTS (SELECT 1 ` + strings.NewReplacer(
		"<type>", "user", "<rows>", "users", "<which>", `r.uid IN (SELECT uid FROM staged_user)`).Replace(strings.Replace(misfits, "?", "'hr'", 1)) + `)`,
	"look for the witness": otherTables,
}

// CloseRuns does of Close what concerns runs, and leaves the database open.
func (e *Engine) CloseRuns() error {
	e.close()
	e.background.Wait()
	return nil
}

// SetNow sets the clock of an engine's process.
func SetNow(e *Engine, now func() time.Time) { e.now = now }

// Keep keeps lines in files.
func (a *Archive) Keep(lines string) error { return a.write([]byte(lines)) }
