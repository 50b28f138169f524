package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// settle counts what came of the run, from its plan, writes its end and answers
// each push about its own records.
func (r *run) settle(ctx context.Context, layouts []*layout, shares []*share) error {
	r.deliver(ctx)
	c := r.census(shares)
	all, err := r.sum(ctx, layouts, c, nil)
	if err != nil {
		return err
	}
	if err := r.end(ctx, all.Task.State, all.Task.Message, all.Task.Counts); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // the run's own has ended with it
	if r.fed {
		r.engine.outbox.poke()
	}
	for _, l := range layouts {
		if r.kind == planOnly {
			break
		}
		if err := r.keepConflicts(ctx, l, all.Task.Counts[string(l.Type)].Failed > 0); err != nil {
			return err
		}
	}
	task, err := r.engine.Task(ctx, fmt.Sprint(r.id))
	if err != nil {
		return err
	}
	all.Task = *task
	if r.kind == planOnly {
		if all.Items, err = r.engine.Items(ctx, ItemFilter{Task: task.ID, Limit: ItemsInReport}); err != nil {
			return err
		}
	}
	// Whoever goes on with a run did not read its records, and is told of all.
	if len(shares) == 1 && (r.waiting == nil || shares[0].totals == nil) {
		shares[0].result = all
		return nil
	}
	for _, s := range shares {
		if s.err != nil {
			continue
		}
		if s.result, err = r.sum(ctx, layouts, c, s); err != nil {
			return err
		}
		own := s.result.Task
		s.result.Task, s.result.Items = *task, all.Items
		if len(shares) == 1 {
			continue // beside it there is only what had waited
		}
		s.result.Task.State, s.result.Task.Status = own.State, own.State.Status()
		s.result.Task.Counts, s.result.Task.Message = own.Counts, own.Message
	}
	return nil
}

// sum counts what came of the whole run, or of what one push brought to it. Of
// the task it gives what that says.
func (r *run) sum(ctx context.Context, layouts []*layout, c *census, s *share) (*Report, error) {
	totals, notes, of := r.totals, r.notes, r.placesOf(s)
	if s != nil {
		totals, notes = s.totals, s.notes
	}
	report := &Report{Notes: notes.list(), Warnings: slices.Concat(r.warnings, r.unsure)}
	counts := map[string]Counts{}
	applied, failed := 0, 0
	for _, l := range layouts {
		received := totals[l.Type]
		if s == nil && r.waiting != nil {
			ops, err := c.itemsWhere(ctx, l, r.isWaiting("abs(p._n)"), nil)
			if err != nil {
				return nil, err
			}
			for _, n := range ops {
				received += n
			}
		}
		if received == 0 && (s != nil || !r.attached(ctx, l)) {
			again, err := r.peerResults(ctx, l, 0, 0, of)
			if err != nil {
				return nil, err
			}
			report.Result = append(report.Result, again...)
			continue
		}
		n, err := c.count(ctx, l, received, s)
		if err != nil {
			return nil, err
		}
		counts[string(l.Type)] = n
		if n.Created > 0 {
			unfilled, err := c.noteUnfilled(ctx, l, s)
			if err != nil {
				return nil, err
			}
			report.Notes = append(report.Notes, unfilled...)
		}
		applied += n.Total - n.Failed - n.Skipped
		failed += n.Failed
		results, err := c.results(ctx, l, received, s)
		if err != nil {
			return nil, err
		}
		report.Result = append(report.Result, results...)
	}
	m, err := c.countMemberships(ctx, s)
	if err != nil {
		return nil, err
	}
	if m != (Counts{}) {
		counts["membership"] = m
	}
	report.Task = Task{State: Success, Counts: counts, Message: r.message(counts, applied, failed)}
	switch {
	case failed > 0 && applied > 0:
		report.Task.State = Partial
	case failed > 0:
		report.Task.State = Failed
	}
	left, err := r.laggards(ctx, of)
	r.tellDelivered(report, left)
	return report, err
}

// placesOf is SQL for: item p is of a record that s brought, if there is one.
func (r *run) placesOf(s *share) string {
	if s == nil {
		return "1 = 1"
	}
	of := fmt.Sprintf("abs(p._n) > %d AND abs(p._n) <= %d", s.first, s.last)
	var again []string
	for place, before := range r.moved {
		if before > s.first && before <= s.last {
			again = append(again, fmt.Sprint(place))
		}
	}
	if len(again) == 0 {
		return of
	}
	return "(" + of + " OR abs(p._n) IN (" + strings.Join(again, ", ") + "))"
}

// attached says whether the plan has items though no record of the type came.
func (r *run) attached(ctx context.Context, l *layout) bool {
	var there bool
	err := r.engine.db.On(r.engine.db).Get(ctx, &there, l.names(r.id).Replace(`SELECT EXISTS (SELECT 1 FROM {<plan>} WHERE _run = <run>)`))
	return err == nil && there
}

// count counts what came of the records of a type: those received, and those
// that were found gone without a word.
func (c *census) count(ctx context.Context, l *layout, received int, s *share) (Counts, error) {
	ops, err := c.items(ctx, l, s)
	of := func(op string) int { return ops[receivedItem+op] + ops[missingItem+op] }
	n := Counts{
		Total: received, Created: of("create"), Linked: of("link"), Updated: of("update"),
		Deleted: of("delete"), Disabled: of("disable"), Unlinked: of("unlink"), Kept: of("keep"),
		Skipped: of("skip"), Failed: of("fail"),
	}
	for op, more := range ops {
		if strings.HasPrefix(op, missingItem) {
			n.Total += more
		}
	}
	n.Unchanged = n.Total - n.Created - n.Linked - n.Updated - n.Deleted - n.Disabled - n.Unlinked - n.Kept - n.Failed - n.Skipped
	return n, err
}

func (c *census) countMemberships(ctx context.Context, s *share) (Counts, error) {
	var n Counts
	ops, err := c.memberships(ctx, s)
	for op, more := range ops {
		switch op {
		case "add", "restore":
			n.Created += more
		case "set":
			n.Updated = more
		case "drop", "end":
			n.Deleted += more
		case "await":
			n.Pending = more
		}
		n.Total += more
	}
	return n, err
}

// results are NocoBase's results for the records of one type that were
// received: the resource that holds its rows has the failures, the others leave
// those records out.
func (c *census) results(ctx context.Context, l *layout, received int, s *share) ([]SyncResult, error) {
	ops, err := c.items(ctx, l, s)
	if err != nil {
		return nil, err
	}
	failed, skipped := ops[receivedItem+"fail"], ops[receivedItem+"skip"]
	var results []SyncResult
	for _, t := range c.run.engine.targets {
		if !accepts(t, l.Type) || received == 0 {
			continue
		}
		result := SyncResult{Resource: t.Info().Name, Detail: SyncedDetail{FailedRecords: []FailedRecord{}}}
		count := SyncedCount{All: received, Skipped: skipped, Failed: failed}
		if t.Table(l.Type) == nil {
			count.Skipped, count.Failed = skipped+failed, 0
		} else if failed > 0 {
			if result.Detail.FailedRecords, err = c.run.failures(ctx, l, c.run.placesOf(s)); err != nil {
				return nil, err
			}
		}
		count.Success = count.All - count.Failed - count.Skipped
		result.Detail.Count = count
		results = append(results, result)
	}
	others, err := c.run.peerResults(ctx, l, received, skipped+failed, c.run.placesOf(s))
	return c.run.engine.inOrder(append(results, others...)), err
}

// maxFailedSize is how many characters of records a report repeats.
const maxFailedSize = 8 << 20

func (r *run) failures(ctx context.Context, l *layout, of string) ([]FailedRecord, error) {
	var rows []struct {
		Raw, Kind, Field, Reason string
	}
	err := r.engine.db.On(r.engine.db).Select(ctx, &rows, l.names(r.id).Replace(`
		SELECT raw, kind, field, reason FROM (
			SELECT _raw AS raw, _kind AS kind, coalesce(_field, '') AS field, _reason AS reason,
			       abs(_n) AS place, sum(length(_raw)) OVER (ORDER BY abs(_n)) AS size
			FROM {<plan>} p WHERE p._run = <run> AND `+of+` AND p._op = 'fail' AND p._raw IS NOT NULL) f
		WHERE size <= ? ORDER BY place LIMIT ?`), maxFailedSize, FailedInReport)
	failed := make([]FailedRecord, len(rows))
	for i, row := range rows {
		failed[i] = FailedRecord{Record: json.RawMessage(row.Raw), Message: row.Reason, Kind: plugin.Kind(row.Kind), Field: row.Field}
	}
	return failed, schema.Wrap(err, "list the records that failed")
}

// message is the sentence an operator reads in the list of tasks.
func (r *run) message(counts map[string]Counts, applied, failed int) string {
	var parts []string
	for _, t := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s: %s", t, counts[t]))
	}
	s := cmp.Or(strings.Join(append(slices.Clone(r.unsure), parts...), "; "), "nothing to do")
	if failed > 0 {
		s = fmt.Sprintf("%d of %d applied, %d failed; %s", applied, applied+failed, failed, s)
	}
	if r.kind == planOnly {
		return "planned, nothing written; " + s
	}
	return s
}

// String lists the counts that are not zero.
func (c Counts) String() string {
	var parts []string
	for _, n := range []struct {
		n    int
		what string
	}{
		{c.Created, "created"},
		{c.Linked, "linked"},
		{c.Updated, "updated"},
		{c.Deleted, "deleted"},
		{c.Disabled, "disabled"},
		{c.Unlinked, "unlinked"},
		{c.Kept, "kept"},
		{c.Unchanged, "unchanged"},
		{c.Pending, "pending"},
		{c.Skipped, "skipped"},
		{c.Failed, "failed"},
	} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.n, n.what))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}
