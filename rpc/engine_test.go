package rpc

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"

	"go.uber.org/zap/zaptest"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/targets"
)

// TestPushConversations plays the conversations of testdata/push with the real
// engine on a new SQLite database.
func TestPushConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/push/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "roster.db")
			synctest.Test(t, func(t *testing.T) { play(t, file, realServer(t, path)) })
		})
	}
}

// realServer is a server with the real engine on the SQLite database at path.
func realServer(t testing.TB, path string) *Server {
	s := testServer(t)
	s.Open = func(ctx context.Context, _ Config) (*engine.Engine, error) {
		return engine.Open(ctx, "sqlite:"+path, targets.All, zaptest.NewLogger(t))
	}
	return s
}
