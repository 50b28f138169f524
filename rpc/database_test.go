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

// What the dead left undone is taken over once the database is open. Nobody
// waits for that, it ends with the connection, and the engine is closed after it.
func TestInterruptedRunsAreTakenOverInTheBackground(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	synctest.Test(t, func(t *testing.T) {
		ended := false
		d := newDatabase(zap.NewNop(), opener(url), func(e *engine.Engine, ctx context.Context) error {
			<-ctx.Done()
			if err := e.Health(context.WithoutCancel(ctx)); err != nil {
				t.Errorf("the engine is closed while runs are taken over: %v", err)
			}
			ended = true
			return ctx.Err()
		})
		if _, err := d.get(t.Context()); err != nil {
			t.Errorf("get() = %v while runs are taken over", err)
		}
		if err := d.close(); err != nil || !ended {
			t.Errorf("close() = %v, taking over had ended: %t", err, ended)
		}
	})
}

func TestTakingOverMayFail(t *testing.T) {
	for _, resume := range []func(*engine.Engine, context.Context) error{
		func(*engine.Engine, context.Context) error { return errors.New("read the plan") },
		func(*engine.Engine, context.Context) error { panic("on a bad day") },
	} {
		core, logs := observer.New(zap.WarnLevel)
		d := newDatabase(zap.New(core), opener("sqlite:"+filepath.Join(t.TempDir(), "roster.db")), resume)
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

func TestNothingIsTakenOverWithoutADatabase(t *testing.T) {
	refused := func(context.Context) (*engine.Engine, error) { return nil, errors.New("refused") }
	d := newDatabase(zap.NewNop(), refused, func(*engine.Engine, context.Context) error {
		t.Error("runs are taken over")
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
