package engine

import (
	"context"

	"github.com/nocobase-roster/roster/schema"
)

// seen notes of records that come as they were that they have come, where
// something older must not have the last word on them: a run that is still
// being read, events that nobody has acted on, or what another run left undone,
// should somebody retry it.
func (r *run) seen(ctx context.Context, p *Plan) error {
	if err := p.note(ctx, olderRun(`(finished_at IS NULL AND state = 'reading' OR id IN (SELECT run FROM {readings}))`), `true`); err != nil {
		return err
	}
	if err := p.note(ctx, `SELECT EXISTS (SELECT 1 FROM {inbox} WHERE source = ?)`, `true`); err != nil {
		return err
	}
	left := func(states, items string) error {
		return p.note(ctx, olderRun(`state IN (`+states+`)`), `uid IN (SELECT p._uid FROM {runs} o JOIN {<plan>} p ON p._run = o.id
			WHERE o.source = ? AND o.id < <run> AND o.state IN (`+states+`) AND (`+items+`))`, p.Source)
	}
	if err := left(`'partial'`, `p._op = 'fail'`); err != nil {
		return err
	}
	return left(`'failed', 'canceled', 'interrupted'`, `p._op IN ('fail', 'stale') OR `+writable("p.")+` AND NOT `+written)
}

// olderRun asks whether there is such an older run of the source.
func olderRun(which string) string {
	return `SELECT EXISTS (SELECT 1 FROM {runs} WHERE source = ? AND id < <run> AND ` + which + `)`
}

// note notes, if there is something older of the source, that those records
// have come which come as they were.
func (p *Plan) note(ctx context.Context, older, which string, args ...any) error {
	var there bool
	if err := p.Get(ctx, &there, older, p.Source); err != nil || !there {
		return schema.Wrap(err, "look for what is older")
	}
	_, err := p.Exec(ctx, `UPDATE {records} AS r SET seen_at = `+p.arrived+` WHERE source = ? AND type = '<type>' AND seen_at < `+p.arrived+`
		AND uid IN (SELECT s.uid FROM staged_<type> s JOIN found_<type> w ON w.seq = s.seq WHERE w.op = 'same') AND `+which, append([]any{p.Source}, args...)...)
	return schema.Wrap(err, "note what came as it was")
}
