package engine

import (
	"context"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Open opens the database that url names, as schema.Open reads it, attaches to
// the NocoBase in it, of which something may have been told, brings Roster's
// tables to the newest version, and makes an engine with targets on it. Closing
// the engine closes the database. The error has a kind, and never holds url.
func Open(ctx context.Context, url string, told schema.Told, targets func(*schema.DB) []Target, log *zap.Logger) (*Engine, error) {
	db, err := schema.Open(ctx, url)
	if err != nil {
		return nil, unopened(err)
	}
	if err := db.Migrate(ctx, told); err != nil {
		return nil, unopened(schema.Wrap(err, "migrate the database", db.Close()))
	}
	return New(db, targets(db), log), nil
}

// unopened gives the error its kind. What does not pass by itself is wrong in
// the settings: before the database is open there is nothing else.
func unopened(err error) error {
	kind := kindOf(err)
	if kind != plugin.Transient && kind != plugin.Canceled {
		kind = plugin.Config
	}
	return faultOf(kind, err)
}
