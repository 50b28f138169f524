package plugin

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Target gives a target that the peer has. With batches it is called with many
// changes at once (target/apply), else with one at a time, as NocoBase calls its
// own (target/create, target/update). It is a Finder where the peer answers
// target/find.
func (p Peer) Target(name string, batches, finds bool) Target {
	var t Target = peerTarget{p.Caller, name}
	if !batches {
		t = PerRecord(peerTarget{p.Caller, name}.create, peerTarget{p.Caller, name}.update)
	}
	if !finds {
		return t
	}
	return struct {
		Target
		peerFinder
	}{t, peerFinder{p.Caller, name}}
}

type peerTarget struct {
	caller Caller
	name   string
}

// Apply sends the changes in one call, or in as many as the peer wants to have
// them read.
func (t peerTarget) Apply(ctx context.Context, changes []Change) ([]Outcome, error) {
	outcomes, err := t.apply(ctx, changes)
	switch half := len(changes) / 2; {
	case !errors.Is(err, ErrTooLarge):
		return outcomes, err
	case half == 0:
		return []Outcome{{Key: changes[0].Key, Err: err}}, nil
	default:
		if outcomes, err = t.Apply(ctx, changes[:half]); err != nil {
			return outcomes, err
		}
		more, err := t.Apply(ctx, changes[half:])
		return append(outcomes, more...), err
	}
}

func (t peerTarget) apply(ctx context.Context, changes []Change) ([]Outcome, error) {
	params := ApplyParams{Target: t.name, Changes: make([]WireChange, len(changes))}
	for i, c := range changes {
		params.Changes[i] = WireChange{c.Key, c.Op, c.origin(), c.rows(), c.MatchKey}
	}
	var applied ApplyResult
	if err := t.caller.Call(ctx, "target/apply", params, &applied); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(applied.Outcomes))
	for i, o := range applied.Outcomes {
		outcomes[i] = Outcome{Key: o.Key, Rows: o.ResourcePks}
		if o.Error != nil {
			outcomes[i].Err = o.Error.err()
		}
	}
	return outcomes, nil
}

func (t peerTarget) create(ctx context.Context, c Change) (written []Written, err error) {
	err = t.caller.Call(ctx, "target/create", CreateParams{t.name, c.Key, c.origin(), c.MatchKey}, &written)
	return written, err
}

func (t peerTarget) update(ctx context.Context, c Change) (written []Written, err error) {
	err = t.caller.Call(ctx, "target/update", UpdateParams{t.name, c.Key, c.origin(), c.rows(), c.MatchKey}, &written)
	return written, err
}

type peerFinder struct {
	caller Caller
	name   string
}

func (f peerFinder) Find(ctx context.Context, q Query) ([]Found, error) {
	var found FindResult
	err := f.caller.Call(ctx, "target/find", FindParams{f.name, q.Type, q.Field, q.Values}, &found)
	return found.Rows, err
}

// origin is the record as NocoBase hands it over.
func (c Change) origin() OriginRecord {
	r := OriginRecord{ID: c.ID, SourceName: c.Source, SourceUk: c.Record.UID, DataType: c.Record.Type, MetaData: c.Record, Resources: c.Links}
	if r.Resources == nil {
		r.Resources = []Link{}
	}
	return r
}

func (c Change) rows() []string {
	if c.Rows == nil {
		return []string{}
	}
	return c.Rows
}

// Change gives a change that came over the wire.
func (w WireChange) Change() Change {
	record := w.Record.MetaData
	record.Type, record.UID = w.Record.DataType, w.Record.SourceUk
	return Change{
		Key: w.Key, Op: w.Op, ID: w.Record.ID, Source: w.Record.SourceName, MatchKey: w.MatchKey,
		Record: record, Rows: w.ResourcePks, Links: w.Record.Resources,
	}
}

// NewApplyResult puts outcomes on the wire.
func NewApplyResult(outcomes []Outcome) ApplyResult {
	r := ApplyResult{Outcomes: make([]WireOutcome, len(outcomes))}
	for i, o := range outcomes {
		r.Outcomes[i] = WireOutcome{Key: o.Key, ResourcePks: o.Rows}
		if o.Err != nil {
			r.Outcomes[i].Error = NewWireError(o.Err)
		}
	}
	return r
}

// NewWritten says in NocoBase's words what became of the rows that a record
// had, given those that it has now.
func NewWritten(before, now []string) []Written {
	written := []Written{}
	for _, row := range now {
		written = append(written, Written{Row: row})
	}
	for _, row := range before {
		if !slices.Contains(now, row) {
			written = append(written, Written{Row: row, Deleted: true})
		}
	}
	return written
}

// NewWireError makes an error one that travels in an answer. What is no *Error
// may hold a secret, and is only called an internal one.
func NewWireError(err error) *WireError {
	var e *Error
	if !errors.As(err, &e) {
		return &WireError{Kind: Internal, Message: "internal error"}
	}
	bare := *e
	bare.Hint = ""
	return &WireError{Kind: e.Kind, Message: bare.Error(), Hint: e.Hint, Path: e.Path, RetryAfterMs: e.RetryAfter.Milliseconds()}
}

func (w *WireError) err() error {
	kind := w.Kind
	if !kind.Valid() {
		kind = Internal
	}
	return &Error{Kind: kind, Msg: w.Message, Hint: w.Hint, Path: w.Path, RetryAfter: time.Duration(w.RetryAfterMs) * time.Millisecond}
}
