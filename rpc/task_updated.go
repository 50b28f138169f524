package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/engine"
)

type taskUpdatedParams struct {
	Task     engine.Task     `json:"task"`
	Progress engine.Progress `json:"progress"`
}

// taskNews tells the host how runs fare for which nobody waits: each new state
// and type of records, and between them not oftener than progressEvery. It is
// safe for concurrent use.
type taskNews struct {
	conn *jsonrpc2.Conn

	mu   sync.Mutex          // guards told, and keeps news of a run in order
	told map[string]toldNews // by task, those under way
}

// toldNews is what the host was told last of a run.
type toldNews struct {
	engine.Progress
	at time.Time
}

func newTaskNews(conn *jsonrpc2.Conn) *taskNews {
	return &taskNews{conn: conn, told: map[string]toldNews{}}
}

// tell is called by the engine.
func (n *taskNews) tell(t engine.Task, p engine.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	last, now := n.told[t.ID], time.Now()
	if last.State == p.State && last.Type == p.Type && now.Sub(last.at) < progressEvery && t.FinishedAt == nil {
		return
	}
	n.told[t.ID] = toldNews{p, now}
	if t.FinishedAt != nil {
		delete(n.told, t.ID)
	}
	n.conn.Notify(context.Background(), "task/updated", taskUpdatedParams{t, p}) //nolint:errcheck // who hung up asks no more
}
