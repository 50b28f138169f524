package engine

import (
	"runtime"
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
