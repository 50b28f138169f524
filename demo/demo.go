// Package demo is a story that shows what Roster does: a company of 5,000
// people is read from a simulated WeCom into a database of NocoBase's, and
// then things happen to both. It prints nothing: whoever shows it goes through
// its scenes. What a scene claims has been looked up in the database.
//
//	demo.go    the stage: a database, an engine, and WeCom
//	source.go  how WeCom is set up as a source
//	scene.go   what a scene is made of
//	scenes.go  the scenes, the first and the last of them
//	morning.go changes, planned and applied
//	fault.go   readings that say less than there is
//	events.go  changes as they happen
//	look.go    what the database has
package demo

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/demo/kestrel"
	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// A Setup is what a story is played with.
type Setup struct {
	URL      string // of a database that nothing is in
	Targets  func(*schema.DB) []engine.Target
	Adapters *plugin.Registry // has source type wecom
	Keys     *engine.Keys     // that encrypt the secrets of the source
	People   int              // in the company: 1,000 or more
	Delay    time.Duration    // how long WeCom thinks before it lists the people of a department in the first scene, which is there to be watched
	Log      *zap.Logger
}

// A Story is played once, scene by scene, by one goroutine. Close it.
type Story struct {
	db       *schema.DB
	engine   *engine.Engine
	adapters *plugin.Registry
	log      *zap.Logger
	company  *kestrel.Company
	wecom    *wecomtest.Server
	changes  kestrel.Changes // of the night
	before   int             // users there were before the scene
	calls    int             // for one person, that had been made before it
	news     news
	acted    chan acted // a run on what WeCom has sent has ended
	stop     func()     // taking callbacks; nil: none are taken
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
	s := &Story{
		db: db, engine: engine.New(db, setup.Targets(db), setup.Log), adapters: setup.Adapters, log: setup.Log,
		company: kestrel.New(setup.People), acted: make(chan acted, 1),
	}
	s.engine.SetAdapters(setup.Adapters)
	s.engine.SetKeys(setup.Keys)
	s.engine.WatchTasks(s.watch)
	s.company.Show(s.company.Regions()...)
	if s.wecom, err = wecomtest.Listen(s.company.Tenant(), "127.0.0.1:0"); err != nil {
		return nil, errors.Join(&plugin.Error{Kind: plugin.Transient, Msg: "start the simulated WeCom", Err: err, Hint: "it needs a port of 127.0.0.1"}, s.engine.Close())
	}
	s.wecom.Slow("user/list", setup.Delay)
	if err := s.setUp(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends it: WeCom stops, and the database is closed.
func (s *Story) Close() error {
	s.wecom.Close()
	if s.stop != nil {
		s.stop()
	}
	return s.engine.Close()
}
