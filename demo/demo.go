// Package demo is a story that shows what Roster does: a company of 5,000
// people is read from a simulated HR system into a database of NocoBase's, and
// then things happen to both. It prints nothing: whoever shows it goes through
// its scenes. What a scene claims has been looked up in the database.
//
//	demo.go    the stage: a database, an engine, and the HR system
//	scene.go   what a scene is made of
//	scenes.go  the scenes, the first and the last of them
//	morning.go changes, planned and applied
//	fault.go   readings that go wrong
//	look.go    what the database has
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/demo/hr"
	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Setup is what a story is played with.
type Setup struct {
	URL      string // of a database that nothing is in
	Targets  func(*schema.DB) []engine.Target
	Adapters *plugin.Registry // has source type http-pull
	People   int              // in the company: 1,000 or more
	Delay    time.Duration    // how long the HR system thinks before each answer of the first scene, which is there to be watched
	Log      *zap.Logger
}

// A Story is played once, scene by scene, by one goroutine. Close it.
type Story struct {
	db      *schema.DB
	engine  *engine.Engine
	company *hr.Company
	system  *hr.System
	source  engine.Sync
	changes hr.Changes // of the night
	before  int        // users there were before the scene
}

// Begin sets the stage. The error has a kind.
func Begin(ctx context.Context, setup Setup) (*Story, error) {
	db, err := schema.Open(ctx, setup.URL)
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Err: err}
	}
	if err := db.Migrate(ctx, schema.Told{}); err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "prepare the database of the demo", Err: errors.Join(err, db.Close())}
	}
	s := &Story{db: db, engine: engine.New(db, setup.Targets(db), setup.Log), company: hr.NewCompany(setup.People)}
	s.engine.SetAdapters(setup.Adapters)
	if s.system, err = hr.Start(ctx, s.company, setup.Delay); err != nil {
		return nil, errors.Join(err, s.engine.Close())
	}
	s.source = source(s.system.URL())
	return s, nil
}

// Close ends it: the HR system stops, and the database is closed.
func (s *Story) Close() error { return errors.Join(s.system.Stop(), s.engine.Close()) }

// pageSize is how many people come with one answer of the HR system.
const pageSize = 500

// source is how the HR system at an address is set up as a source: what an
// operator fills into the form of source type http-pull.
func source(url string) engine.Sync {
	list := func(path string) map[string]any {
		return map[string]any{
			"url": url + path, "records": "items", "total": "total",
			"paging": map[string]any{"type": "page", "sizeParam": "size", "size": pageSize},
		}
	}
	departments, users := list("/departments"), list("/people")
	departments["fields"] = map[string]string{"uid": "code", "title": "name", "parentUid": "parent"}
	users["fields"] = map[string]string{"uid": "login", "username": "login", "nickname": "name", "email": "mail"}
	users["departments"] = map[string]string{"path": "positions", "uid": "department", "main": "primary", "owner": "head"}
	options, err := json.Marshal(map[string]any{
		"departments": departments, "users": users,
		"auth":    map[string]string{"type": "bearer", "token": hr.Token.Reveal()},
		"retries": 0, "requestsPerSecond": 1000, // nobody is to wait while the demo breaks things
		"sync": map[string]any{"removal": map[string]string{"user": "delete", "department": "delete"}},
	})
	if err != nil {
		panic(err) // it holds text and numbers only
	}
	return engine.Sync{Source: "hr", Inline: &engine.Given{SourceType: "http-pull", Options: options}}
}
