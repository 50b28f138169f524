package engine

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// newPlan makes the plan of one type, empty.
func (r *run) newPlan(x schema.Conn, l *layout, in *intake) *Plan {
	return &Plan{
		Conn: x, Source: r.source, Type: l.Type, Options: r.options,
		layout: l, records: int(in.seq), matchKey: l.matchedBy(r.request.MatchKey), staged: in.staged(l.Type), removing: in.removed > 0, run: r,
		arrived: r.engine.db.TimeLiteral(r.arrived), names: l.names(r.id, "<actor>", strconv.FormatInt(r.request.Actor, 10)),
	}
}

// planType plans the staged records of one type: which row each stands for,
// what stands in the way, what the targets add, and what differs. It writes
// the plan table and nothing of NocoBase's.
func (r *run) planType(ctx context.Context, p *Plan) error {
	l := p.layout
	if p.staged > 0 {
		if err := supersede(ctx, p); err != nil {
			return err
		}
	}
	attached, err := r.attachPending(ctx, p, l)
	if err != nil || p.staged+attached == 0 {
		return err
	}
	if err := p.Analyze(ctx, "staged_<type>"); err != nil {
		return err
	}
	if err := p.verifyStaged(ctx); err != nil {
		return err
	}
	found, err := find(ctx, p, l)
	if err != nil || found.Total == 0 {
		return err
	}
	if err := p.Analyze(ctx, "found_<type>"); err != nil {
		return err
	}
	if r.kind != planOnly {
		if err := r.seen(ctx, p); err != nil {
			return err
		}
	}
	if found.Changed > 0 {
		if err := refuseConflicts(ctx, p, l, found); err != nil {
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
	return write(ctx, p, l, found)
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
// Their places come after those of all that was read. Those that are gone wait
// on: what was kept of them is left as it is.
func (r *run) attachPending(ctx context.Context, p *Plan, l *layout) (int64, error) {
	n, err := p.Exec(ctx, `
		INSERT INTO staged_<type> (seq, uid, _mask, _parent)
		SELECT CAST(? AS bigint) + row_number() OVER (ORDER BY w.uid), w.uid, '`+l.nothing()+`', w.parent
		FROM (SELECT w.uid, max(w.awaits) AS parent FROM {pending} w
		      WHERE w.source = ? AND w.type = ? AND `+arrived+`
		        AND NOT EXISTS (SELECT 1 FROM {records} x WHERE x.uid = w.uid AND x.source = w.source AND x.type = w.type AND x.removed IS NOT NULL)
		        AND NOT EXISTS (SELECT 1 FROM staged_<type> s WHERE s.uid = w.uid)
		        AND NOT EXISTS (SELECT 1 FROM {records} g WHERE g.uid = w.uid AND g.source = w.source AND g.type = w.type AND g.removed IS NOT NULL)
		      GROUP BY w.uid) w`, r.last, p.Source, p.Type)
	r.last += n
	return n, schema.Wrap(err, "look for records that wait for a department")
}

// arrived is SQL for: the department that w waits for is there, or comes with
// this push.
const arrived = `(EXISTS (SELECT 1 FROM {records} r JOIN {departments} d ON d.id = r.row_id
	                      WHERE r.uid = w.awaits AND r.source = w.source AND r.type = 'department')
	              OR EXISTS (SELECT 1 FROM staged_department a WHERE a.uid = w.awaits AND a._removed IS NULL))`

// finding counts what records come to.
type finding struct {
	Total   int
	Created int64
	Linked  int
	Removed int
	Enabled int // rows that were disabled
	Changed int // everything but what is the same
}

// find says what each record comes to: one that is gone, what its source's
// options make of that; of the others a link decides, then a match. New rows
// get their ids in the order of the records.
func find(ctx context.Context, p *Plan, l *layout) (f finding, err error) {
	if err := makeFindings(ctx, p); err != nil {
		return f, err
	}
	if p.removing {
		if err := findRemovals(ctx, p, 0); err != nil {
			return f, err
		}
	}
	by := cmp.Or(p.matchKey, p.departmentMatch())
	if by != "" {
		if err := match(ctx, p, l, by); err != nil {
			return f, err
		}
	}
	ids, err := l.IDs(ctx, p.Conn)
	if err != nil {
		return f, err
	}
	matched, join := "NULL", ""
	if by != "" {
		matched, join = "m.row_id", "LEFT JOIN match_<type> m ON m.seq = s.seq"
	}
	asWritten := "u.[updatedAt] IS NOT DISTINCT FROM r.row_updated_at"
	if p.Options.Drift == "keep" {
		asWritten = "true"
	}
	fresh := "u.id IS NULL AND " + matched + " IS NULL"
	if _, err := p.Exec(ctx, `
		INSERT INTO found_<type> (seq, n, op, fresh, record_id, row_id, restated)
		SELECT s.seq, s.seq,
		       CASE WHEN r.seen_at > `+p.arrived+` OR was.at > `+p.arrived+` THEN 'old'
		            WHEN u.id IS NULL AND `+matched+` IS NOT NULL THEN 'link'
		            WHEN u.id IS NULL THEN 'create'
		            WHEN r.removed = 'unlinked' THEN 'link'
		            WHEN r.removed = 'disabled' THEN 'enable'
		            WHEN s._digest IS NULL THEN 'attach'
		            WHEN r.digest = s._digest AND r.removed IS NULL AND `+asWritten+` THEN 'same'
		            ELSE 'update' END,
		       r.uid IS NULL, r.record_id,
		       CASE WHEN u.id IS NOT NULL THEN u.id WHEN `+matched+` IS NOT NULL THEN `+matched+` ELSE `+ids.Next(fresh, "s.seq")+` END,
		       s._memberships IS NOT NULL AND (u.id IS NULL OR r.memberships <> s._memberships OR r.removed IS NOT NULL)
		FROM staged_<type> s
		LEFT JOIN {records} r ON r.uid = s.uid AND r.source = ? AND r.type = '<type>'
		LEFT JOIN {renames} was ON was.was = s.uid AND was.source = ? AND was.type = '<type>'
		LEFT JOIN {<rows>} u ON u.id = r.row_id AND `+untaken+`
		`+join+` WHERE s._removed IS NULL ORDER BY s.seq`, p.Source, p.Source); err != nil {
		return f, schema.Wrap(err, "find the rows of the records")
	}
	// What waited has a row by definition; one that was removed meanwhile goes on waiting.
	if _, err := p.Exec(ctx, `DELETE FROM found_<type> WHERE op IN ('create', 'link') AND seq IN (SELECT seq FROM staged_<type> WHERE _digest IS NULL AND _removed IS NULL)`); err != nil {
		return f, schema.Wrap(err, "leave out what waits on")
	}
	if err = p.Get(ctx, &f, `
		SELECT count(*) AS total, coalesce(sum(CASE WHEN op = 'create' THEN 1 ELSE 0 END), 0) AS created,
		       coalesce(sum(CASE WHEN op = 'link' THEN 1 ELSE 0 END), 0) AS linked,
		       coalesce(sum(CASE WHEN op IN (`+removals+`) THEN 1 ELSE 0 END), 0) AS removed,
		       coalesce(sum(CASE WHEN op = 'enable' THEN 1 ELSE 0 END), 0) AS enabled,
		       coalesce(sum(CASE WHEN op <> 'same' THEN 1 ELSE 0 END), 0) AS changed FROM found_<type>`); err != nil {
		return f, schema.Wrap(err, "count what was found")
	}
	if err := ids.Used(ctx, p.Conn, f.Created); err != nil || f.Changed == 0 {
		return f, err
	}
	if err := p.pass(ctx, "old", plugin.Stale, "something newer has been said of it since"); err != nil {
		return f, err
	}
	if err := passMatches(ctx, p, by, f); err != nil {
		return f, err
	}
	return f, replace(ctx, p, f)
}

// untaken is SQL for: the row that r stands for, or stood for until it was gone,
// no other record of the source stands for now.
const untaken = `(r.removed IS NULL OR NOT EXISTS (
	SELECT 1 FROM {records} o WHERE o.row_id = r.row_id AND o.type = r.type AND o.source = r.source AND o.uid <> r.uid AND o.removed IS NULL))`

// pass takes records that came to op out of the plan's making: they are
// skipped, and said to be.
func (p *Plan) pass(ctx context.Context, op string, kind plugin.Kind, reason string) error {
	n, err := p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _mask, _changed, _raw, _kind, _reason)
		SELECT <run>, s.seq, 'skip', s.uid, false, s._mask, '', s._raw, ?, coalesce(w.why, ?)
		FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq WHERE w.op = ?`, kind, reason, op)
	if err == nil && n > 0 {
		_, err = p.Exec(ctx, `DELETE FROM found_<type> WHERE op = ?`, op)
	}
	return schema.Wrap(err, "pass over records")
}

// makeFindings makes the tables of what is found; see Plan.
func makeFindings(ctx context.Context, p *Plan) error {
	db := p.DB()
	for name, columns := range map[string]string{
		"found_<type>":   db.Key("seq") + `, n bigint NOT NULL, op text NOT NULL, fresh boolean NOT NULL, record_id bigint, row_id bigint, restated boolean NOT NULL, circle bigint, why text`,
		"match_<type>":   db.Key("seq") + `, row_id bigint NOT NULL, n bigint NOT NULL`,
		"refused_<type>": `seq bigint NOT NULL, kind text NOT NULL, field text NOT NULL, reason text NOT NULL`,
		"touched_<type>": `seq bigint NOT NULL`,
		"derived_<type>": db.Key("seq") + derivedColumns(db, p.layout.Table),
		"awaits_<type>":  db.Key("seq") + `, awaits text NOT NULL`,
	} {
		if err := db.Temp(ctx, p.Conn, p.names.Replace(name), columns); err != nil {
			return err
		}
	}
	return nil
}

func derivedColumns(db *schema.DB, t *Table) string {
	var b strings.Builder
	for _, name := range t.Derived {
		b.WriteString(", " + db.Column(name) + " bigint")
	}
	return b.String()
}

// write makes the plan of what was found. A record whose row and memberships
// are as it says is no item, unless the record itself is new or was worded
// differently: then it is touched, so that the next run knows it.
func write(ctx context.Context, p *Plan, l *layout, found finding) error {
	r := p.run
	records, err := p.DB().Sequence(ctx, p.Conn, "userDataSyncRecords")
	if err != nil {
		return err
	}
	var fresh int64
	if err := p.Get(ctx, &fresh, `SELECT count(*) FROM found_<type> WHERE fresh`); err != nil {
		return schema.Wrap(err, "count the new records")
	}
	value := func(c *schema.Column) string { return ", " + from(l, c) + "." + c.SQL() }
	before, err := prepareDisabling(ctx, p, l, found)
	if err != nil {
		return err
	}
	_, err = p.Exec(ctx, `
		INSERT INTO {<plan>} (_run, _n, _op, _uid, _fresh, _record_id, _row_id, _row_at, _circle, _gone, _mask, _changed, _digest, _memberships, _raw, _kind, _field, _reason, _awaits, _before`+l.quoted("")+`)
		SELECT <run>, q._n,
		       CASE WHEN q._kind IS NOT NULL THEN 'fail' WHEN q._op IN ('create', 'link', `+removals+`) THEN q._op
		            WHEN q._changed <> '' OR q._touched THEN 'update' ELSE 'touch' END,
		       q._uid, q._fresh, q._record_id, q._row_id, q._row_at, q._circle, q._gone, q._mask, q._changed, q._digest, q._memberships, q._raw, q._kind, q._field, q._reason, q._awaits, q._before`+l.quoted("q.")+`
		FROM (SELECT w.n AS _n, w.op AS _op, s.uid AS _uid, w.fresh AS _fresh,
		             CASE WHEN w.fresh THEN `+records.Next("w.fresh", "w.seq")+` ELSE w.record_id END AS _record_id,
		             w.row_id AS _row_id, u.[updatedAt] AS _row_at, w.circle AS _circle, s._removed AS _gone, s._mask || `+derivedMask(l)+` AS _mask,
		             `+changed(l)+` AS _changed, t.seq IS NOT NULL AS _touched,
		             s._digest, CASE WHEN w.restated THEN s._memberships END AS _memberships, s._raw,
		             f.kind AS _kind, f.field AS _field, coalesce(f.reason, w.why) AS _reason, a.awaits AS _awaits, `+before+` AS _before`+l.each("", value)+`
		      FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq
		      LEFT JOIN {<rows>} u ON u.id = w.row_id AND w.op <> 'create'
		      LEFT JOIN derived_<type> d ON d.seq = w.seq
		      LEFT JOIN (SELECT DISTINCT seq FROM touched_<type>) t ON t.seq = w.seq
		      LEFT JOIN refused_<type> f ON f.seq = w.seq
		      LEFT JOIN awaits_<type> a ON a.seq = w.seq
		      WHERE NOT (f.seq IS NOT NULL AND `+r.isWaiting("w.seq")+`) AND (w.op NOT IN ('same', 'attach') OR d.seq IS NOT NULL OR t.seq IS NOT NULL OR f.seq IS NOT NULL)
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
	return "CASE WHEN w.op IN ('create', 'delete') THEN '' ELSE " + list + " END"
}
