package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
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
	s.extra = append(s.extra, slowPush())
	s.Open = func(ctx context.Context, c Config) (*engine.Engine, error) {
		e, err := engine.Open(ctx, "sqlite:"+path, schema.Told{}, targets.All, zaptest.NewLogger(t))
		if err == nil {
			e.SetPublicURL(c.PublicURL)
		}
		return e, err
	}
	return s
}

type slowPushParams struct {
	SourceName string `json:"sourceName"`
	Seconds    int    `json:"seconds"`
}

// slowPush is a push of a user a second.
func slowPush() methodInfo {
	return method("test/slowPush", "Pushes.", func(s *session, ctx context.Context, p slowPushParams) (*pushResult, error) {
		users := func(yield func(json.RawMessage, error) bool) {
			for i := range p.Seconds {
				time.Sleep(time.Second) // the bubble's time
				if !yield(fmt.Appendf(nil, `{"uid":"%d"}`, i+1), nil) {
					return
				}
			}
		}
		return s.slowPush(ctx, engine.Push{Source: p.SourceName, Bodies: func(yield func(engine.Body, error) bool) {
			yield(engine.Body{DataType: "user", Records: users}, nil)
		}})
	})
}

func (s *session) slowPush(ctx context.Context, p engine.Push) (*pushResult, error) {
	r, err := s.report(ctx, nil, func(e *engine.Engine, report func(engine.Progress)) (*engine.Report, error) {
		return e.Push(ctx, p, report)
	})
	if err != nil {
		return nil, err
	}
	return pushResultOf(r), nil
}
