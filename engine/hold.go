package engine

import (
	"context"
	"strconv"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// holdBack refuses the removals that NocoBase's references forbid, of records
// staged after a place: their rows are kept, and all who depend on that see it.
func holdBack(ctx context.Context, p *Plan, after int64) error {
	roots := `SELECT seq AS n, row_id AS id FROM found_<type> WHERE op = 'delete' AND seq > ` + strconv.FormatInt(after, 10)
	var going bool
	if err := p.Get(ctx, &going, `SELECT EXISTS (`+roots+`)`); err != nil || !going {
		return schema.Wrap(err, "see whether rows go")
	}
	l := p.layout
	if l.hanging == nil {
		var err error
		if l.hanging, err = p.run.engine.hangingOn(ctx, p.Conn, l); err != nil {
			return err
		}
	}
	if len(l.hanging.holds) == 0 {
		return nil
	}
	if err := l.hanging.gather(ctx, p, p.Conn, false, roots); err != nil {
		return err
	}
	holds, err := l.hanging.held(ctx, p)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if err := p.Refuse(ctx, h.N, plugin.Conflict, h.Field, h.Reason); err != nil {
			return err
		}
	}
	if len(holds) == 0 {
		return nil
	}
	_, err = p.Exec(ctx, `UPDATE found_<type> SET op = 'keep' WHERE op = 'delete' AND seq > `+strconv.FormatInt(after, 10)+` AND seq IN (SELECT seq FROM refused_<type>)`)
	return schema.Wrap(err, "keep rows that others hold")
}

// hold sets aside the items that somebody has come to hold since they were
// planned, and sees whether any row goes.
func (c *Chunk) hold(ctx context.Context) error {
	if !c.Has("delete") {
		return nil
	}
	var items []int64
	if err := c.Select(ctx, &items, `SELECT n FROM (`+going+`) q LIMIT 1`); err != nil {
		return schema.Wrap(err, "see whether rows go")
	}
	c.going = len(items) > 0
	h := c.layout.hanging
	if !c.going || len(h.holds) == 0 {
		return nil
	}
	if err := h.gather(ctx, c, c.Conn, true, going); err != nil {
		return err
	}
	holds, err := h.held(ctx, c)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if _, err := c.Exec(ctx, `UPDATE {<plan>} AS p SET _kind = p._op, _op = 'stale' WHERE p._run = <run> AND p._n = ? AND p._op = 'delete'`, h.N); err != nil {
			return schema.Wrap(err, "set aside rows that others hold")
		}
	}
	return nil
}

// going is SQL for the items of a chunk whose rows go, as n, and the rows' ids.
const going = `SELECT p._n AS n, p._row_id AS id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete'`
