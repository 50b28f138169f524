package rpc

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// pushParams is what NocoBase's userData:push takes. What is missing or wrong
// inside is answered by the engine, in NocoBase's own words.
type pushParams struct {
	SourceName    string    `json:"sourceName,omitempty" jsonschema:"whose records these are; api when absent"`
	DataType      string    `json:"dataType,omitempty" jsonschema:"user or department"`
	MatchKey      string    `json:"matchKey,omitempty" jsonschema:"username, email or phone: finds the row of a user not linked yet"`
	Records       records   `json:"records,omitempty" jsonschema:"the records, each with a uid"`
	Snapshot      *snapshot `json:"snapshot,omitempty" jsonschema:"these records are a part of a reading of the whole directory, whose absence counts; absent: single records"`
	Options       options   `json:"options,omitempty" jsonschema:"the source's options, of which only sync is read here; absent: as its row says, else the defaults"`
	Actor         string    `json:"actor,omitempty" jsonschema:"the id of the user who runs it, who is never removed"`
	ProgressToken token     `json:"progressToken,omitempty" jsonschema:"asks for $/progress {token, value} while the request runs"`
}

// push makes of the params what the engine takes.
func (p pushParams) push() (engine.Push, error) {
	push := engine.Push{Source: p.SourceName, MatchKey: p.MatchKey, Bodies: p.bodies}
	var err error
	if push.Snapshot, err = p.Snapshot.check(); err != nil {
		return push, err
	}
	if push.Options, err = p.Options.parse(); err != nil {
		return push, err
	}
	push.Actor, err = rowID("actor", p.Actor, "a user")
	return push, err
}

func (p pushParams) bodies(yield func(engine.Body, error) bool) {
	yield(engine.Body{DataType: p.DataType, Records: p.Records.each()}, nil)
}

// snapshot is which part of a reading of the whole directory a push is.
type snapshot struct {
	ID     string              `json:"id" jsonschema:"parts with the same id belong together"`
	Done   bool                `json:"done,omitempty" jsonschema:"this is the last part, sent when the others have been answered: what none of them had is gone"`
	Counts map[plugin.Type]int `json:"counts,omitempty" jsonschema:"of the last part: how many records of each type all parts held; where fewer arrived, nothing is taken for gone"`
}

// check gives the snapshot to the engine, or says what is wrong with it.
func (s *snapshot) check() (*engine.Snapshot, error) {
	if s == nil {
		return nil, nil
	}
	if s.ID == "" {
		return nil, invalidParams(&plugin.Error{Path: "/snapshot/id", Msg: "/snapshot/id must not be empty"})
	}
	for _, t := range slices.Sorted(maps.Keys(s.Counts)) {
		if s.Counts[t] < 0 {
			path := "/snapshot/counts/" + escape(string(t))
			return nil, invalidParams(&plugin.Error{Path: path, Msg: path + " must be 0 or more"})
		}
	}
	return &engine.Snapshot{ID: s.ID, Done: s.Done, Counts: s.Counts}, nil
}

// rowID reads the id of a row, which travels as a string; 0 when it is absent.
func rowID(member, id, of string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return 0, invalidParams(&plugin.Error{Path: "/" + member, Msg: "/" + member + " must be the id of " + of + ", a number in a string"})
	}
	return n, nil
}

type pushResult struct {
	TaskID  string              `json:"taskId"`
	Status  string              `json:"status" jsonschema:"as NocoBase shows it: success or failed"`
	State   engine.State        `json:"state" jsonschema:"the same, finer: success, partial, failed"`
	Message string              `json:"message"`
	Result  []engine.SyncResult `json:"result" jsonschema:"NocoBase's own answer, an entry per resource"`
	Notes   []engine.Note       `json:"notes" jsonschema:"what was left out of the records, and why"`

	Warnings []string `json:"warnings,omitempty" jsonschema:"what is not as was asked for: why absence was not looked at, which guard would hold the push"`
}

func (s *session) push(ctx context.Context, p pushParams) (*pushResult, error) {
	r, err := s.bring(ctx, p, (*engine.Engine).Push)
	if err != nil {
		return nil, err
	}
	return pushResultOf(r), nil
}

type retryParams struct {
	TaskID        string `json:"taskId"`
	ProgressToken token  `json:"progressToken,omitempty" jsonschema:"asks for $/progress {token, value} while the request runs"`
}

func (s *session) retry(ctx context.Context, p retryParams) (*pushResult, error) {
	r, err := s.report(ctx, p.ProgressToken, func(e *engine.Engine, report func(engine.Progress)) (*engine.Report, error) {
		return e.Retry(ctx, p.TaskID, report)
	})
	if err != nil {
		return nil, err
	}
	return pushResultOf(r), nil
}

// bring runs a push or a plan.
func (s *session) bring(
	ctx context.Context, p pushParams,
	run func(*engine.Engine, context.Context, engine.Push, func(engine.Progress)) (*engine.Report, error),
) (*engine.Report, error) {
	push, err := p.push()
	if err != nil {
		return nil, err
	}
	return s.report(ctx, p.ProgressToken, func(e *engine.Engine, report func(engine.Progress)) (*engine.Report, error) {
		return run(e, ctx, push, report)
	})
}

// report runs something on the engine, with progress.
func (s *session) report(
	ctx context.Context, t token, run func(*engine.Engine, func(engine.Progress)) (*engine.Report, error),
) (*engine.Report, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	progress := newProgress(flightOf(ctx), t)
	defer progress.last()
	return run(e, progress.report)
}

func pushResultOf(r *engine.Report) *pushResult {
	for i := range r.Result {
		detail := &r.Result[i].Detail
		detail.FailedRecords = list(detail.FailedRecords)
	}
	t := r.Task
	return &pushResult{t.ID, t.Status, t.State, t.Message, list(r.Result), list(r.Notes), r.Warnings}
}
