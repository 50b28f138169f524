package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// matchedBy is key if records of the type may be matched by it, else nothing.
func (t *Table) matchedBy(key string) string {
	if slices.Contains(t.MatchKeys, key) {
		return key
	}
	return ""
}

// departmentMatch is how the source wants departments to be matched.
func (p *Plan) departmentMatch() string {
	if p.Type == plugin.Department {
		return p.Options.DepartmentMatch
	}
	return ""
}

// match notes, for the records that no link leads to a row, the rows that they
// match: by the value of a column, or in a way that the table knows by name. A
// row is not matched by a value that its own record gives away in this push,
// and not when it goes with it.
func match(ctx context.Context, p *Plan, l *layout, by string) error {
	var pairs string
	var args []any
	column, way := l.column(by), l.Match[by]
	switch {
	case way != nil:
		pairs = way(p)
		args = slices.Repeat([]any{p.Source}, strings.Count(pairs, "?"))
	case column != nil:
		pairs, args = matchColumn(p, l, by), []any{p.Source}
	default:
		return &plugin.Error{
			Kind: plugin.Config, Path: "/sync/departmentMatch",
			Msg: fmt.Sprintf("options.sync.departmentMatch: %s has no column %.64s that a record can state", l.Name, by), Hint: "name such a column, or path",
		}
	}
	_, err := p.Exec(ctx, `
		INSERT INTO match_<type> (seq, row_id, n)
		SELECT s.seq, min(q.id), count(*) FROM (`+pairs+`) q JOIN staged_<type> s ON s.seq = q.seq
		WHERE s._removed IS NULL AND NOT EXISTS (
			SELECT 1 FROM {records} r JOIN {<rows>} u ON u.id = r.row_id WHERE r.uid = s.uid AND r.source = ? AND r.type = '<type>' AND `+untaken+`)
		AND q.id NOT IN (SELECT row_id FROM found_<type> WHERE op = 'delete')
		GROUP BY s.seq`, append(args, p.Source)...)
	return schema.Wrap(err, "match records to rows")
}

func matchColumn(p *Plan, l *layout, column string) string {
	value := func(alias string) string { return p.Fold(alias + "." + l.column(column).SQL()) }
	return `SELECT s.seq, m.id FROM staged_<type> s JOIN {<rows>} m ON ` + value("m") + ` = ` + value("s") + `
		WHERE NOT EXISTS (SELECT 1 FROM {records} o JOIN staged_<type> g ON g.uid = o.uid
			WHERE o.row_id = m.id AND o.type = '<type>' AND o.source = ? AND ` + l.states("g._mask", column) + ` AND ` + value("g") + ` IS DISTINCT FROM ` + value("m") + `)`
}

// passMatches leaves rows alone that other sources stand for, if the source's
// options say so.
func passMatches(ctx context.Context, p *Plan, by string, f finding) error {
	if f.Linked == 0 || p.Options.Conflict == "link" {
		return nil
	}
	// What it stood for before it was gone is its own to come back to.
	const others = `seq IN (SELECT seq FROM match_<type>) AND EXISTS (SELECT 1 FROM {records} o WHERE o.row_id = found_<type>.row_id AND o.type = '<type>' AND o.source <> ? AND o.removed IS NULL)`
	if p.Options.Conflict == "skip" {
		if _, err := p.Exec(ctx, `UPDATE found_<type> SET op = 'pass' WHERE op = 'link' AND `+others, p.Source); err != nil {
			return schema.Wrap(err, "leave rows of other sources alone")
		}
		return p.pass(ctx, "pass", plugin.Conflict, "the row that it matches is another source's, and options.sync.conflict says to skip it")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO refused_<type> (seq, kind, field, reason)
		SELECT seq, 'conflict', ?, 'row ' || row_id || ', which it matches, is another source''s, and options.sync.conflict says to fail'
		FROM found_<type> WHERE op = 'link' AND `+others, by, p.Source)
	return schema.Wrap(err, "refuse rows of other sources")
}

// refuseMatches refuses records that match several rows, or a row that stands
// for another record of the source.
func refuseMatches(ctx context.Context, p *Plan, f finding) error {
	if f.Linked == 0 {
		return nil
	}
	by := cmp.Or(p.matchKey, p.departmentMatch())
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`
		SELECT m.seq, 'conflict', ?, m.n || ' rows match it, the first is row ' || m.row_id || ': have only one match, then retry'
		FROM match_<type> m JOIN found_<type> w ON w.seq = m.seq WHERE m.n > 1 AND w.op = 'link' AND ` + unrefused, []any{by}},
		{`
		SELECT w.seq, 'conflict', ?, 'row ' || w.row_id || ', which it matches, stands for record ' || min(o.uid) || ' of the same source'
		FROM found_<type> w JOIN {records} o ON o.row_id = w.row_id AND o.type = '<type>' AND o.source = ?
		WHERE w.op = 'link' AND ` + unrefused + `
		AND NOT EXISTS (SELECT 1 FROM staged_<type> s WHERE s.seq = w.seq AND s.uid = o.uid)
		AND (o.removed IS NULL OR (o.uid, o.row_id) IN (SELECT g.uid, x.row_id FROM staged_<type> g JOIN found_<type> x ON x.seq = g.seq WHERE x.op IN ('update', 'enable')))
		AND NOT EXISTS (SELECT 1 FROM staged_<type> g JOIN found_<type> x ON x.seq = g.seq WHERE g.uid = o.uid AND x.op IN (` + removals + `))
		GROUP BY w.seq, w.row_id`, []any{by, p.Source}},
	} {
		if _, err := p.Exec(ctx, `INSERT INTO refused_<type> (seq, kind, field, reason)`+q.sql, q.args...); err != nil {
			return schema.Wrap(err, "refuse matches")
		}
	}
	return nil
}

// refuseSecond refuses records that match a row which an earlier one matches.
func refuseSecond(ctx context.Context, p *Plan, f finding) error {
	if f.Linked == 0 {
		return nil
	}
	_, err := p.Exec(ctx, `
		INSERT INTO refused_<type> (seq, kind, field, reason)
		SELECT w.seq, 'conflict', ?, 'row ' || w.row_id || ', which it matches, is matched by an earlier record of the push'
		FROM (SELECT w.seq, w.row_id, row_number() OVER (PARTITION BY w.row_id ORDER BY w.seq) AS place
		      FROM found_<type> w WHERE w.op = 'link' AND `+unrefused+`) w WHERE w.place > 1`, cmp.Or(p.matchKey, p.departmentMatch()))
	return schema.Wrap(err, "refuse second matches")
}
