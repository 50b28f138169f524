package serve

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/nocobase-roster/roster/engine"
)

// healthy is what strangers may know.
type healthy struct {
	Status string `json:"status"`
}

func (h *handler) health(x *exchange) error {
	x.Header().Set("Cache-Control", "no-store")
	if h.pulse.beats(h.ctx, h.Engine) {
		return x.say(http.StatusOK, healthy{"ok"})
	}
	return x.say(http.StatusServiceUnavailable, healthy{"unavailable"})
}

// A pulse asks the database whether it answers, once a second at most: anybody
// may ask us.
type pulse struct {
	mu   sync.Mutex // guards what follows, and is held while the database is asked
	at   time.Time
	good bool
}

func (p *pulse) beats(ctx context.Context, e *engine.Engine) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.at) < time.Second {
		return p.good
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	p.good = e.Health(ctx) == nil
	p.at = time.Now()
	return p.good
}
