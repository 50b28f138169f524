package engine

import (
	"context"
	"fmt"

	"github.com/nocobase-roster/roster/schema"
)

// removeRows deletes the rows of records that are gone, with all that hangs on
// them, and keeps what there was: it could not be known again.
func (c *Chunk) removeRows(ctx context.Context) error {
	if !c.going {
		return nil
	}
	h := c.layout.hanging
	if err := h.gather(ctx, c, c.Conn, true, going); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *hanging) error{c.keepImages, c.clear, c.removeFollowing} {
		if err := step(ctx, h); err != nil {
			return err
		}
	}
	_, err := c.Exec(ctx, `DELETE FROM {<rows>} WHERE id IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete')`)
	if err != nil {
		return schema.Wrap(err, "delete rows of "+c.layout.Name)
	}
	return c.DB().Untemp(ctx, c.Conn, "gone")
}

// goneOf is SQL for the rows of a relation that go, each once, with the first of
// the items that it goes with.
func (c *Chunk) goneOf(place int) string {
	at := c.DB().Places()
	return fmt.Sprintf(`(SELECT %s, min(n) AS n FROM gone WHERE tab = %d GROUP BY %s)`, at, place, at)
}

// keepImages keeps what goes and what changes: the rows themselves, those that
// go with them, those that the targets end, and those that lose a reference.
func (c *Chunk) keepImages(ctx context.Context, h *hanging) error {
	for place, relation := range h.relations {
		if err := c.keepImage(ctx, relation, nil, fmt.Sprintf(`%s g JOIN %s t ON %s`, c.goneOf(place), relation.SQL, c.DB().At("t", "g"))); err != nil {
			return err
		}
	}
	for _, ties := range [][]*schema.Tie{h.ended, h.clears} {
		for _, t := range ties {
			var lost any
			if t.OnDelete == schema.SetNull {
				lost = t.Column
			}
			from := fmt.Sprintf(`%s g JOIN %s s ON %s JOIN %s t ON %s WHERE %s`,
				c.goneOf(h.place(t.To)), t.To.SQL, c.DB().At("s", "g"), t.From.SQL, t.Joins("t", "s"), c.stays(h, t.From))
			if err := c.keepImage(ctx, t.From, lost, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// went is SQL for how many rows went with item p, its own included.
const went = `(SELECT count(*) FROM {before_images} b WHERE b.run = p._run AND b.type = '<type>' AND b.n = p._n AND b.lost IS NULL)`

func (c *Chunk) keepImage(ctx context.Context, of *schema.Relation, lost any, from string) error {
	_, err := c.Exec(ctx, `INSERT INTO {before_images} (run, type, n, rows_of, lost, image)
		SELECT <run>, '<type>', g.n, CAST(? AS text), CAST(? AS text), `+c.DB().Image(of, "t")+` FROM `+from+` ORDER BY g.n`, of.SQL, lost)
	return schema.Wrap(err, "keep what was in rows of "+of.Name)
}

// stays is SQL for: row t of a relation does not go.
func (c *Chunk) stays(h *hanging, of *schema.Relation) string {
	place := h.place(of)
	if place < 0 {
		return "1 = 1"
	}
	return fmt.Sprintf(`NOT EXISTS (SELECT 1 FROM gone w WHERE w.tab = %d AND %s)`, place, c.DB().At("t", "w"))
}

// clear has rows refer to nothing that referred to those that go. NocoBase does
// not take that for a change of the row either: its time stays.
func (c *Chunk) clear(ctx context.Context, h *hanging) error {
	for _, t := range h.clears {
		_, err := c.Exec(ctx, fmt.Sprintf(`UPDATE %s AS t SET %s = NULL WHERE %s IN (SELECT %s FROM %s g JOIN %s s ON %s) AND %s`,
			t.From.SQL, schema.Quote(t.Column), t.Referring("t"), t.Referred("s"), c.goneOf(h.place(t.To)), t.To.SQL, c.DB().At("s", "g"), c.stays(h, t.From)))
		if err != nil {
			return schema.Wrap(err, "clear "+t.Column+" of "+t.From.Name)
		}
	}
	return nil
}

// removeFollowing deletes the rows that go with those of the table itself.
func (c *Chunk) removeFollowing(ctx context.Context, h *hanging) error {
	db := c.DB()
	for place, relation := range h.relations[1:] {
		_, err := c.Exec(ctx, fmt.Sprintf(`DELETE FROM %s AS t WHERE (%s) IN (SELECT %s FROM gone WHERE tab = %d)`, relation.SQL, db.Place("t"), db.Places(), place+1))
		if err != nil {
			return schema.Wrap(err, "delete rows of "+relation.Name)
		}
	}
	return nil
}
