package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// planType plans the staged records of one type: which row each stands for,
// what stands in the way, what the targets add, and what differs. It writes
// the plan table and nothing of NocoBase's.
func (r *run) planType(ctx context.Context, x schema.Conn, l *layout, matchKey string) error {
	p := &Plan{Conn: x, Source: r.source, Type: l.Type, table: l.Table, names: l.names(r.id)}
	rows, err := r.supersede(ctx, p)
	if err != nil {
		return err
	}
	attached, err := attachPending(ctx, p)
	if err != nil {
		return err
	}
	if err := settleStaged(ctx, p, rows+attached); err != nil {
		return err
	}
	if err := find(ctx, p, matchKey); err != nil {
		return err
	}
	if err := refuseConflicts(ctx, p, l, matchKey); err != nil {
		return err
	}
	for _, t := range r.engine.targets {
		if planner, ok := t.(Planner); ok && accepts(t, l.Type) {
			if err := planner.Plan(ctx, p); err != nil {
				return fmt.Errorf("plan %s for %s: %w", l.Type, t.Info().Name, err)
			}
		}
	}
	if err := write(ctx, p, l); err != nil {
		return err
	}
	return x.DB().Settle(ctx, x, rows, x.DB().SQL("{"+l.Plan+"}"))
}

// supersede takes out records whose uid comes again later: the last wins. It
// gives how many are left.
func (r *run) supersede(ctx context.Context, p *Plan) (int, error) {
	if _, err := p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _mask, _changed, _raw, _kind, _field, _reason)
		SELECT <run>, s.seq, 'skip', s.uid, false, s._mask, '', s._raw, 'conflict', 'uid', 'a later record of the push has the same uid: the last one counts'
		FROM staged_<type> s JOIN (SELECT uid, max(seq) AS last FROM staged_<type> GROUP BY uid HAVING count(*) > 1) d
		ON d.uid = s.uid AND s.seq < d.last`); err != nil {
		return 0, schema.Wrap(err, "look for uids that come twice")
	}
	superseded, err := p.Exec(ctx, `DELETE FROM staged_<type> WHERE seq IN (SELECT _n FROM {<plan>} WHERE _run = <run> AND _op = 'skip')`)
	if err != nil {
		return 0, schema.Wrap(err, "take out uids that come twice")
	}
	if superseded > 0 {
		if _, err := p.Exec(ctx, `DELETE FROM staged_membership WHERE seq IN (SELECT _n FROM {<plan>} WHERE _run = <run> AND _op = 'skip')`); err != nil {
			return 0, schema.Wrap(err, "take out uids that come twice")
		}
	}
	_, err = p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _mask, _changed, _raw, _kind, _field, _reason)
		SELECT <run>, seq, 'fail', uid, false, '', '', raw, kind, field, reason FROM staged_refused WHERE type = ?`, p.Type)
	if err != nil {
		return 0, schema.Wrap(err, "keep the records that are none")
	}
	return r.totals[p.Type] - int(superseded), nil
}

// attachPending stages, as records that state nothing, those of this source
// that wait for a department which is known now: to be attached to it though
// they were not sent again. What they wait for is added to what they state.
func attachPending(ctx context.Context, p *Plan) (int, error) {
	n, err := p.Exec(ctx, `
		INSERT INTO staged_<type> (seq, uid, _mask, _parent)
		SELECT (SELECT coalesce(max(seq), 0) FROM staged_<type>) + row_number() OVER (ORDER BY w.uid), w.uid, '', w.parent
		FROM (SELECT w.uid, max(w.awaits) AS parent FROM {pending} w
		      WHERE w.source = ? AND w.type = ? AND `+arrived+`
		        AND NOT EXISTS (SELECT 1 FROM staged_<type> s WHERE s.uid = w.uid)
		      GROUP BY w.uid) w`, p.Source, p.Type)
	return int(n), schema.Wrap(err, "look for records that wait for a department")
}

// arrived is SQL for: the department that w waits for is there, or comes with
// this push.
const arrived = `(EXISTS (SELECT 1 FROM {records} r JOIN {departments} d ON d.id = r.row_id
	                      WHERE r.uid = w.awaits AND r.source = w.source AND r.type = 'department')
	              OR EXISTS (SELECT 1 FROM staged_department a WHERE a.uid = w.awaits))`

func settleStaged(ctx context.Context, p *Plan, rows int) error {
	tables := []string{"staged_" + string(p.Type)}
	if p.Type == plugin.User {
		tables = append(tables, "staged_membership")
	}
	return p.DB().Settle(ctx, p.Conn, rows, tables...)
}

// find says what each record comes to: a link decides, then the match key.
func find(ctx context.Context, p *Plan, matchKey string) error {
	db := p.DB()
	for name, columns := range map[string]string{
		"found_<type>":   db.Key("seq") + `, n bigint NOT NULL, op text NOT NULL, fresh boolean NOT NULL, record_id bigint, row_id bigint, restated boolean NOT NULL`,
		"refused_<type>": `seq bigint NOT NULL, kind text NOT NULL, field text NOT NULL, reason text NOT NULL`,
		"touched_<type>": `seq bigint NOT NULL`,
		"derived_<type>": db.Key("seq") + derivedColumns(p.table),
		"awaits_<type>":  db.Key("seq") + `, awaits text NOT NULL`,
	} {
		if err := db.Temp(ctx, p.Conn, p.names.Replace(name), columns); err != nil {
			return err
		}
	}
	ids, err := p.table.IDs(ctx, p.Conn)
	if err != nil {
		return err
	}
	match, matched := "", "NULL"
	if matchKey != "" {
		key := schema.Quote(matchKey)
		match = `LEFT JOIN {<rows>} m ON u.id IS NULL AND m.` + key + ` = s.` + key
		matched = "m.id"
	}
	fresh := "u.id IS NULL AND " + matched + " IS NULL"
	if _, err = p.Exec(ctx, `
		INSERT INTO found_<type> (seq, n, op, fresh, record_id, row_id, restated)
		SELECT s.seq, s.seq,
		       CASE WHEN u.id IS NULL AND `+matched+` IS NOT NULL THEN 'link'
		            WHEN u.id IS NULL THEN 'create'
		            WHEN s._digest IS NULL THEN 'attach'
		            WHEN r.digest = s._digest AND u.[updatedAt] IS NOT DISTINCT FROM r.row_updated_at THEN 'same'
		            ELSE 'update' END,
		       r.uid IS NULL, r.record_id,
		       CASE WHEN u.id IS NOT NULL THEN u.id WHEN `+matched+` IS NOT NULL THEN `+matched+` ELSE `+ids.Next(fresh, "s.seq")+` END,
		       s._memberships IS NOT NULL AND (u.id IS NULL OR r.memberships <> s._memberships)
		FROM staged_<type> s
		LEFT JOIN {records} r ON r.uid = s.uid AND r.source = ? AND r.type = ?
		LEFT JOIN {<rows>} u ON u.id = r.row_id `+match, p.Source, p.Type); err != nil {
		return schema.Wrap(err, "find the rows of the records")
	}
	// What waited has a row by definition; one that was removed meanwhile goes on waiting.
	if _, err = p.Exec(ctx, `DELETE FROM found_<type> WHERE op IN ('create', 'link') AND seq IN (SELECT seq FROM staged_<type> WHERE _digest IS NULL)`); err != nil {
		return schema.Wrap(err, "find the rows of the records")
	}
	var created int64
	if err := p.Get(ctx, &created, `SELECT count(*) FROM found_<type> WHERE op = 'create'`); err != nil {
		return schema.Wrap(err, "count the new rows")
	}
	if err := ids.Used(ctx, p.Conn, created); err != nil {
		return err
	}
	return db.Settle(ctx, p.Conn, int(created), p.names.Replace("found_<type>"))
}

func derivedColumns(t *Table) string {
	var b strings.Builder
	for _, name := range t.Derived {
		b.WriteString(", " + schema.Quote(name) + " bigint")
	}
	return b.String()
}

// write makes the plan of what was found. A record whose row and memberships
// are as it says is no item, unless the record itself is new or was worded
// differently: then it is touched, so that the next run knows it.
func write(ctx context.Context, p *Plan, l *layout) error {
	records, err := p.DB().Sequence(ctx, p.Conn, "userDataSyncRecords")
	if err != nil {
		return err
	}
	var fresh int64
	if err := p.Get(ctx, &fresh, `SELECT count(*) FROM found_<type> WHERE fresh`); err != nil {
		return schema.Wrap(err, "count the new records")
	}
	value := func(c *schema.Column) string { return ", " + from(l, c) + "." + schema.Quote(c.Name) }
	_, err = p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _record_id, _row_id, _mask, _changed, _digest, _memberships, _raw, _kind, _field, _reason, _awaits`+l.quoted("")+`)
		SELECT <run>, q.n,
		       CASE WHEN q._kind IS NOT NULL THEN 'fail' WHEN q.op IN ('create', 'link') THEN q.op
		            WHEN q._changed <> '' OR q.touched THEN 'update' ELSE 'touch' END,
		       q.uid, q.fresh, q.record_id, q.row_id, q._mask, q._changed, q._digest, q._memberships, q._raw, q._kind, q._field, q._reason, q.awaits`+l.quoted("q.")+`
		FROM (SELECT w.n, w.op, s.uid, w.fresh,
		             CASE WHEN w.fresh THEN `+records.Next("w.fresh", "w.seq")+` ELSE w.record_id END AS record_id,
		             w.row_id, s._mask || `+derivedMask(l)+` AS _mask,
		             `+changed(l)+` AS _changed, t.seq IS NOT NULL AS touched,
		             s._digest, CASE WHEN w.restated THEN s._memberships END AS _memberships, s._raw,
		             f.kind AS _kind, f.field AS _field, f.reason AS _reason, a.awaits`+l.each("", value)+`
		      FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq
		      LEFT JOIN {<rows>} u ON u.id = w.row_id AND w.op <> 'create'
		      LEFT JOIN derived_<type> d ON d.seq = w.seq
		      LEFT JOIN (SELECT DISTINCT seq FROM touched_<type>) t ON t.seq = w.seq
		      LEFT JOIN refused_<type> f ON f.seq = w.seq
		      LEFT JOIN awaits_<type> a ON a.seq = w.seq
		      WHERE w.op <> 'same' OR d.seq IS NOT NULL OR t.seq IS NOT NULL) q`)
	if err != nil {
		return schema.Wrap(err, "write the plan")
	}
	return records.Used(ctx, p.Conn, fresh)
}

// from is where a column's new value stands: with the record, or derived.
func from(l *layout, c *schema.Column) string {
	for i := range l.columns[:l.stated] {
		if &l.columns[i] == c {
			return "s"
		}
	}
	return "d"
}

// derivedMask extends a record's mask by the derived columns.
func derivedMask(l *layout) string {
	if l.stated == len(l.columns) {
		return "''"
	}
	return fmt.Sprintf("CASE WHEN d.seq IS NULL THEN '%s' ELSE '%s' END",
		strings.Repeat("0", len(l.columns)-l.stated), strings.Repeat("1", len(l.columns)-l.stated))
}

// changed is SQL for the names of the columns that the record states and the
// row has otherwise.
func changed(l *layout) string {
	list := l.each(" || ", func(c *schema.Column) string {
		stated := l.states("s._mask", c.Name)
		if from(l, c) == "d" {
			stated = "d.seq IS NOT NULL"
		}
		return fmt.Sprintf("CASE WHEN %s AND %s IS DISTINCT FROM %s THEN '%s ' ELSE '' END",
			stated, c.Comparable(from(l, c)), c.Comparable("u"), strings.ReplaceAll(c.Name, "'", "''"))
	})
	return "CASE WHEN w.op = 'create' THEN '' ELSE " + list + " END"
}
