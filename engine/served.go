package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// appliedAtOnce is how many changes Apply takes at once: of as many a report
// names every failure.
const appliedAtOnce = FailedInReport

// Apply makes changes to one of NocoBase's targets, as pushes of the sources
// that they name: the wire is the same in both directions. Consecutive changes
// of a source are one push, up to 8 MiB of them, in which of two changes of a
// record the last counts.
// What is pushed again changes nothing, so keys are not remembered. There is an
// outcome for each change, whose rows are the target's; the error says why the
// rest was not tried.
func (e *Engine) Apply(ctx context.Context, target string, changes []plugin.Change) ([]plugin.Outcome, error) {
	i := slices.IndexFunc(e.targets, func(t Target) bool { return t.Info().Name == target })
	if i < 0 {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/target", Msg: fmt.Sprintf("%.64q is no target of NocoBase's", target), Hint: "only those are written to by Roster: users, departments"}
	}
	if len(changes) > appliedAtOnce {
		return nil, &plugin.Error{Kind: plugin.Data, Path: "/changes", Msg: fmt.Sprintf("%d changes came at once", len(changes)), Hint: fmt.Sprintf("at most %d are taken", appliedAtOnce)}
	}
	var outcomes []plugin.Outcome
	for rest := pushable(changes); len(rest) > 0; {
		same := pushedTogether(rest)
		made, err := e.applyAs(ctx, e.targets[i], same)
		if err != nil {
			return outcomes, err
		}
		outcomes, rest = append(outcomes, made...), rest[len(same):]
	}
	return outcomes, nil
}

// A pushed is a change as it is pushed.
type pushed struct {
	plugin.Change
	raw json.RawMessage
	err error // why it cannot be: the report of a push could not tell which it was
}

func pushable(changes []plugin.Change) []pushed {
	all := make([]pushed, len(changes))
	for i, c := range changes {
		c.Record.Deleted = c.Record.Deleted || c.Op == plugin.Delete
		raw, err := c.Record.MarshalJSON()
		if err == nil {
			_, err = decode(c.Record.Type, raw)
		}
		all[i] = pushed{c, raw, err}
	}
	return all
}

// pushedTogether are the first changes that make one push: no more than those of
// which a report names every failure.
func pushedTogether(changes []pushed) []pushed {
	first, size := changes[0], 0
	end := slices.IndexFunc(changes, func(c pushed) bool {
		size += len(c.raw)
		return c.Source != first.Source || c.MatchKey != first.MatchKey || c.Record.Type != first.Record.Type || size > max(maxFailedSize, len(first.raw))
	})
	if end < 0 {
		return changes
	}
	return changes[:end]
}

// applyAs pushes changes of one source and type, and says what came of each.
func (e *Engine) applyAs(ctx context.Context, t Target, changes []pushed) ([]plugin.Outcome, error) {
	of := changes[0]
	if !accepts(t, of.Record.Type) {
		return nil, &plugin.Error{Kind: plugin.Unsupported, Path: "/changes", Msg: fmt.Sprintf("target %s takes no records of type %.64q", t.Info().Name, of.Record.Type)}
	}
	failed, err := e.pushAll(ctx, changes)
	if err != nil {
		return nil, err
	}
	rows, err := e.rowsOf(ctx, t.Info().Name, changes)
	outcomes := make([]plugin.Outcome, len(changes))
	for i, c := range changes {
		outcomes[i] = plugin.Outcome{Key: c.Key, Rows: rows[c.Record.UID], Err: c.err}
		if why := failed[c.Record.UID]; why != nil && c.err == nil {
			outcomes[i].Err = why
		}
	}
	return outcomes, err
}

// pushAll pushes changes of one source and type, those that can be, and says by
// their uids why records were not written.
func (e *Engine) pushAll(ctx context.Context, changes []pushed) (map[string]*plugin.Error, error) {
	some := slices.DeleteFunc(slices.Clone(changes), func(c pushed) bool { return c.err != nil })
	if len(some) == 0 {
		return nil, nil
	}
	of := some[0]
	records := func(yield func(json.RawMessage, error) bool) {
		for _, c := range some {
			if !yield(c.raw, nil) {
				return
			}
		}
	}
	report, err := e.Push(ctx, Push{Source: of.Source, MatchKey: of.MatchKey, Bodies: func(yield func(Body, error) bool) {
		yield(Body{DataType: string(of.Record.Type), Records: records}, nil)
	}}, nil)
	if err != nil {
		return nil, err
	}
	return e.refused(report, of.Record.Type), nil
}

// refused says, by their uids, why records were not written.
func (e *Engine) refused(report *Report, t plugin.Type) map[string]*plugin.Error {
	failed := map[string]*plugin.Error{}
	for _, result := range report.Result {
		if !slices.ContainsFunc(e.targets, func(o Target) bool { return o.Info().Name == result.Resource && o.Table(t) != nil }) {
			continue // what others have not taken is theirs
		}
		for _, f := range result.Detail.FailedRecords {
			var r plugin.Record
			if json.Unmarshal(f.Record, &r) == nil {
				failed[r.UID] = &plugin.Error{Kind: f.Kind, Path: f.Field, UID: r.UID, Msg: f.Message}
			}
		}
	}
	return failed
}

// rowsOf are the rows of a target that records stand for, by their uids.
func (e *Engine) rowsOf(ctx context.Context, target string, changes []pushed) (map[string][]string, error) {
	args := []any{cmp.Or(changes[0].Source, "api"), changes[0].Record.Type, target}
	for _, c := range changes {
		args = append(args, c.Record.UID)
	}
	var found []struct{ UID, Pk string }
	err := e.db.On(e.db).Select(ctx, &found, `
		SELECT r.uid, k.[resourcePk] AS pk FROM {records} r JOIN {userDataSyncRecordsResources} k ON k.[recordId] = r.record_id
		WHERE r.source = ? AND r.type = ? AND k.resource = ? AND k.[resourcePk] IS NOT NULL AND r.uid IN (?`+strings.Repeat(", ?", len(changes)-1)+`) ORDER BY k.id`, args...)
	rows := map[string][]string{}
	for _, f := range found {
		rows[f.UID] = append(rows[f.UID], f.Pk)
	}
	return rows, told(ctx, schema.Wrap(err, "read what records stand for"))
}
