package rpc

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// planParams are those of a push, or say which source is to be read.
type planParams struct {
	readParams
	pushParams
}

type planResult struct {
	TaskID  string                   `json:"taskId"`
	Status  string                   `json:"status"`
	State   engine.State             `json:"state"`
	Message string                   `json:"message"`
	Counts  map[string]engine.Counts `json:"counts" jsonschema:"by department, user and membership"`
	Items   []engine.Item            `json:"items" jsonschema:"what would be done, the first 1000; tasks/items has all"`
	Result  []engine.SyncResult      `json:"result"`
	Notes   []engine.Note            `json:"notes"`

	Warnings []string `json:"warnings,omitempty" jsonschema:"which guard would hold the push, why absence was not looked at"`
}

func (s *session) plan(ctx context.Context, p planParams) (*planResult, error) {
	r, err := s.reportPlan(ctx, p)
	if err != nil {
		return nil, err
	}
	b := pushResultOf(r)
	return &planResult{b.TaskID, b.Status, b.State, b.Message, r.Task.Counts, list(r.Items), b.Result, b.Notes, b.Warnings}, nil
}

// reportPlan plans what the params have: a source, or records.
func (s *session) reportPlan(ctx context.Context, p planParams) (*engine.Report, error) {
	if !p.given() {
		return s.bring(ctx, p.pushParams, (*engine.Engine).Plan)
	}
	if p.Records != nil || p.Snapshot != nil {
		return nil, invalidParams(&plugin.Error{Path: "/records", Msg: "records and a source to read cannot be planned at once", Hint: "leave one of them out"})
	}
	sync, err := p.sync(p.Actor)
	if err != nil {
		return nil, err
	}
	return s.report(ctx, p.ProgressToken, func(e *engine.Engine, report func(engine.Progress)) (*engine.Report, error) {
		return e.PlanSync(ctx, sync, report)
	})
}
