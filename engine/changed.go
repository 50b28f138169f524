package engine

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Watch has f told of rows that are no more as they were, by target and in the
// order of their ids, as soon as that is committed: whoever keeps them in mind
// must read them again. Rows that are new, or were written as they are, are
// none. It is told at least once. Without ids it is not known which rows of the
// target they are. f is set before the engine is used, and is safe for
// concurrent use; a run goes on when it returns.
func (e *Engine) Watch(f func(target string, ids []int64)) { e.watch = f }

// Changes has whoever watches the engine told, once the chunk is committed, of
// rows of a target that q selects by their ids. Nobody watching costs nothing.
func (c *Chunk) Changes(ctx context.Context, target, q string, args ...any) error {
	if c.changes == nil {
		return nil
	}
	var ids []int64
	err := c.Select(ctx, &ids, q, args...)
	c.changes[target] = append(c.changes[target], ids...)
	return schema.Wrap(err, "see which rows of "+target+" change")
}

// tell notes the rows of the chunk's items that are no more as they were, and
// what targets know besides.
func (c *Chunk) tell(ctx context.Context, targets []Target) error {
	if c.changes == nil {
		return nil
	}
	if c.Has("changed", "delete") {
		err := c.Changes(ctx, c.layout.Name, `SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND (p._op = 'delete' OR p._op <> 'create' AND p._changed <> '')`)
		if err != nil {
			return err
		}
	}
	for _, t := range targets {
		if teller, ok := t.(Teller); ok && accepts(t, c.Type) {
			if err := teller.Tell(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellChanged tells of what a chunk, or a run, has changed.
func (e *Engine) tellChanged(changes map[string][]int64) {
	for _, target := range slices.Sorted(maps.Keys(changes)) {
		ids := changes[target]
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) > 0 {
			e.watch(target, ids)
		}
	}
}

// tellAll tells again of all that a run has changed: the process that wrote it
// may have died between a chunk and the word of it. What hung on rows that are
// gone is not known any more, so it might be anything.
func (r *run) tellAll(ctx context.Context, layouts []*layout) error {
	e := r.engine
	if e.watch == nil {
		return nil
	}
	changes := map[string][]int64{}
	unknown := map[string]bool{}
	for _, l := range layouts {
		f, err := r.facts(ctx, l)
		if err != nil {
			return err
		}
		x := &Chunk{Conn: e.db.On(e.db), Source: r.source, Type: l.Type, layout: l, facts: f, changes: changes, now: e.db.TimeLiteral(time.Now())}
		c := r.chunk(x, span{first: math.MinInt64 + 1, last: math.MaxInt64})
		if err := c.tell(ctx, e.targets); err != nil {
			return err
		}
		unknown["departments"] = unknown["departments"] || c.Has("delete", "membership drop", "membership end", "membership unclaim")
		unknown["users"] = unknown["users"] || l.Type == plugin.Department && c.Has("delete")
	}
	e.tellChanged(changes)
	for _, target := range slices.Sorted(maps.Keys(unknown)) {
		if unknown[target] {
			e.watch(target, nil)
		}
	}
	return nil
}
