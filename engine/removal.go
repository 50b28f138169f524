package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// removals are, in SQL, what records that are gone come to.
const removals = `'delete', 'disable', 'unlink', 'keep'`

// shared ends the reason why a record that is gone leaves its row to another
// source.
const shared = " stands for the row as well"

// stageGone stages records as ones that are gone: q selects their uids, and the
// cause of each. Their places come after all others.
func (p *Plan) stageGone(ctx context.Context, q string, args ...any) error {
	n, err := p.Exec(ctx, `
		INSERT INTO staged_<type> (seq, uid, _mask, _removed)
		SELECT `+fmt.Sprint(p.run.last)+` + row_number() OVER (ORDER BY g.uid), g.uid, '`+p.layout.nothing()+`', g.cause FROM (`+q+`) g`, args...)
	p.run.last += n
	p.staged += n
	p.removing = p.removing || n > 0
	return schema.Wrap(err, "stage records that are gone")
}

// Remove has more records of the source go than the push says, those whose uids
// q selects: they come to what a tombstone would, where the source may delete.
func (p *Plan) Remove(ctx context.Context, q string, args ...any) error {
	first := p.run.last
	if err := p.stageGone(ctx, `SELECT uid, '`+below+`' AS cause FROM (`+q+`) w`, args...); err != nil || p.run.last == first {
		return err
	}
	return findRemovals(ctx, p, first)
}

// findRemovals says what becomes of the rows of records that are gone. Only the
// last source that claims a row removes it, one that was there before any
// source is not deleted, and some are spared. What has been done is not done
// again. It looks at records that are staged after a place.
func findRemovals(ctx context.Context, p *Plan, after int64) error {
	policy := func(cause string) string { return "'" + p.Options.removal(p.Type, cause) + "'" }
	missed := "cause = '" + absent + "'"
	if p.confirmed { // what is missing was asked for, and comes as a tombstone
		missed = "cause IN ('" + absent + "', '" + tombstone + "')"
	}
	spared := p.layout.Spared
	if spared == "" {
		spared = "NULL"
	}
	_, err := p.Exec(ctx, `
		INSERT INTO found_<type> (seq, n, op, fresh, record_id, row_id, restated, why)
		SELECT seq, seq, op, false, record_id, row_id, false,
		       CASE WHEN cause = '`+below+`' THEN 'the department above it is gone' || coalesce(', and source ' || others || '`+shared+`', '')
		            WHEN op = 'keep' AND policy = 'keep' THEN 'it is gone, and options.sync.removal says to keep the row'
		            WHEN op = 'keep' THEN spared
		            WHEN cause = '`+replaced+`' THEN 'another record of the source stands for the row now'
		            WHEN op = 'unlink' AND row_id IS NULL THEN 'its row is gone already'
		            WHEN op = 'unlink' AND others IS NOT NULL THEN 'source ' || others || '`+shared+`'
		            WHEN op = 'unlink' AND policy <> 'unlink' THEN 'the row was there before the source'
		            WHEN `+missed+` THEN 'its source does not have it any more' END
		FROM (SELECT q.*, CASE WHEN old THEN 'old'
		             WHEN row_id IS NULL THEN 'unlink'
		             WHEN policy = 'keep' THEN 'keep'
		             WHEN policy <> 'unlink' AND spared IS NOT NULL THEN 'keep'
		             WHEN policy <> 'unlink' AND others IS NOT NULL OR policy = 'delete' AND adopted THEN 'unlink'
		             ELSE policy END AS op
		      FROM (SELECT s.seq, s._removed AS cause, r.record_id, u.id AS row_id, r.adopted, r.removed, r.seen_at > `+p.arrived+` AS old,
		                   CASE s._removed WHEN '`+tombstone+`' THEN `+policy(tombstone)+` WHEN '`+below+`' THEN `+policy(below)+`
		                     WHEN '`+replaced+`' THEN `+policy(replaced)+` ELSE `+policy(absent)+` END AS policy,
		                   `+spared+` AS spared,
		                   (SELECT min(o.source) FROM {records} o WHERE o.row_id = u.id AND o.type = '<type>' AND o.source <> r.source AND o.removed IS NULL) AS others
		            FROM staged_<type> s JOIN {records} r ON r.uid = s.uid AND r.source = ? AND r.type = '<type>'
		            LEFT JOIN {<rows>} u ON u.id = r.row_id
		            WHERE s._removed IS NOT NULL AND s.seq > ? AND (r.removed IS NULL OR r.removed IN ('kept', 'disabled'))) q) w
		WHERE (removed IS NULL OR NOT (op = 'keep' OR removed = 'disabled' AND op = 'disable'))
		AND (op <> 'old' OR cause IN ('`+tombstone+`', '`+absent+`'))`, p.Source, after)
	if err != nil {
		return schema.Wrap(err, "find the rows of records that are gone")
	}
	return holdBack(ctx, p, after)
}

// replace stages again, of records that are gone and whose rows were kept or
// disabled, those whose rows other records of the source match now.
func replace(ctx context.Context, p *Plan, f finding) error {
	if f.Linked == 0 {
		return nil
	}
	first := p.run.last
	err := p.stageGone(ctx, `
		SELECT DISTINCT r.uid, '`+replaced+`' AS cause FROM {records} r JOIN found_<type> w ON w.row_id = r.row_id AND w.op = 'link'
		WHERE r.source = ? AND r.type = '<type>' AND r.removed IN ('kept', 'disabled')
		AND r.uid NOT IN (SELECT s.uid FROM staged_<type> s JOIN found_<type> x ON x.seq = s.seq)`, p.Source)
	if err != nil || p.run.last == first {
		return err
	}
	return findRemovals(ctx, p, first)
}

// keepRows: a row that another record of the source comes to stand for lives
// on; both are written in the same transaction.
func keepRows(ctx context.Context, p *Plan) error {
	if !p.removing {
		return nil
	}
	_, err := p.Exec(ctx, `
		INSERT INTO wanted_<type> (seq, field, holder, holder_seq)
		SELECT w.seq, '', w.row_id, x.seq FROM found_<type> w JOIN found_<type> x ON x.row_id = w.row_id AND x.op IN ('disable', 'keep', 'unlink')
		WHERE w.op = 'link' AND `+unrefused)
	return schema.Wrap(err, "keep rows that live on")
}

// letGo has the records that are gone let go of such rows, once it is known
// that those which come to stand for them are not refused.
func letGo(ctx context.Context, p *Plan) error {
	if !p.removing {
		return nil
	}
	const taken = `row_id IN (SELECT w.row_id FROM found_<type> w WHERE w.op = 'link' AND ` + unrefused + `)`
	_, err := p.Exec(ctx, `DELETE FROM found_<type> WHERE seq IN (SELECT seq FROM staged_<type> WHERE _removed = '`+replaced+`') AND NOT `+taken)
	if err != nil {
		return schema.Wrap(err, "leave rows that nobody comes to stand for")
	}
	_, err = p.Exec(ctx, `
		UPDATE found_<type> SET op = 'unlink', why = 'another record of the source stands for the row now'
		WHERE op IN ('disable', 'keep', 'unlink') AND `+taken)
	return schema.Wrap(err, "let go of rows that live on")
}

// prepareDisabling has the records that are gone state the field that disables
// their rows, and those that stand again what it was before. It gives the SQL
// for what a row says there now.
func prepareDisabling(ctx context.Context, p *Plan, l *layout, found finding) (before string, err error) {
	before = "NULL"
	if found.Enabled > 0 || found.Linked > 0 {
		if err := undoDisabling(ctx, p, l); err != nil {
			return before, err
		}
	}
	if found.Removed == 0 || p.Options.removal(p.Type, tombstone) != Disabling && p.Options.removal(p.Type, absent) != Disabling {
		return before, nil
	}
	field := p.Options.Removal.Disable
	c := l.column(field.Field)
	if c == nil {
		return before, &plugin.Error{
			Kind: plugin.Config, Path: "/sync/removal/disable/field",
			Msg:  fmt.Sprintf("options.sync.removal.disable.field: %s has no column %.64s that a sync may write", l.Name, field.Field),
			Hint: "name a field of the table, and the value that means disabled",
		}
	}
	value, err := l.value(c, field.Value)
	if err != nil {
		return before, &plugin.Error{Kind: plugin.Config, Path: "/sync/removal/disable/value", Msg: "options.sync.removal.disable.value", Err: err}
	}
	before = `CASE WHEN w.op = 'disable' THEN '` + strings.ReplaceAll(c.Name, "'", "''") + `' || coalesce('
' || CAST(u.` + c.SQL() + ` AS text), '') END`
	return before, p.state(ctx, c, value, `seq IN (SELECT seq FROM found_<type> WHERE op = 'disable')`)
}

// state has staged records state a column that they say nothing of.
func (p *Plan) state(ctx context.Context, c *schema.Column, value any, which string, args ...any) error {
	var at int
	for i := range p.layout.columns {
		if p.layout.columns[i].Name == c.Name {
			at = i
		}
	}
	_, err := p.Exec(ctx, `UPDATE staged_<type> SET `+c.SQL()+` = ?, _mask = substr(_mask, 1, `+fmt.Sprint(at)+`) || '1' || substr(_mask, `+fmt.Sprint(at+2)+`)
		WHERE NOT `+p.layout.states("_mask", c.Name)+` AND `+which, append([]any{value}, args...)...)
	return schema.Wrap(err, "state "+c.Name)
}

// undoDisabling has records that stand again, or come to stand for a row that
// was disabled, state what the field that says so was before, unless they speak
// of it themselves.
func undoDisabling(ctx context.Context, p *Plan, l *layout) error {
	const enabled = ` FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq JOIN {records} r ON r.row_id = w.row_id AND r.source = ? AND r.type = '<type>' AND r.removed = 'disabled' WHERE w.op IN ('enable', 'link')`
	var befores []string
	if err := p.Select(ctx, &befores, `SELECT DISTINCT coalesce(r.before, '')`+enabled, p.Source); err != nil {
		return schema.Wrap(err, "look for rows to enable")
	}
	for _, before := range befores {
		field, text, there := strings.Cut(before, "\n")
		c := l.column(field)
		if c == nil {
			continue // the field is no more
		}
		var value any
		if there {
			var err error
			if value, err = c.Parse(text); err != nil {
				continue // it is of another type now
			}
		}
		if err := p.state(ctx, c, value, `seq IN (SELECT w.seq`+enabled+` AND r.before = ?)`, p.Source, before); err != nil {
			return err
		}
	}
	return nil
}
