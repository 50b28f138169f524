package rpc

import (
	"context"
	"time"

	"github.com/nocobase-roster/roster/engine"
)

// pingTimeout is how long health/check waits for the database.
const pingTimeout = 2 * time.Second

type healthResult struct {
	Status           string         `json:"status" jsonschema:"ok, starting, or degraded"`
	Version          string         `json:"version"`
	UptimeMs         int64          `json:"uptimeMs"`
	Database         databaseHealth `json:"database"`
	RequestsInFlight int            `json:"requestsInFlight" jsonschema:"besides this one"`
}

type databaseHealth struct {
	State   string `json:"state" jsonschema:"opening, open, or failed"`
	Dialect string `json:"dialect,omitempty" jsonschema:"of an open one: sqlite or postgres"`
	Error   string `json:"error,omitempty" jsonschema:"why it failed"`

	NocoBase *engine.Host     `json:"nocobase,omitempty" jsonschema:"the NocoBase in the database, and how it names its tables; left out where the tables are Roster's own"`
	Warnings []engine.Warning `json:"warnings,omitempty" jsonschema:"fields that NocoBase fills in rows that it makes, and that stay empty in those of a sync"`
}

func (s *session) health(ctx context.Context, _ none) (*healthResult, error) {
	h := &healthResult{
		Status:           "ok",
		Version:          s.server.Version,
		UptimeMs:         time.Since(s.started).Milliseconds(),
		Database:         s.databaseHealth(ctx),
		RequestsInFlight: s.flights.count() - 1,
	}
	switch h.Database.State {
	case "opening":
		h.Status = "starting"
	case "failed":
		h.Status = "degraded"
	}
	return h, nil
}

func (s *session) databaseHealth(ctx context.Context) databaseHealth {
	a := s.database.peek()
	err, done := a.state()
	switch {
	case !done:
		return databaseHealth{State: "opening"}
	case err == nil:
		return openHealth(ctx, a.engine)
	}
	return failedHealth(err)
}

func failedHealth(err error) databaseHealth {
	return databaseHealth{State: "failed", Error: classify(err).Error()}
}

// openHealth asks the database whether it is there, and what stands in it.
func openHealth(ctx context.Context, e *engine.Engine) databaseHealth {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := e.Health(ctx); err != nil {
		return failedHealth(err)
	}
	h := databaseHealth{State: "open", Dialect: e.Dialect(), NocoBase: e.Host()}
	if h.NocoBase == nil {
		return h
	}
	var err error
	if h.Warnings, err = e.Warnings(ctx); err != nil {
		return failedHealth(err)
	}
	return h
}
