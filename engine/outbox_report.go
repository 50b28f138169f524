package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// ofItems is SQL for the changes of the run that are of its items p, or that it
// delivers again, as rows with a place of their own.
func (r *run) ofItems(of string) string {
	return fmt.Sprintf(`(SELECT o.*, o.n AS _n FROM {outbox} o WHERE o.run = %d) p WHERE (p.n IS NULL OR %s)`, r.id, of)
}

// peerResults are the results of targets that others registered, for records of
// a type. What a target has not answered for is pending.
func (r *run) peerResults(ctx context.Context, l *layout, received, skipped int, of string) ([]SyncResult, error) {
	var results []SyncResult
	for _, p := range r.engine.peers() {
		count := SyncedCount{All: received + r.repostedTo(p.Name, l.Type), Skipped: skipped}
		if !slices.Contains(p.Accepts, l.Type) || count.All == 0 {
			continue
		}
		result := SyncResult{Resource: p.Name}
		var left struct{ Failed, Pending int }
		err := r.engine.db.On(r.engine.db).Get(ctx, &left, l.names(r.id).Replace(`
			SELECT count(*) FILTER (WHERE p.due_at IS NULL) AS failed, count(*) FILTER (WHERE p.due_at IS NOT NULL) AS pending
			FROM `+r.ofItems(of)+` AND p.type = '<type>' AND p.target = ? AND (p.n IS NULL OR EXISTS (
				SELECT 1 FROM {<plan>} i WHERE i._run = <run> AND i._n = p.n AND i._raw IS NOT NULL))`), p.Name)
		if err != nil {
			return nil, schema.Wrap(err, "count what was delivered")
		}
		count.Failed, count.Pending = left.Failed, left.Pending
		count.Success = count.All - count.Failed - count.Skipped - count.Pending
		result.Detail.Count = count
		if result.Detail.FailedRecords, err = r.peerFailures(ctx, l, p.Name, of, left.Failed); err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

func (r *run) repostedTo(target string, t plugin.Type) int {
	for _, again := range r.reposted {
		if again.Target == target && again.Type == t {
			return again.N
		}
	}
	return 0
}

func (r *run) peerFailures(ctx context.Context, l *layout, target, of string, n int) ([]FailedRecord, error) {
	failed := []FailedRecord{}
	if n == 0 {
		return failed, nil
	}
	var rows []struct{ Record, Kind, Reason string }
	err := r.engine.db.On(r.engine.db).Select(ctx, &rows, `
		SELECT record, kind, reason FROM (
			SELECT p.record, p.kind, p.reason, p.id, sum(length(p.record)) OVER (ORDER BY p.id) AS size
			FROM `+r.ofItems(of)+` AND p.type = ? AND p.target = ? AND p.due_at IS NULL) f
		WHERE size <= ? ORDER BY id LIMIT ?`, l.Type, target, maxFailedSize, FailedInReport)
	for _, row := range rows {
		failed = append(failed, FailedRecord{Record: json.RawMessage(row.Record), Message: row.Reason, Kind: plugin.Kind(row.Kind)})
	}
	return failed, schema.Wrap(err, "list what was not delivered")
}

// A laggard is a target that has not taken all that a run has made.
type laggard struct {
	Target          string
	Failed, Pending int
	Reason          string // of one that is tried again
}

func (r *run) laggards(ctx context.Context, of string) (laggards []laggard, err error) {
	if !r.fed {
		return nil, nil
	}
	err = r.engine.db.On(r.engine.db).Select(ctx, &laggards, `
		SELECT p.target, count(*) FILTER (WHERE p.due_at IS NULL) AS failed, count(*) FILTER (WHERE p.due_at IS NOT NULL) AS pending,
		       coalesce(max(CASE WHEN p.due_at IS NOT NULL THEN p.reason END), '') AS reason
		FROM `+r.ofItems(of)+` GROUP BY p.target ORDER BY p.target`)
	return laggards, schema.Wrap(err, "see what was not delivered")
}

// tellDelivered puts into a report what targets were sent again, and what they
// have not taken: failures make it one that may be retried, and what is pending
// is said.
func (r *run) tellDelivered(report *Report, laggards []laggard) {
	peers := r.engine.peers()
	for _, again := range r.reposted {
		report.Task.Message += fmt.Sprintf("; %s: %d sent again", again.Target, again.N)
	}
	for _, l := range laggards {
		if l.Failed > 0 {
			report.Task.Message += fmt.Sprintf("; %s: %d failed", l.Target, l.Failed)
			if report.Task.State == Success {
				report.Task.State = Partial
			}
		}
		if l.Pending == 0 {
			continue
		}
		why := l.Reason
		switch {
		case !slices.ContainsFunc(peers, func(p peer) bool { return p.Name == l.Target }):
			why = "it is not there now"
		case why == "":
			why = "it takes longer than a run waits"
		}
		report.Warnings = append(report.Warnings, fmt.Sprintf("target %s has yet to take %d of the changes: %s", l.Target, l.Pending, why))
	}
}

// inOrder puts results of one type into the order in which targets are written;
// those that nobody registered come first.
func (e *Engine) inOrder(results []SyncResult) []SyncResult {
	targets := e.adapters.Targets()
	place := func(r SyncResult) int {
		return max(0, slices.IndexFunc(targets, func(t plugin.TargetInfo) bool { return t.Name == r.Resource }))
	}
	slices.SortStableFunc(results, func(a, b SyncResult) int { return place(a) - place(b) })
	return results
}
