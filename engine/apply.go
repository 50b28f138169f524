package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// apply writes the plan: departments, all at once where the tree changes, because
// one that is half moved is none, then users chunk by chunk.
func (r *run) apply(ctx context.Context, layouts []*layout) error {
	r.tell(at(Applying))
	for _, l := range layouts {
		err := r.applyType(ctx, l)
		if errors.Is(err, ErrMoved) { // people go into departments by the ids that are planned for them
			return r.setAside(ctx, layouts)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) applyType(ctx context.Context, l *layout) error {
	f, err := r.facts(ctx, l)
	if err != nil {
		return err
	}
	if f.has("delete") && l.hanging == nil {
		if l.hanging, err = r.engine.hangingOn(ctx, r.engine.db.On(r.engine.db), l); err != nil {
			return err
		}
	}
	stretches, total, err := r.unwritten(ctx, l)
	if err != nil || total == 0 {
		return err
	}
	cut := newCutter(stretches, l, f, r.engine.db.Parallel() == 1)
	done := 0
	write := func(s span) error {
		held, err := r.applySpan(ctx, l, f, s)
		if err != nil {
			return err
		}
		cut.took(s, held)
		r.tell(func(p *Progress) {
			done += s.items
			*p = Progress{State: Applying, Type: l.Type, Done: done, Total: total}
		})
		return nil
	}
	// What changes hands must have done so before the rest is written.
	first, _ := cut.next()
	if err := write(first); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range r.engine.db.Parallel() {
		group.Go(func() error {
			for {
				s, more := cut.next()
				if !more || ctx.Err() != nil {
					return ctx.Err()
				}
				if err := write(s); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// unwritten are the places of the items that no chunk has written, in order, a
// list for each stretch between chunks.
func (r *run) unwritten(ctx context.Context, l *layout) (stretches [][]int64, total int, err error) {
	x := r.engine.db.On(r.engine.db)
	var ns []int64
	if err := x.Select(ctx, &ns, l.names(r.id).Replace(`SELECT _n FROM {<plan>} WHERE _run = <run> AND `+writable("")+` ORDER BY _n`)); err != nil {
		return nil, 0, schema.Wrap(err, "read the plan")
	}
	var done []struct{ First, Last int64 }
	if err := x.Select(ctx, &done, `SELECT first, last FROM {chunks} WHERE run = ? AND type = ? ORDER BY first`, r.id, l.Type); err != nil {
		return nil, 0, schema.Wrap(err, "read what has been written")
	}
	for _, chunk := range done {
		before, _ := slices.BinarySearch(ns, chunk.First)
		after, _ := slices.BinarySearch(ns, chunk.Last+1)
		if before > 0 {
			stretches = append(stretches, ns[:before])
		}
		total += before
		ns = ns[after:]
	}
	if len(ns) > 0 {
		stretches = append(stretches, ns)
	}
	return stretches, total + len(ns), nil
}

// facts are the kinds of things a run has to write; see Chunk.Has.
type facts map[string]bool

func (f facts) has(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return f[kind] })
}

func (r *run) facts(ctx context.Context, l *layout) (facts, error) {
	var kinds []string
	err := r.engine.db.On(r.engine.db).Select(ctx, &kinds, l.names(r.id).Replace(`
		SELECT DISTINCT _op FROM {<plan>} WHERE _run = <run>
		UNION SELECT DISTINCT 'membership ' || _op FROM {plan_memberships} WHERE _run = <run>
		UNION SELECT 'changed' WHERE EXISTS (SELECT 1 FROM {<plan>} WHERE _run = <run> AND _changed <> '')
		UNION SELECT 'derived' WHERE EXISTS (SELECT 1 FROM {<plan>} p WHERE _run = <run> AND (`+l.derives("p._mask")+`))
		UNION SELECT 'relink' WHERE EXISTS (SELECT 1 FROM {<plan>} WHERE _run = <run> AND _op IN ('create', 'link') AND NOT _fresh)
		UNION SELECT 'awaits' WHERE EXISTS (SELECT 1 FROM {<plan>} WHERE _run = <run> AND _awaits IS NOT NULL)
		UNION SELECT 'pending' WHERE EXISTS (SELECT 1 FROM {pending} WHERE source = ?)
		UNION SELECT 'unmade' WHERE '<type>' = 'user' AND EXISTS (
			SELECT 1 FROM (SELECT DISTINCT department_id AS id FROM {plan_memberships} WHERE _run = <run> AND _op IN ('add', 'restore', 'claim', 'adopt')) m
			WHERE NOT EXISTS (SELECT 1 FROM {departments} d WHERE d.id = m.id))
		UNION SELECT 'fed' WHERE EXISTS (SELECT 1 FROM {feeds} WHERE source = ? AND type = '<type>')
		UNION SELECT 'kept' WHERE EXISTS (SELECT 1 FROM {kept_memberships})`), r.source, r.source)
	f := facts{}
	for _, kind := range kinds {
		f[kind] = true
	}
	return f, schema.Wrap(err, "see what the plan has")
}

// writable is SQL for: the item is one that is written.
func writable(alias string) string {
	return alias + `_op IN ('create', 'link', 'update', 'touch', ` + removals + `)`
}

// ErrMoved is the error of an Applier that finds that the rows as they are now
// do not bear the plan: it is made anew.
var ErrMoved = errors.New("rows were moved since the plan was made")

// patience is how long a chunk is tried again whose rows others hold, and murmur
// after how many attempts the log says so.
const (
	patience = 30 * time.Second
	murmur   = 5
)

// applySpan writes a chunk, again when it lost a race for locks: it gives way at
// once, holding nothing, and keeps at it for as long as its patience lasts. It
// gives how long the writing took, without the waits before.
func (r *run) applySpan(ctx context.Context, l *layout, f facts, s span) (time.Duration, error) {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		start := time.Now()
		err := r.applyChunk(ctx, l, f, s)
		if schema.ClassOf(err) != schema.Busy || time.Since(began) >= r.engine.patience {
			return time.Since(start), err
		}
		if attempt == murmur {
			r.engine.log.Warn("others hold rows that a run has to write; it waits for them", zap.Int64("run", r.id), zap.Error(err))
		}
		wait := time.Duration(min(attempt*attempt, 25)) * 10 * time.Millisecond
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)): // those who met once do not meet again
		}
	}
}

// applyChunk writes a chunk in one transaction, with the mark that it has been.
func (r *run) applyChunk(ctx context.Context, l *layout, f facts, s span) error {
	db := r.engine.db
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return schema.Wrap(err, "begin a chunk")
	}
	defer tx.Rollback() // after Commit it does nothing
	c := r.chunk(&Chunk{Conn: db.On(tx), Source: r.source, Type: l.Type, layout: l, facts: maps.Clone(f), now: db.TimeLiteral(r.engine.now())}, s)
	if r.engine.watch != nil {
		c.changes = map[string][]int64{}
	}
	c.facts["exchange"] = s.first < 0
	prepare := db.ForApplying
	if whole(l, f) {
		prepare = func(ctx context.Context, x schema.Conn) error { return db.ForApplyingWhole(ctx, x, s.items) }
	}
	if err := prepare(ctx, c.Conn); err != nil {
		return err
	}
	if err := c.holdDepartments(ctx); err != nil {
		return err
	}
	if err := c.compare(ctx); err != nil {
		return err
	}
	if err := r.writeChunk(ctx, c, s); err != nil {
		return fmt.Errorf("write %s %d to %d: %w", l.Type, s.first, s.last, err)
	}
	if _, err := c.Exec(ctx, `INSERT INTO {chunks} (run, type, first, last, applied_at) VALUES (<run>, '<type>', ?, ?, <now>)`,
		s.first, s.last); err != nil {
		return schema.Wrap(err, "mark the chunk")
	}
	if err := r.fence(ctx, c.Conn); err != nil {
		return err
	}
	if c.changes != nil {
		defer r.engine.tellChanged(c.changes) // also when it is not known whether the commit went through
	}
	if err := tx.Commit(); err != nil {
		return schema.Wrap(err, "commit a chunk")
	}
	r.marks.Add(1)
	return nil
}

// lost says whether chunks that were committed are there no more: they do not
// wait for the disk, and the database was restarted meanwhile. They are written
// again.
func (r *run) lost(ctx context.Context) (bool, error) {
	var there struct {
		Planned bool
		Marks   int64
	}
	err := r.engine.db.On(r.engine.db).Get(ctx, &there, `
		SELECT totals IS NOT NULL AS planned, (SELECT count(*) FROM {chunks} c WHERE c.run = {runs}.id) AS marks FROM {runs} WHERE id = ?`, r.id)
	if err != nil {
		return false, schema.Wrap(err, "see that what was written stands")
	}
	if !there.Planned {
		return false, &plugin.Error{Kind: plugin.Transient, Msg: "the database was restarted and has lost the plan; nothing was written", Hint: "push again"}
	}
	return r.marks.Swap(there.Marks) > there.Marks, nil
}

// chunk is the part of c that is span s, and of that what else holds, written
// at the same time.
func (r *run) chunk(c *Chunk, s span, holds ...string) *Chunk {
	part := *c
	conditions := append([]string{
		"p._run = " + strconv.FormatInt(r.id, 10), fmt.Sprintf("p._n BETWEEN %d AND %d", s.first, s.last), writable("p."),
	}, holds...)
	part.names = c.layout.names(r.id, "<members>", members, "<now>", c.now, "<arrived>", r.engine.db.TimeLiteral(r.arrived), "<chunk>", strings.Join(conditions, " AND "))
	return &part
}

// members has PostgreSQL look a membership up by its item. Were the run said, it
// could read all of the run's for each item, and with statistics of earlier runs,
// which hold this one's plan for empty, it does.
const members = "m._run = p._run + 0 AND m._n = p._n"

func (r *run) writeChunk(ctx context.Context, c *Chunk, s span) error {
	if s.first < 0 {
		if err := r.exchangeRows(ctx, c, span{first: s.first, last: min(s.last, -1)}); err != nil {
			return err
		}
	}
	if s.last >= 0 {
		if err := r.writeRows(ctx, c, span{first: max(s.first, 0), last: s.last}); err != nil {
			return err
		}
	}
	for _, t := range r.engine.targets {
		if applier, ok := t.(Applier); ok && accepts(t, c.Type) {
			if err := applier.Apply(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", t.Info().Name, err)
			}
		}
	}
	if err := c.post(ctx, r.request.MatchKey); err != nil {
		return err
	}
	if err := c.writeRecords(ctx); err != nil {
		return err
	}
	return c.tell(ctx, r.engine.targets)
}

// writeRows writes the rows of a span. When the database refuses them, it
// halves the span until the records it refuses stand alone; they fail, the
// others are written.
func (r *run) writeRows(ctx context.Context, c *Chunk, s span) error {
	part := r.chunk(c, s)
	err := savepoint(ctx, c, func() error {
		if err := part.removeRows(ctx); err != nil {
			return err
		}
		return part.writeRows(ctx)
	})
	if class := schema.ClassOf(err); class != schema.Duplicate && class != schema.Rejected {
		return err
	}
	var ns []int64
	if err := part.Select(ctx, &ns, `SELECT p._n FROM {<plan>} p WHERE <chunk> ORDER BY p._n`); err != nil {
		return schema.Wrap(err, "read the plan")
	}
	if len(ns) <= 1 {
		return r.fail(ctx, part, err)
	}
	half := len(ns) / 2
	return errors.Join(
		r.writeRows(ctx, c, span{ns[0], ns[half-1], half}),
		r.writeRows(ctx, c, span{ns[half], ns[len(ns)-1], len(ns) - half}))
}

// exchangeRows writes rows whose values change hands: of each circle all of
// them, or none.
func (r *run) exchangeRows(ctx context.Context, c *Chunk, s span) error {
	exchanged := r.chunk(c, s)
	var circles []int64
	if err := exchanged.Select(ctx, &circles, `SELECT DISTINCT p._circle FROM {<plan>} p WHERE <chunk> ORDER BY p._circle`); err != nil {
		return schema.Wrap(err, "read the plan")
	}
	return r.exchangeCircles(ctx, c, s, circles)
}

func (r *run) exchangeCircles(ctx context.Context, c *Chunk, s span, circles []int64) error {
	if len(circles) == 0 {
		return nil
	}
	exchanged := r.chunk(c, s, fmt.Sprintf("p._circle BETWEEN %d AND %d", circles[0], circles[len(circles)-1]))
	err := savepoint(ctx, c, func() error {
		for _, step := range []func(context.Context) error{exchanged.removeRows, exchanged.release, exchanged.writeRows} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if class := schema.ClassOf(err); class != schema.Duplicate && class != schema.Rejected {
		return err
	}
	if len(circles) == 1 {
		return r.fail(ctx, exchanged, err)
	}
	half := len(circles) / 2
	return errors.Join(r.exchangeCircles(ctx, c, s, circles[:half]), r.exchangeCircles(ctx, c, s, circles[half:]))
}

// fail marks the items of a chunk as refused by the database.
func (r *run) fail(ctx context.Context, c *Chunk, cause error) error {
	kind, reason := plugin.Data, "the database refuses the row"
	if schema.ClassOf(cause) == schema.Duplicate {
		kind, reason = plugin.Conflict, "another row holds a value of the record"
	}
	on := schema.Constraint(cause)
	if on != "" {
		reason += ": " + on
	}
	_, err := c.Exec(ctx, `UPDATE {<plan>} AS p SET _op = 'fail', _kind = ?, _field = ?,
		_reason = CASE WHEN p._gone IS NULL THEN '' ELSE 'it is gone, but ' END || ? WHERE <chunk>`,
		kind, on, reason)
	c.facts["fail"] = true
	return schema.Wrap(err, "mark records that failed")
}

// savepoint undoes what f did when it fails, and keeps the transaction alive.
func savepoint(ctx context.Context, c *Chunk, f func() error) error {
	if _, err := c.Exec(ctx, `SAVEPOINT rows`); err != nil {
		return schema.Wrap(err, "set a savepoint")
	}
	err := f()
	end := `RELEASE SAVEPOINT rows`
	if err != nil {
		end = `ROLLBACK TO SAVEPOINT rows`
	}
	if _, endErr := c.Exec(ctx, end); endErr != nil && ctx.Err() == nil {
		return errors.Join(err, schema.Wrap(endErr, "end a savepoint"))
	}
	return err
}
