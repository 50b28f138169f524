package engine

import (
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

// What a push of a few records asks of a large directory, in whole statements.
var Lookups = map[string]string{
	"hold entries against NocoBase's tables": `SELECT EXISTS (SELECT 1 ` + strings.NewReplacer(
		"<type>", "user", "<rows>", "users", "<which>", `r.uid IN (SELECT uid FROM staged_user)`).Replace(strings.Replace(misfits, "?", "'hr'", 1)) + `)`,
	"look for the witness": otherTables,
}
