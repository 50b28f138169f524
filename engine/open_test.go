package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

func TestOpenSaysWhatKindOfErrorItIs(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		url  string
		want plugin.Kind
	}{
		"no database of ours": {t.Context(), "mysql://user:hunter2@host/db", plugin.Config},
		"no folder":           {t.Context(), "sqlite:" + filepath.Join(t.TempDir(), "none", "roster.db"), plugin.Config},
		"nobody listens":      {t.Context(), "postgres://user:hunter2@127.0.0.1:1/db?sslmode=disable", plugin.Transient},
		"canceled":            {canceled, schematest.SQLite(t), plugin.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := engine.Open(c.ctx, c.url, schema.Told{}, targets.All, zap.NewNop())
			e, ok := errors.AsType[*plugin.Error](err)
			if !ok || e.Kind != c.want {
				t.Fatalf("Open() = %v, want an error of kind %s", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Open() = %v, which holds the password", err)
			}
			if e.Hint != "" && strings.Count(err.Error(), e.Hint) != 1 {
				t.Errorf("Open() = %v, which does not say its hint once", err)
			}
		})
	}
}

func TestHealthOfALostDatabaseIsTransient(t *testing.T) {
	e, err := engine.Open(t.Context(), schematest.SQLite(t), schema.Told{}, targets.All, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Health(t.Context()); err != nil {
		t.Errorf("Health() = %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Health(t.Context()); plugin.KindOf(err) != plugin.Transient {
		t.Errorf("Health() of a closed database = %v, want kind %s", err, plugin.Transient)
	}
}
