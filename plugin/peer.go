package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
)

// A Caller calls the methods of whoever is at the other end of a connection.
type Caller interface {
	// Call sends params and reads the result into result, which may be nil. An
	// error that the other end answered is an *Error of its kind; one of the
	// connection is Transient. ErrNoAnswer is in the chain of one that leaves open
	// whether the call was acted on, ErrTooLarge in that of one of which nothing
	// was sent.
	Call(ctx context.Context, method string, params, result any) error
}

// A Peer is an adapter at the other end of a connection, be it a host that
// registered it or a process that Roster started: who dialled makes no
// difference.
type Peer struct{ Caller Caller }

// ErrNoAnswer is the cause when a call was sent and no answer came, or none
// that can be waited for.
var ErrNoAnswer = errors.New("no answer came")

// ErrTooLarge is the cause when a call is larger than the other end reads.
var ErrTooLarge = errors.New("the call is larger than the other end reads")

// pageRecords is how many records a Peer is asked for at a time.
const pageRecords = 1000

// Driver gives the driver of a source type that the peer has.
func (p Peer) Driver(t SourceType) Driver {
	return Driver{Type: t, Open: func(ctx context.Context, s Setup) (Source, error) {
		sessions := &sessions{caller: p.Caller, params: OpenParams{SourceType: t.Name, Name: s.Name, Options: s.Options}}
		session, err := sessions.open(ctx) // what is wrong with the options is said now
		if err != nil {
			return nil, err
		}
		sessions.give(session)
		return withPowers(&peerSource{p.Caller, sessions}, t.Capabilities), nil
	}}
}

// withPowers gives the source the methods that its type declares, and no other.
func withPowers(s *peerSource, can Capabilities) Source {
	checker, receiver := peerChecker{s}, peerReceiver{s}
	switch {
	case can.Check && can.Webhook:
		return struct {
			*peerSource
			peerChecker
			peerReceiver
		}{s, checker, receiver}
	case can.Check:
		return struct {
			*peerSource
			peerChecker
		}{s, checker}
	case can.Webhook:
		return struct {
			*peerSource
			peerReceiver
		}{s, receiver}
	}
	return s
}

type peerSource struct {
	caller   Caller
	sessions *sessions
}

// Read pulls: nothing is sent before it is asked for, nor the next page before
// the last is acknowledged.
func (s *peerSource) Read(ctx context.Context, req Request, emit func(Page) error) (reading Reading, err error) {
	err = s.sessions.use(ctx, func(session string) (err error) {
		if len(req.Only) > 0 {
			reading, err = s.lookup(ctx, session, req.Only, emit)
		} else {
			reading, err = s.pull(ctx, session, req.State, emit)
		}
		return err
	})
	return reading, err
}

func (s *peerSource) pull(ctx context.Context, session string, state json.RawMessage, emit func(Page) error) (Reading, error) {
	params := ReadParams{Session: session, State: state, MaxRecords: pageRecords}
	for {
		var read ReadResult
		if err := s.caller.Call(ctx, "source/read", params, &read); err != nil {
			return Reading{}, err
		}
		params.State = nil
		if string(read.State) == "null" { // as many languages write it
			read.State = nil
		}
		if len(read.Pages) > 0 || read.State != nil {
			if err := emit(Page{Records: Ungroup(read.Pages), State: read.State}); err != nil {
				return Reading{}, err
			}
			if err := s.caller.Call(ctx, "source/ack", SessionParams{session}, nil); err != nil {
				return Reading{}, err
			}
		}
		if read.Done {
			return Reading{read.Complete, read.Confirm, read.Counts, read.Gone, read.Hidden, read.Warnings}, nil
		}
	}
}

func (s *peerSource) lookup(ctx context.Context, session string, refs []Ref, emit func(Page) error) (Reading, error) {
	var reading Reading
	for some := range slices.Chunk(refs, pageRecords) {
		var found LookupResult
		if err := s.caller.Call(ctx, "source/lookup", LookupParams{session, some}, &found); err != nil {
			return Reading{}, err
		}
		if records := Ungroup(found.Found); len(records) > 0 {
			if err := emit(Page{Records: records}); err != nil {
				return Reading{}, err
			}
		}
		reading.Gone = append(reading.Gone, found.Gone...)
		reading.Hidden = append(reading.Hidden, found.Hidden...)
	}
	return reading, nil
}

// Close lets the peer forget the source.
func (s *peerSource) Close() error { return s.sessions.end() }

type peerChecker struct{ source *peerSource }

func (c peerChecker) Check(ctx context.Context) (Check, error) {
	var checked CheckResult
	err := c.source.sessions.use(ctx, func(session string) error {
		return c.source.caller.Call(ctx, "source/check", SessionParams{session}, &checked)
	})
	return Check{checked.Steps, Ungroup(checked.Sample)}, err
}

type peerReceiver struct{ source *peerSource }

func (r peerReceiver) Receive(ctx context.Context, c Callback) (Answer, []Event, error) {
	params := NewWebhook(c)
	var got WebhookResult
	err := r.source.sessions.use(ctx, func(session string) error {
		params.Session = session
		return r.source.caller.Call(ctx, "source/webhook", params, &got)
	})
	if err != nil {
		return Answer{}, nil, err
	}
	answer, err := got.Answer()
	return answer, got.Events, err
}
