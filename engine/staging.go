package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// The columns of staged_<type> before those of the table itself.
func stagedNames() []string {
	return []string{"seq", "uid", "_mask", "_digest", "_memberships", "_raw", "_parent", "_removed"}
}

const stagedColumns = 8

// Why a record is staged as one that is gone.
const (
	tombstone = "tombstone" // its source says so
	absent    = "absent"    // a whole reading does not have it
	below     = "below"     // the department above it goes, and all below with it
	replaced  = "replaced"  // it was gone before, and another record comes to stand for its row
)

func membershipNames() []string { return []string{"seq", "pos", "uid", "is_owner", "is_main"} }

func refusedNames() []string {
	return []string{"seq", "type", "uid", "kind", "field", "reason", "raw"}
}

func (in *intake) makeTables(ctx context.Context) error {
	x := in.db.On(in.conn)
	for _, t := range slices.Sorted(maps.Keys(in.layouts)) {
		l := in.layouts[t]
		columns := in.db.Key("seq") + `, uid text NOT NULL, _mask text NOT NULL, _digest text, _memberships text, _raw text, _parent text, _removed text`
		for i := range l.columns[:l.stated] {
			c := &l.columns[i]
			columns += ", " + c.SQL() + " " + c.MirrorType()
		}
		if err := in.db.Temp(ctx, x, "staged_"+string(t), columns); err != nil {
			return err
		}
	}
	if err := in.db.Temp(ctx, x, "staged_membership",
		`seq bigint NOT NULL, pos bigint NOT NULL, uid text NOT NULL, is_owner boolean, is_main boolean`); err != nil {
		return err
	}
	return in.db.Temp(ctx, x, "staged_refused",
		in.db.Key("seq")+`, type text NOT NULL, uid text NOT NULL, kind text NOT NULL, field text NOT NULL, reason text NOT NULL, raw text NOT NULL`)
}

func (in *intake) newPage() *page {
	pg := &page{
		records:     map[plugin.Type]*schema.Rows{},
		memberships: in.db.Rows(len(membershipNames())),
		refused:     in.db.Rows(len(refusedNames())),
	}
	for t, l := range in.layouts {
		pg.records[t] = in.db.Rows(stagedColumns + l.stated)
	}
	return pg
}

func (pg *page) reset() {
	for _, rows := range pg.records {
		rows.Reset()
	}
	pg.memberships.Reset()
	pg.refused.Reset()
	pg.lines, pg.n, pg.bytes = pg.lines[:0], 0, 0
}

// write stages a page.
func (in *intake) write(ctx context.Context, pg *page) error {
	for t, rows := range pg.records {
		l := in.layouts[t]
		names := stagedNames()
		for _, c := range l.columns[:l.stated] {
			names = append(names, c.SQL())
		}
		if err := in.db.Load(ctx, in.conn, "staged_"+string(t), names, rows); err != nil {
			return err
		}
	}
	if err := in.db.Load(ctx, in.conn, "staged_membership", membershipNames(), pg.memberships); err != nil {
		return err
	}
	return in.db.Load(ctx, in.conn, "staged_refused", refusedNames(), pg.refused)
}
