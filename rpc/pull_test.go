package rpc

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/zap/zaptest"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/targets"
)

// TestPullConversations plays the conversations of testdata/pull: the engine
// reads the source type "script" into a new SQLite database.
func TestPullConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/pull/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "roster.db")
			synctest.Test(t, func(t *testing.T) {
				var open atomic.Int32
				s := sourceServer(t, &open)
				s.Open = func(ctx context.Context, _ Config) (*engine.Engine, error) {
					return engine.Open(ctx, "sqlite:"+path, schema.Told{}, targets.All, zaptest.NewLogger(t))
				}
				play(t, file, s)
				if n := open.Load(); n != 0 {
					t.Errorf("%d sources are open after the end", n)
				}
			})
		})
	}
}
