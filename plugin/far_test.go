package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// A far is the other end of a connection: it has a source type and a target,
// speaks JSON, and notes which methods were called.
type far struct {
	driver plugin.Driver
	target plugin.Target

	mu       sync.Mutex // guards what follows
	log      *zap.Logger
	calls    []string
	sessions map[string]*session
	last     int
}

// A session is an open source, and a reading of it that may be under way.
type session struct {
	plugin.Source
	cancel  context.CancelFunc
	ended   chan struct{} // the reading has ended
	pages   chan plugin.Page
	acks    chan struct{}
	reading plugin.Reading
	err     error
}

// Call does what a connection does: params and results travel as JSON.
func (f *far) Call(ctx context.Context, method string, params, result any) error {
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	got, err := f.serve(ctx, method, text)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w := plugin.NewWireError(err)
		return &plugin.Error{Kind: w.Kind, Msg: w.Message, Hint: w.Hint, Path: w.Path}
	}
	if text, err = json.Marshal(got); err == nil && result != nil {
		err = json.Unmarshal(text, result)
	}
	return err
}

func take[P any](text []byte) (p P) {
	if err := json.Unmarshal(text, &p); err != nil {
		panic(err)
	}
	return p
}

func (f *far) serve(ctx context.Context, method string, params []byte) (any, error) {
	f.mu.Lock()
	f.calls = append(f.calls, method)
	s := f.sessions[take[plugin.SessionParams](params).Session]
	f.mu.Unlock()
	if s == nil && method != "source/open" && !strings.HasPrefix(method, "target/") {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/session", Msg: "there is no such session"}
	}
	switch method {
	case "source/open":
		return f.open(ctx, take[plugin.OpenParams](params))
	case "source/close":
		s.end()
		return nil, nil
	case "source/read":
		return s.read(ctx, take[plugin.ReadParams](params))
	case "source/ack":
		s.acks <- struct{}{}
		return nil, nil
	case "source/lookup":
		return s.lookup(ctx, take[plugin.LookupParams](params))
	case "source/check":
		c, err := s.Source.(plugin.Checker).Check(ctx)
		return plugin.CheckResult{Steps: c.Steps, Sample: plugin.Group(c.Sample)}, err
	case "source/webhook":
		c, err := take[plugin.WebhookParams](params).Callback()
		if err != nil {
			return nil, err
		}
		a, events, err := s.Source.(plugin.Receiver).Receive(ctx, c)
		return plugin.NewWebhookResult(a, events), err
	}
	return f.write(ctx, method, params)
}

func (f *far) open(ctx context.Context, p plugin.OpenParams) (any, error) {
	source, err := f.driver.Open(ctx, plugin.Setup{Name: p.Name, Options: p.Options, Log: f.log})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	name := strconv.Itoa(f.last)
	f.sessions[name] = &session{Source: source}
	return plugin.OpenResult{Session: name}, err
}

// end breaks off the reading that is under way, if any.
func (s *session) end() {
	if s.cancel != nil {
		s.cancel()
		<-s.ended
		s.cancel = nil
	}
}

func (s *session) read(ctx context.Context, p plugin.ReadParams) (any, error) {
	if s.cancel == nil {
		var reading context.Context
		reading, s.cancel = context.WithCancel(context.Background())
		s.ended, s.pages, s.acks = make(chan struct{}), make(chan plugin.Page), make(chan struct{})
		go func() {
			defer close(s.ended)
			s.reading, s.err = s.Read(reading, plugin.Request{State: p.State}, func(page plugin.Page) error {
				select {
				case s.pages <- page:
				case <-reading.Done():
					return reading.Err()
				}
				select {
				case <-s.acks:
				case <-reading.Done():
				}
				return reading.Err()
			})
		}()
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case page := <-s.pages:
		return plugin.ReadResult{Pages: plugin.Group(page.Records), State: page.State}, nil
	case <-s.ended:
		r := s.reading
		s.end()
		return plugin.ReadResult{Done: true, Complete: r.Complete, Confirm: r.Confirm, Counts: r.Counts, Gone: r.Gone, Hidden: r.Hidden, Warnings: r.Warnings}, s.err
	}
}

func (s *session) lookup(ctx context.Context, p plugin.LookupParams) (any, error) {
	var found []plugin.Record
	r, err := s.Read(ctx, plugin.Request{Only: p.Refs}, func(page plugin.Page) error { found = append(found, page.Records...); return nil })
	return plugin.LookupResult{Found: plugin.Group(found), Gone: r.Gone, Hidden: r.Hidden}, err
}

// write is the target side.
func (f *far) write(ctx context.Context, method string, params []byte) (any, error) {
	switch method {
	case "target/apply":
		p := take[plugin.ApplyParams](params)
		var changes []plugin.Change
		for _, c := range p.Changes {
			changes = append(changes, c.Change())
		}
		outcomes, err := f.target.Apply(ctx, changes)
		var result plugin.ApplyResult
		for _, o := range outcomes {
			w := plugin.WireOutcome{Key: o.Key, ResourcePks: o.Rows}
			if o.Err != nil {
				w.Error = plugin.NewWireError(o.Err)
			}
			result.Outcomes = append(result.Outcomes, w)
		}
		return result, err
	case "target/create":
		p := take[plugin.CreateParams](params)
		return f.one(ctx, plugin.WireChange{Key: p.Key, Op: plugin.Create, Record: p.Record, MatchKey: p.MatchKey})
	case "target/update":
		p := take[plugin.UpdateParams](params)
		op := plugin.Update
		if p.Record.MetaData.Deleted {
			op = plugin.Delete
		}
		return f.one(ctx, plugin.WireChange{Key: p.Key, Op: op, Record: p.Record, ResourcePks: p.ResourcePks, MatchKey: p.MatchKey})
	case "target/find":
		p := take[plugin.FindParams](params)
		rows, err := f.target.(plugin.Finder).Find(ctx, plugin.Query{Type: p.DataType, Field: p.Field, Values: p.Values})
		return plugin.FindResult{Rows: rows}, err
	}
	return nil, fmt.Errorf("no method %s", method)
}

// one writes one record as NocoBase's UserDataResource does.
func (f *far) one(ctx context.Context, w plugin.WireChange) (any, error) {
	outcomes, err := f.target.Apply(ctx, []plugin.Change{w.Change()})
	if err != nil || outcomes[0].Err != nil {
		return nil, errors.Join(err, outcomes[0].Err)
	}
	written := []plugin.Written{}
	for _, row := range outcomes[0].Rows {
		written = append(written, plugin.Written{Row: row})
	}
	for _, row := range w.ResourcePks {
		if w.Op == plugin.Delete {
			written = append(written, plugin.Written{Row: row, Deleted: true})
		}
	}
	return written, nil
}
