package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/nocobase-roster/roster/schema"
)

// refuseConflicts refuses records that want a value or a row which somebody
// else keeps. Values that change hands within the push (a swap, a chain, a
// leaver's address) are no conflict: those records get a negative n and are
// written first, together.
func refuseConflicts(ctx context.Context, p *Plan, l *layout, found finding) error {
	if err := refuseMatches(ctx, p, found); err != nil {
		return err
	}
	if err := p.DB().Temp(ctx, p.Conn, p.names.Replace("wanted_<type>"),
		`seq bigint NOT NULL, field text NOT NULL, holder bigint NOT NULL, holder_seq bigint`); err != nil {
		return err
	}
	for _, c := range l.unique() {
		if err := refuseTwice(ctx, p, &c); err != nil {
			return err
		}
	}
	if err := refuseSecond(ctx, p, found); err != nil {
		return err
	}
	if err := keepRows(ctx, p); err != nil {
		return err
	}
	for _, c := range l.unique() {
		if err := findHolders(ctx, p, l, &c); err != nil {
			return err
		}
	}
	if err := settleHolders(ctx, p); err != nil {
		return err
	}
	return letGo(ctx, p)
}

// refuseTwice: of records that state the same unique value the one whose row
// has it counts, else the first; those refused already state nothing.
func refuseTwice(ctx context.Context, p *Plan, column *schema.Column) error {
	c := column.SQL()
	_, err := p.Exec(ctx, `
		INSERT INTO refused_<type> (seq, kind, field, reason)
		SELECT x.seq, 'conflict', ?, ? || ' is also stated by record ' || x.winner || ' of the same push, which counts'
		FROM (SELECT w.seq, first_value(s.uid) OVER best AS winner, row_number() OVER best AS place
		      FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq
		      JOIN (SELECT s.`+c+` AS value FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq
		            WHERE w.op <> 'same' AND s.`+c+` IS NOT NULL AND `+unrefused+` GROUP BY s.`+c+` HAVING count(*) > 1) twice ON twice.value = s.`+c+`
		      LEFT JOIN {<rows>} u ON u.id = w.row_id AND w.op <> 'create'
		      WHERE w.op <> 'same' AND `+unrefused+`
		      WINDOW best AS (PARTITION BY s.`+c+` ORDER BY CASE WHEN u.`+c+` = s.`+c+` THEN 0 ELSE 1 END, w.seq)) x
		WHERE x.place > 1`, column.Name, column.Name)
	return schema.Wrap(err, "look for values stated twice")
}

// unrefused is SQL for: w has not been refused for another reason already.
const unrefused = `w.seq NOT IN (SELECT seq FROM refused_<type>)`

// findHolders notes which row holds a value that a record wants, and which
// record of the push, if any, makes that row let go of it. Refused ones do not.
func findHolders(ctx context.Context, p *Plan, l *layout, column *schema.Column) error {
	c := column.SQL()
	_, err := p.Exec(ctx, `
		INSERT INTO wanted_<type> (seq, field, holder, holder_seq)
		SELECT w.seq, ?, h.id, hw.seq
		FROM found_<type> w JOIN staged_<type> s ON s.seq = w.seq JOIN {<rows>} h ON h.`+c+` = s.`+c+`
		LEFT JOIN (found_<type> hw JOIN staged_<type> hs ON hs.seq = hw.seq)
		     ON hw.row_id = h.id AND (hw.op = 'delete' OR hw.op IN ('update', 'enable', 'link', 'disable') AND `+l.states("hs._mask", column.Name)+` AND hs.`+c+` IS DISTINCT FROM h.`+c+`)
		     AND hw.seq NOT IN (SELECT seq FROM refused_<type>)
		WHERE w.op <> 'same' AND h.id <> w.row_id`, column.Name)
	return schema.Wrap(err, "look for rows that hold a value")
}

// settleHolders refuses who wants what is kept, then who waits for a refused
// one to let go, and sets apart the records whose values do change hands.
func settleHolders(ctx context.Context, p *Plan) error {
	var wanted int
	if err := p.Get(ctx, &wanted, `SELECT count(*) FROM wanted_<type>`); err != nil || wanted == 0 {
		return schema.Wrap(err, "count values that change hands")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO refused_<type> (seq, kind, field, reason)
		WITH RECURSIVE stuck (seq) AS (
			SELECT seq FROM wanted_<type> WHERE holder_seq IS NULL
			UNION SELECT seq FROM refused_<type>
			UNION SELECT w.seq FROM wanted_<type> w JOIN stuck ON w.holder_seq = stuck.seq)
		SELECT w.seq, 'conflict', min(w.field), min(w.field) || ' is held by row ' || min(w.holder) || ' of <rows>, which keeps it'
		FROM wanted_<type> w JOIN stuck k ON k.seq = w.seq
		WHERE (w.holder_seq IS NULL OR w.holder_seq IN (SELECT seq FROM stuck))
		  AND NOT EXISTS (SELECT 1 FROM refused_<type> f WHERE f.seq = w.seq)
		GROUP BY w.seq`)
	if err != nil {
		return schema.Wrap(err, "refuse values that are kept")
	}
	_, err = p.Exec(ctx, `
		UPDATE found_<type> SET n = -n, circle = seq WHERE seq IN (
			SELECT seq FROM wanted_<type> UNION SELECT holder_seq FROM wanted_<type>)
		AND seq NOT IN (SELECT seq FROM refused_<type>)`)
	if err != nil {
		return schema.Wrap(err, "set apart values that change hands")
	}
	return nameCircles(ctx, p)
}

// nameCircles finds the records whose values change hands with each other,
// directly or through others, and gives each circle the least of their places
// for a name: one is written whole or not at all, whatever becomes of others.
func nameCircles(ctx context.Context, p *Plan) error {
	var pairs []struct {
		Seq    int64
		Holder int64 `db:"holder_seq"`
	}
	err := p.Select(ctx, &pairs, `
		SELECT DISTINCT w.seq, w.holder_seq FROM wanted_<type> w
		WHERE w.holder_seq IS NOT NULL AND w.seq NOT IN (SELECT seq FROM refused_<type>) ORDER BY w.seq, w.holder_seq`)
	if err != nil {
		return schema.Wrap(err, "find who exchanges values with whom")
	}
	least := map[int64]int64{}
	var find func(int64) int64
	find = func(seq int64) int64 {
		up, known := least[seq]
		if !known || up == seq {
			least[seq] = seq
			return seq
		}
		least[seq] = find(up)
		return least[seq]
	}
	for _, pair := range pairs {
		a, b := find(pair.Seq), find(pair.Holder)
		least[max(a, b)] = min(a, b)
	}
	rows := p.DB().Rows(2)
	for _, seq := range slices.Sorted(maps.Keys(least)) {
		rows.Add(seq, find(seq))
	}
	circles := "circle_of_" + string(p.Type)
	if err := p.DB().Temp(ctx, p.Conn, circles, p.DB().Key("seq")+`, circle bigint NOT NULL`); err != nil {
		return err
	}
	if err := p.load(ctx, circles, []string{"seq", "circle"}, rows); err != nil {
		return err
	}
	_, err = p.Exec(ctx, `UPDATE found_<type> SET circle = c.circle FROM `+circles+` c WHERE c.seq = found_<type>.seq`)
	return schema.Wrap(err, "name the circles in which values change hands")
}
