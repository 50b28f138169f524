package rpc

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// How many records an answer of source/read has, unless the host says, and at most.
const (
	defaultRecords = 1000
	maxRecords     = 10_000
)

// openSource opens a source that exists nowhere but in this connection.
func (s *session) openSource(ctx context.Context, p plugin.OpenParams) (*plugin.OpenResult, error) {
	driver, err := s.driver(p)
	if err != nil {
		return nil, err
	}
	log := s.log.Named("source").With(zap.String("type", p.SourceType))
	source, err := driver.Open(ctx, plugin.Setup{Name: cmp.Or(p.Name, p.SourceType), Options: p.Options, Log: log})
	if err != nil {
		return nil, err
	}
	session, err := s.sources.add(source, driver.Type)
	return &plugin.OpenResult{Session: session}, err
}

// driver gives the driver of a source that can be opened with these options.
func (s *session) driver(p plugin.OpenParams) (d plugin.Driver, err error) {
	if kind := rawjson.Kind(p.Options); kind != 0 && kind != '{' {
		return d, invalidParams(&plugin.Error{Path: "/options", Msg: "/options must be an object, not " + got(p.Options)})
	}
	if d, err = s.adapters.Driver(p.SourceType); err != nil {
		return d, err
	}
	if d.Open == nil {
		return d, lacks(d.Type, "is not read: others push its records", "use sync/push")
	}
	return d, engine.CheckOptions(cmp.Or(p.Name, p.SourceType), d.Type, p.Options)
}

func lacks(t plugin.SourceType, what, hint string) error {
	return &plugin.Error{Kind: plugin.Unsupported, Msg: "source type " + t.Name + " " + what, Hint: hint}
}

// withSource calls f with an open source. Its context ends with the request, and
// when the source is closed.
func withSource[R any](
	ctx context.Context, s *session, session string, f func(context.Context, *openSource) (R, error),
) (result R, err error) {
	o, err := s.sources.enter(session)
	if err != nil {
		return result, err
	}
	defer s.sources.leave(o)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.ctx, cancel)()
	return f(ctx, o)
}

// readSource gives the next pages. Taking the request back ends the waiting
// only: the reading goes on, and what it brings comes with the next request.
func (s *session) readSource(ctx context.Context, p plugin.ReadParams) (*plugin.ReadResult, error) {
	if err := within("maxRecords", p.MaxRecords, maxRecords); err != nil {
		return nil, err
	}
	return withSource(ctx, s, p.Session, func(ctx context.Context, o *openSource) (*plugin.ReadResult, error) {
		f := flightOf(ctx)
		if err := o.puller.take(f); err != nil {
			return nil, err
		}
		defer o.puller.release()
		r, err := o.pull(p)
		if err != nil {
			return nil, err
		}
		return r.next(f, cmp.Or(p.MaxRecords, defaultRecords), s.hostMax)
	})
}

// pull gives the reading that is under way, or begins one.
func (o *openSource) pull(p plugin.ReadParams) (*reading, error) {
	r := o.puller.reading
	switch {
	case r == nil || r.told():
		o.puller.reading = o.read(p.State)
	case p.State != nil:
		return nil, &plugin.Error{
			Kind: plugin.Conflict, Path: "/state", Msg: "the source is being read already",
			Hint: "leave state out to read on, or open the source anew to begin elsewhere",
		}
	case r.carried():
		return nil, &plugin.Error{
			Kind: plugin.Conflict, Path: "/session", Msg: "the pages read last are not acknowledged",
			Hint: "store them and say source/ack first",
		}
	}
	return o.puller.reading, nil
}

func (s *session) ackSource(ctx context.Context, p plugin.SessionParams) (null, error) {
	return withSource(ctx, s, p.Session, func(ctx context.Context, o *openSource) (null, error) {
		if err := o.puller.take(flightOf(ctx)); err != nil {
			return null{}, err
		}
		defer o.puller.release()
		return null{}, o.puller.reading.ack()
	})
}

// closeSource ends what is in hand with a source, and the source.
func (s *session) closeSource(_ context.Context, p plugin.SessionParams) (null, error) {
	return null{}, s.sources.remove(p.Session)
}

func (s *session) checkSource(ctx context.Context, p plugin.SessionParams) (*plugin.CheckResult, error) {
	return withSource(ctx, s, p.Session, func(ctx context.Context, o *openSource) (*plugin.CheckResult, error) {
		checker, ok := o.Source.(plugin.Checker)
		if !ok {
			return nil, lacks(o.of, "cannot be tested", "read it: source/read says what is wrong")
		}
		checked, err := checker.Check(ctx)
		return &plugin.CheckResult{Steps: list(checked.Steps), Sample: plugin.Group(checked.Sample)}, err
	})
}

// lookUp reads single records. One of which the source says nothing is hidden:
// that claims least.
func (s *session) lookUp(ctx context.Context, p plugin.LookupParams) (*plugin.LookupResult, error) {
	return withSource(ctx, s, p.Session, func(ctx context.Context, o *openSource) (*plugin.LookupResult, error) {
		if !o.of.Capabilities.Lookup {
			return nil, lacks(o.of, "does not look up single records", "read all of it with source/read")
		}
		if len(p.Refs) == 0 { // to a source, nothing is everything
			return &plugin.LookupResult{Found: []plugin.UserData{}, Gone: []plugin.Ref{}, Hidden: []plugin.Ref{}}, nil
		}
		var found []plugin.Record
		r, err := o.Read(ctx, plugin.Request{Only: p.Refs}, func(page plugin.Page) error {
			found = append(found, page.Records...)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look up records: %w", err)
		}
		known := slices.Concat(r.Gone, r.Hidden)
		for _, record := range found {
			known = append(known, record.Ref())
		}
		hidden := slices.Concat(r.Hidden, without(p.Refs, known))
		return &plugin.LookupResult{Found: plugin.Group(found), Gone: list(r.Gone), Hidden: list(hidden)}, nil
	})
}

// without gives the refs that are not known.
func without(refs, known []plugin.Ref) []plugin.Ref {
	set := make(map[plugin.Ref]bool, len(known))
	for _, r := range known {
		set[r] = true
	}
	return slices.DeleteFunc(slices.Clone(refs), func(r plugin.Ref) bool { return set[r] })
}
