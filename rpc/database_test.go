package rpc

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/targets"
)

// What nobody waits for is done once the database is open. It ends with the connection, and the engine is closed after it.
func TestWorkIsDoneInTheBackground(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	synctest.Test(t, func(t *testing.T) {
		ended := false
		d := newDatabase(zap.NewNop(), opener(url), func(e *engine.Engine, ctx context.Context) error {
			<-ctx.Done()
			if err := e.Health(context.WithoutCancel(ctx)); err != nil {
				t.Errorf("the engine is closed while it works: %v", err)
			}
			ended = true
			return ctx.Err()
		})
		if _, err := d.get(t.Context()); err != nil {
			t.Errorf("get() = %v while it works", err)
		}
		if err := d.close(); err != nil || !ended {
			t.Errorf("close() = %v, the work had ended: %t", err, ended)
		}
	})
}

func TestWorkMayFail(t *testing.T) {
	for _, work := range []func(*engine.Engine, context.Context) error{
		func(*engine.Engine, context.Context) error { return errors.New("read the plan") },
		func(*engine.Engine, context.Context) error { panic("on a bad day") },
	} {
		core, logs := observer.New(zap.WarnLevel)
		d := newDatabase(zap.New(core), opener("sqlite:"+filepath.Join(t.TempDir(), "roster.db")), work)
		if _, err := d.get(t.Context()); err != nil {
			t.Errorf("get() = %v", err)
		}
		<-d.peek().ended
		if logs.FilterLevelExact(zap.WarnLevel).Len() != 1 {
			t.Errorf("logged %v, want a warning", logs.All())
		}
		if err := d.close(); err != nil {
			t.Errorf("close() = %v", err)
		}
	}
}

func TestNoWorkIsDoneWithoutADatabase(t *testing.T) {
	refused := func(context.Context) (*engine.Engine, error) { return nil, errors.New("refused") }
	d := newDatabase(zap.NewNop(), refused, func(*engine.Engine, context.Context) error {
		t.Error("it works")
		return nil
	})
	if _, err := d.get(t.Context()); err == nil {
		t.Error("get() = nil, want the failure")
	}
	d.close()
}

func opener(url string) func(context.Context) (*engine.Engine, error) {
	return func(ctx context.Context) (*engine.Engine, error) {
		return engine.Open(ctx, url, schema.Told{}, targets.All, zap.NewNop())
	}
}
