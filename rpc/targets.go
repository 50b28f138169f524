package rpc

import (
	"context"

	"github.com/nocobase-roster/roster/plugin"
)

// The wire is the same in both directions: what Roster asks of a host's target, a
// host may ask of NocoBase's.

func (s *session) applyToTarget(ctx context.Context, p plugin.ApplyParams) (*plugin.ApplyResult, error) {
	e, err := s.taker(ctx)
	if err != nil {
		return nil, err
	}
	changes := make([]plugin.Change, len(p.Changes))
	for i, c := range p.Changes {
		changes[i] = c.Change()
	}
	outcomes, err := e.Apply(ctx, p.Target, changes)
	result := plugin.NewApplyResult(outcomes)
	return &result, err
}

func (s *session) createInTarget(ctx context.Context, p plugin.CreateParams) ([]plugin.Written, error) {
	return s.applyOne(ctx, p.Target, plugin.WireChange{Key: p.Key, Op: plugin.Create, Record: p.Record, MatchKey: p.MatchKey})
}

func (s *session) updateInTarget(ctx context.Context, p plugin.UpdateParams) ([]plugin.Written, error) {
	return s.applyOne(ctx, p.Target, plugin.WireChange{Key: p.Key, Op: plugin.Update, Record: p.Record, ResourcePks: p.ResourcePks, MatchKey: p.MatchKey})
}

// applyOne makes a single change; that it cannot be made is the error.
func (s *session) applyOne(ctx context.Context, target string, c plugin.WireChange) ([]plugin.Written, error) {
	e, err := s.taker(ctx)
	if err != nil {
		return nil, err
	}
	outcomes, err := e.Apply(ctx, target, []plugin.Change{c.Change()})
	if err != nil {
		return nil, err
	}
	if len(outcomes) == 0 { // a target that breaks its promise
		return nil, &plugin.Error{Kind: plugin.Transient, Msg: "target " + quoteShort(target) + " did not say what came of the change", Hint: "send it again"}
	}
	return plugin.NewWritten(c.ResourcePks, outcomes[0].Rows), outcomes[0].Err
}

// findTarget asks a target, NocoBase's or one that the host has registered
// itself, what it holds.
func (s *session) findTarget(ctx context.Context, p plugin.FindParams) (*plugin.FindResult, error) {
	e, err := s.taker(ctx)
	if err != nil {
		return nil, err
	}
	found, err := e.Find(ctx, p.Target, plugin.Query{Type: p.DataType, Field: p.Field, Values: p.Values})
	return &plugin.FindResult{Rows: list(found)}, err
}
