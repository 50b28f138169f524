package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/schema"
)

// planType plans the staged records of one type: which row each stands for,
// what stands in the way, what the targets add, and what differs. It writes
// the plan table and nothing of NocoBase's.
func (r *run) planType(ctx context.Context, x schema.Conn, l *layout, matchKey string) error {
	p := &Plan{Conn: x, Source: r.source, Type: l.Type, records: r.read(), table: l.Table, names: l.names(r.id)}
	if err := supersede(ctx, p); err != nil {
		return err
	}
	if err := r.attachPending(ctx, p, l); err != nil {
		return err
	}
	if err := p.Analyze(ctx, "staged_<type>"); err != nil {
		return err
	}
	found, err := find(ctx, p, l, matchKey)
	if err != nil || found.Total == 0 {
		return err
	}
	if err := p.Analyze(ctx, "found_<type>"); err != nil {
		return err
	}
	if found.Changed > 0 {
		if err := refuseConflicts(ctx, p, l, matchKey, found); err != nil {
			return err
		}
	}
	for _, t := range r.engine.targets {
		if planner, ok := t.(Planner); ok && accepts(t, l.Type) {
			if err := planner.Plan(ctx, p); err != nil {
				return fmt.Errorf("plan %s for %s: %w", l.Type, t.Info().Name, err)
			}
		}
	}
	return write(ctx, p, l)
}

// supersede takes out records whose uid comes again later: the last wins. They
// and the records that are none are written into the plan at once.
func supersede(ctx context.Context, p *Plan) error {
	superseded, err := p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _mask, _changed, _raw, _kind, _field, _reason)
		SELECT <run>, s.seq, 'skip', s.uid, false, s._mask, '', s._raw, 'conflict', 'uid', 'a later record of the push has the same uid: the last one counts'
		FROM staged_<type> s JOIN (SELECT uid, max(seq) AS last FROM staged_<type> GROUP BY uid HAVING count(*) > 1) d
		ON d.uid = s.uid AND s.seq < d.last`)
	if err != nil {
		return schema.Wrap(err, "look for uids that come twice")
	}
	for _, staged := range []string{"staged_<type>", "staged_membership"} {
		if superseded == 0 {
			break
		}
		if _, err := p.Exec(ctx, `DELETE FROM `+staged+` WHERE seq IN (SELECT _n FROM {<plan>} WHERE _run = <run> AND _op = 'skip')`); err != nil {
			return schema.Wrap(err, "take out uids that come twice")
		}
	}
	_, err = p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _mask, _changed, _raw, _kind, _field, _reason)
		SELECT <run>, seq, 'fail', uid, false, '', '', raw, kind, field, reason FROM staged_refused WHERE type = ?`, p.Type)
	return schema.Wrap(err, "keep the records that are none")
}

// attachPending stages, as records that state nothing, those of this source
// that wait for a department which is known now: to be attached to it though
// they were not sent again. What they wait for is added to what they state.
// Their places come after those of all that was read.
func (r *run) attachPending(ctx context.Context, p *Plan, l *layout) error {
	_, err := p.Exec(ctx, `
		INSERT INTO staged_<type> (seq, uid, _mask, _parent)
		SELECT CAST(? AS bigint) + row_number() OVER (ORDER BY w.uid), w.uid, '`+strings.Repeat("0", l.stated)+`', w.parent
		FROM (SELECT w.uid, max(w.awaits) AS parent FROM {pending} w
		      WHERE w.source = ? AND w.type = ? AND `+arrived+`
		        AND NOT EXISTS (SELECT 1 FROM staged_<type> s WHERE s.uid = w.uid)
		      GROUP BY w.uid) w`, r.read(), p.Source, p.Type)
	return schema.Wrap(err, "look for records that wait for a department")
}

// arrived is SQL for: the department that w waits for is there, or comes with
// this push.
const arrived = `(EXISTS (SELECT 1 FROM {records} r JOIN {departments} d ON d.id = r.row_id
	                      WHERE r.uid = w.awaits AND r.source = w.source AND r.type = 'department')
	              OR EXISTS (SELECT 1 FROM staged_department a WHERE a.uid = w.awaits))`

// finding counts what records come to.
type finding struct {
	Total   int
	Created int64
	Linked  int
	Changed int // everything but what is the same
}

// find says what each record comes to: a link decides, then the match key. New
// rows get their ids in the order of the records.
func find(ctx context.Context, p *Plan, l *layout, matchKey string) (f finding, err error) {
	if err := makeFindings(ctx, p); err != nil {
		return f, err
	}
	ids, err := p.table.IDs(ctx, p.Conn)
	if err != nil {
		return f, err
	}
	match, matched, args := matching(p, l, matchKey)
	fresh := "u.id IS NULL AND " + matched + " IS NULL"
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`
		INSERT INTO found_<type> (seq, n, op, fresh, record_id, row_id, restated)
		SELECT s.seq, s.seq,
		       CASE WHEN u.id IS NULL AND ` + matched + ` IS NOT NULL THEN 'link'
		            WHEN u.id IS NULL THEN 'create'
		            WHEN s._digest IS NULL THEN 'attach'
		            WHEN r.digest = s._digest AND u.[updatedAt] IS NOT DISTINCT FROM r.row_updated_at THEN 'same'
		            ELSE 'update' END,
		       r.uid IS NULL, r.record_id,
		       CASE WHEN u.id IS NOT NULL THEN u.id WHEN ` + matched + ` IS NOT NULL THEN ` + matched + ` ELSE ` + ids.Next(fresh, "s.seq") + ` END,
		       s._memberships IS NOT NULL AND (u.id IS NULL OR r.memberships <> s._memberships)
		FROM staged_<type> s
		LEFT JOIN {records} r ON r.uid = s.uid AND r.source = ? AND r.type = ?
		LEFT JOIN {<rows>} u ON u.id = r.row_id ` + match + ` ORDER BY s.seq`, append([]any{p.Source, p.Type}, args...)},
		// What waited has a row by definition; one that was removed meanwhile goes on waiting.
		{`DELETE FROM found_<type> WHERE op IN ('create', 'link') AND seq IN (SELECT seq FROM staged_<type> WHERE _digest IS NULL)`, nil},
	} {
		if _, err := p.Exec(ctx, q.sql, q.args...); err != nil {
			return f, schema.Wrap(err, "find the rows of the records")
		}
	}
	if err = p.Get(ctx, &f, `
		SELECT count(*) AS total, coalesce(sum(CASE WHEN op = 'create' THEN 1 ELSE 0 END), 0) AS created,
		       coalesce(sum(CASE WHEN op = 'link' THEN 1 ELSE 0 END), 0) AS linked,
		       coalesce(sum(CASE WHEN op <> 'same' THEN 1 ELSE 0 END), 0) AS changed FROM found_<type>`); err != nil {
		return f, schema.Wrap(err, "count what was found")
	}
	return f, ids.Used(ctx, p.Conn, f.Created)
}

// makeFindings makes the tables of what is found; see Plan.
func makeFindings(ctx context.Context, p *Plan) error {
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
	return nil
}

// matching is SQL that joins to a record without a row the one that its match
// key finds, with the id of that row. A row is not matched by a value that its
// own record gives away in this push.
func matching(p *Plan, l *layout, matchKey string) (join, id string, args []any) {
	if matchKey == "" {
		return "", "NULL", nil
	}
	key := schema.Quote(matchKey)
	return `LEFT JOIN {<rows>} m ON u.id IS NULL AND m.` + key + ` = s.` + key + ` AND NOT EXISTS (
			SELECT 1 FROM {records} o JOIN staged_<type> g ON g.uid = o.uid
			WHERE o.row_id = m.id AND o.type = '<type>' AND o.source = ? AND ` + l.states("g._mask", matchKey) + ` AND g.` + key + ` IS DISTINCT FROM m.` + key + `)`,
		"m.id", []any{p.Source}
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
		SELECT <run>, q._n,
		       CASE WHEN q._kind IS NOT NULL THEN 'fail' WHEN q._op IN ('create', 'link') THEN q._op
		            WHEN q._changed <> '' OR q._touched THEN 'update' ELSE 'touch' END,
		       q._uid, q._fresh, q._record_id, q._row_id, q._mask, q._changed, q._digest, q._memberships, q._raw, q._kind, q._field, q._reason, q._awaits`+l.quoted("q.")+`
		FROM (SELECT w.n AS _n, w.op AS _op, s.uid AS _uid, w.fresh AS _fresh,
		             CASE WHEN w.fresh THEN `+records.Next("w.fresh", "w.seq")+` ELSE w.record_id END AS _record_id,
		             w.row_id AS _row_id, s._mask || `+derivedMask(l)+` AS _mask,
		             `+changed(l)+` AS _changed, t.seq IS NOT NULL AS _touched,
		             s._digest, CASE WHEN w.restated THEN s._memberships END AS _memberships, s._raw,
		             f.kind AS _kind, f.field AS _field, f.reason AS _reason, a.awaits AS _awaits`+l.each("", value)+`
		      FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq
		      LEFT JOIN {<rows>} u ON u.id = w.row_id AND w.op <> 'create'
		      LEFT JOIN derived_<type> d ON d.seq = w.seq
		      LEFT JOIN (SELECT DISTINCT seq FROM touched_<type>) t ON t.seq = w.seq
		      LEFT JOIN refused_<type> f ON f.seq = w.seq
		      LEFT JOIN awaits_<type> a ON a.seq = w.seq
		      WHERE w.op NOT IN ('same', 'attach') OR d.seq IS NOT NULL OR t.seq IS NOT NULL OR f.seq IS NOT NULL
		      ORDER BY w.seq) q`)
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
		return fmt.Sprintf("CASE WHEN %s AND %s IS DISTINCT FROM %s THEN '%s\n' ELSE '' END",
			stated, c.Comparable(from(l, c)), c.Comparable("u"), strings.ReplaceAll(c.Name, "'", "''"))
	})
	return "CASE WHEN w.op = 'create' THEN '' ELSE " + list + " END"
}
