package rpc

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
)

// pushParams is what NocoBase's userData:push takes. What is missing or wrong
// inside is answered by the engine, in NocoBase's own words.
type pushParams struct {
	SourceName    string  `json:"sourceName,omitempty" jsonschema:"whose records these are; api when absent"`
	DataType      string  `json:"dataType,omitempty" jsonschema:"user or department"`
	MatchKey      string  `json:"matchKey,omitempty" jsonschema:"username, email or phone: finds the row of a user not linked yet"`
	Records       records `json:"records,omitempty" jsonschema:"the records, each with a uid"`
	ProgressToken token   `json:"progressToken,omitempty" jsonschema:"asks for $/progress {token, value} while the request runs"`
}

func (p pushParams) push() engine.Push {
	return engine.Push{Source: p.SourceName, MatchKey: p.MatchKey, Bodies: p.bodies}
}

func (p pushParams) bodies(yield func(engine.Body, error) bool) {
	yield(engine.Body{DataType: p.DataType, Records: p.Records.each()}, nil)
}

type pushResult struct {
	TaskID  string              `json:"taskId"`
	Status  string              `json:"status" jsonschema:"as NocoBase shows it: success or failed"`
	State   engine.State        `json:"state" jsonschema:"the same, finer: success, partial, failed"`
	Message string              `json:"message"`
	Result  []engine.SyncResult `json:"result" jsonschema:"NocoBase's own answer, an entry per resource"`
	Notes   []engine.Note       `json:"notes" jsonschema:"what was left out of the records, and why"`
}

func (s *session) push(ctx context.Context, p pushParams) (*pushResult, error) {
	r, err := s.report(ctx, p, (*engine.Engine).Push)
	if err != nil {
		return nil, err
	}
	result := pushResultOf(r)
	return &result, nil
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
}

func (s *session) plan(ctx context.Context, p pushParams) (*planResult, error) {
	r, err := s.report(ctx, p, (*engine.Engine).Plan)
	if err != nil {
		return nil, err
	}
	b := pushResultOf(r)
	return &planResult{b.TaskID, b.Status, b.State, b.Message, r.Task.Counts, list(r.Items), b.Result, b.Notes}, nil
}

// report runs a push or a plan on the engine, with progress.
func (s *session) report(
	ctx context.Context, p pushParams,
	run func(*engine.Engine, context.Context, engine.Push, func(engine.Progress)) (*engine.Report, error),
) (*engine.Report, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	progress := newProgress(flightOf(ctx), p.ProgressToken)
	defer progress.last()
	return run(e, ctx, p.push(), progress.report)
}

func pushResultOf(r *engine.Report) pushResult {
	for i := range r.Result {
		detail := &r.Result[i].Detail
		detail.FailedRecords = list(detail.FailedRecords)
	}
	t := r.Task
	return pushResult{t.ID, t.Status, t.State, t.Message, list(r.Result), list(r.Notes)}
}
