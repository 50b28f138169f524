package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A system keeps records that are read from it, in pages of two.
type system struct {
	mu       sync.Mutex // guards what follows
	records  []plugin.Record
	states   []string // that readings went on from
	lookups  []string
	reading  plugin.Reading       // what a whole reading claims besides
	before   func(page int) error // called before a page is read
	unread   []string             // uids that whole readings miss
	hidden   []string             // uids that cannot be seen, nor whether they are gone
	asked    func() error         // called before records are looked up
	stateful bool
}

// newSystem holds records: "department rd {…}".
func newSystem(lines ...string) *system {
	s := &system{stateful: true, reading: plugin.Reading{Complete: true}}
	s.holds(lines...)
	return s
}

// holds replaces what the system holds.
func (s *system) holds(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = nil
	for _, line := range lines {
		t, raw, _ := strings.Cut(line, " ")
		r := plugin.Record{Type: plugin.Type(t)}
		if err := json.Unmarshal([]byte(raw), &r); err != nil {
			panic(err)
		}
		s.records = append(s.records, r)
	}
}

func (s *system) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	s.mu.Lock()
	unread := func(r plugin.Record) bool { return slices.Contains(append(s.unread, s.hidden...), r.UID) }
	records, reading, before, asked := slices.DeleteFunc(slices.Clone(s.records), unread), s.reading, s.before, s.asked
	s.states = append(s.states, string(req.State))
	s.mu.Unlock()
	if len(req.Only) > 0 {
		if asked != nil {
			if err := asked(); err != nil {
				return plugin.Reading{}, err
			}
		}
		return s.lookUp(req.Only, emit)
	}
	at := 0
	if req.State != nil {
		if err := json.Unmarshal(req.State, &at); err != nil {
			return plugin.Reading{}, err
		}
	}
	for ; at < len(records); at += 2 {
		if before != nil {
			if err := before(at / 2); err != nil {
				return plugin.Reading{}, err
			}
		}
		if err := ctx.Err(); err != nil {
			return plugin.Reading{}, err
		}
		page := plugin.Page{Records: records[at:min(at+2, len(records))]}
		if s.stateful {
			page.State = json.RawMessage(fmt.Sprint(at + 2))
		}
		if err := emit(page); err != nil {
			return plugin.Reading{}, err
		}
	}
	if reading.Counts == nil && reading.Complete {
		reading.Counts = map[plugin.Type]int{plugin.Department: 0, plugin.User: 0}
		for _, r := range records {
			reading.Counts[r.Type]++
		}
	}
	return reading, nil
}

func (s *system) lookUp(refs []plugin.Ref, emit func(plugin.Page) error) (plugin.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var page plugin.Page
	var reading plugin.Reading
	for _, ref := range refs {
		s.lookups = append(s.lookups, ref.UID)
		found := false
		for _, r := range s.records {
			if r.Ref() == ref && !slices.Contains(s.hidden, ref.UID) {
				page.Records, found = append(page.Records, r), true
			}
		}
		switch {
		case slices.Contains(s.hidden, ref.UID):
			reading.Hidden = append(reading.Hidden, ref)
		case !found:
			reading.Gone = append(reading.Gone, ref)
		}
	}
	return reading, emit(page)
}

// Receive takes events, a line each: "user a", "user b was a", "user a gone",
// "all"; "forged" is refused, and "message 7" is what the others are from.
func (s *system) Receive(_ context.Context, c plugin.Callback) (plugin.Answer, []plugin.Event, error) {
	var events []plugin.Event
	key := ""
	for line := range bytes.Lines(c.Body) {
		words := strings.Fields(string(line))
		switch {
		case words[0] == "forged":
			return plugin.Answer{Status: 401}, nil, nil
		case words[0] == "message":
			key = words[1]
		case words[0] == "all":
			events = append(events, plugin.Event{All: true})
		case len(words) == 4:
			events = append(events, plugin.Event{Type: plugin.Type(words[0]), UID: words[1], Was: words[3]})
		default:
			events = append(events, plugin.Event{Type: plugin.Type(words[0]), UID: words[1], Gone: len(words) == 3})
		}
	}
	for i := range events {
		events[i].Key = key
	}
	return plugin.Answer{Body: []byte("noted")}, events, nil
}

// reads has the company's engine know sources of type "system", which read s.
func (c *company) reads(s plugin.Source) *company {
	c.Helper()
	if err := adapters(c.engine, s); err != nil {
		c.Fatal(err)
	}
	return c
}

// adapters has an engine know sources of type "system", which read s.
func adapters(e *engine.Engine, s plugin.Source) error {
	r := &plugin.Registry{}
	e.SetAdapters(r)
	return r.AddDriver(driverOf(s, plugin.Capabilities{Pull: true, Webhook: true, Lookup: true}))
}

// driverOf drives sources of type "system", which read s.
func driverOf(s plugin.Source, can plugin.Capabilities) plugin.Driver {
	return plugin.Driver{
		Type: plugin.SourceType{
			Name: "system", Title: "System", Origin: "builtin", DataTypes: []plugin.Type{plugin.Department, plugin.User},
			OptionsSchema: json.RawMessage(`{"type":"object","properties":{"password":{"type":"string","writeOnly":true}}}`),
			Capabilities:  can,
		},
		Open: func(context.Context, plugin.Setup) (plugin.Source, error) { return s, nil },
	}
}

// given are the sources' options: they remove who is gone.
func given(sync string) engine.Sync {
	if sync == "" {
		sync = `{"removal":{"user":"delete","department":"delete"},"guards":{"usersRemoved":null,"membershipsRemoved":null,"departmentsRemoved":null}}`
	}
	return engine.Sync{Source: "corp", Inline: &engine.Given{SourceType: "system", Options: []byte(`{"sync":` + sync + `}`)}}
}

// sync synchronizes and wants no error.
func (c *company) sync(s engine.Sync) *engine.Report {
	c.Helper()
	r, err := c.engine.Sync(c.Context(), s, nil)
	if err != nil {
		c.Fatalf("Sync() = %v", err)
	}
	c.soundTree()
	return r
}

// kindOf wants an error of a kind.
func wantKind(tb testing.TB, what string, err error, kind plugin.Kind) {
	tb.Helper()
	if err == nil || plugin.KindOf(err) != kind {
		tb.Errorf("%s = %v, want an error of kind %s", what, err, kind)
	}
}
