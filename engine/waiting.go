package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// mostWaiting is how many conflicts a run tries again.
const mostWaiting = 10_000

// stageConflicts stages the records of the source that wanted what somebody
// else held, unless something newer comes with this run: whoever held it may
// have let go. They are no records of the push, and say nothing if they go on
// waiting. A reading of the whole directory has them itself.
func (in *intake) stageConflicts(ctx context.Context, source string, again bool) error {
	var waiting []struct{ Type, Raw string }
	x := in.db.On(in.conn)
	if err := x.Select(ctx, &waiting, `SELECT type, raw FROM {conflicts} WHERE source = ? ORDER BY type, uid LIMIT ?`, source, mostWaiting); err != nil {
		return schema.Wrap(err, "look for conflicts")
	}
	if in.conflicts = len(waiting) > 0; !in.conflicts || !again {
		return nil
	}
	in.share = &share{first: in.seq, totals: map[plugin.Type]int{}, notes: notes{}}
	pg := in.newPage()
	for _, w := range waiting {
		if l := in.layouts[plugin.Type(w.Type)]; l != nil {
			in.add(pg, l, json.RawMessage(w.Raw))
		}
		if pg.n == pageRecords {
			if err := in.write(ctx, pg); err != nil {
				return err
			}
			pg.reset()
		}
	}
	if err := in.write(ctx, pg); err != nil {
		return err
	}
	in.share.last = in.seq
	in.waiting = in.share
	return in.yield(ctx, x)
}

// yield takes back those of which the run itself says something.
func (in *intake) yield(ctx context.Context, x schema.Conn) error {
	for t := range in.layouts {
		const newer = `SELECT seq FROM staged_<type> WHERE seq > ? AND uid IN (
			SELECT uid FROM staged_<type> WHERE seq <= ? UNION SELECT uid FROM staged_refused WHERE type = '<type>' AND seq <= ?)`
		for _, table := range []string{"staged_membership", "staged_<type>"} {
			q := strings.ReplaceAll(`DELETE FROM `+table+` WHERE seq IN (`+newer+`)`, "<type>", string(t))
			if _, err := x.Exec(ctx, q, in.waiting.first, in.waiting.first, in.waiting.first); err != nil {
				return schema.Wrap(err, "leave conflicts to what is newer")
			}
		}
	}
	return nil
}

// outdate forgets the conflicts of records of which the run says something, be
// it that they are gone.
func (p *Plan) outdate(ctx context.Context, in *intake, of reading) error {
	if !in.conflicts || p.run.kind == planOnly {
		return nil
	}
	said := `uid IN (SELECT s.uid FROM staged_<type> s WHERE NOT (` + p.run.isWaiting("s.seq") + `) UNION SELECT f.uid FROM staged_refused f WHERE f.type = '<type>')`
	if of.whole[p.Type] {
		said = "1 = 1"
	}
	_, err := p.Exec(ctx, `DELETE FROM {conflicts} WHERE source = ? AND type = '<type>' AND `+said, p.Source)
	return schema.Wrap(err, "forget conflicts that are out of date")
}

// keepConflicts keeps the records of the run that want what somebody else
// holds, and forgets those that have it now.
func (r *run) keepConflicts(ctx context.Context, l *layout, failed bool) error {
	x := r.engine.db.On(r.engine.db)
	names := l.names(r.id)
	if r.waiting != nil {
		_, err := x.Exec(ctx, names.Replace(`DELETE FROM {conflicts} WHERE source = ? AND type = '<type>'
			AND uid IN (SELECT _uid FROM {<plan>} WHERE _run = <run> AND _op <> 'fail' AND abs(_n) > ? AND abs(_n) <= ?)`), r.source, r.waiting.first, r.waiting.last)
		if err != nil {
			return schema.Wrap(err, "forget conflicts that have ended")
		}
	}
	if !failed {
		return nil
	}
	_, err := x.Exec(ctx, names.Replace(`
		INSERT INTO {conflicts} (source, type, uid, raw)
		SELECT ?, '<type>', _uid, max(_raw) FROM {<plan>} WHERE _run = <run> AND _op = 'fail' AND _kind = 'conflict' AND _raw IS NOT NULL GROUP BY _uid
		ON CONFLICT (source, type, uid) DO UPDATE SET raw = excluded.raw`), r.source)
	return schema.Wrap(err, "keep the conflicts")
}

// isWaiting is SQL for: the record at that place is a conflict tried again.
func (r *run) isWaiting(place string) string {
	if r.waiting == nil {
		return "1 = 0"
	}
	return fmt.Sprintf("%s > %d AND %s <= %d", place, r.waiting.first, place, r.waiting.last)
}

// staged is how many records of the type are staged, refused ones included.
func (in *intake) staged(t plugin.Type) int64 {
	n := in.totals[t]
	if in.waiting != nil {
		n += in.waiting.totals[t]
	}
	return int64(n)
}
