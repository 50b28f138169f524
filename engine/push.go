package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Push is what one call, or one file, brings for one source.
type Push struct {
	Source   string // sourceName; empty means "api", as in NocoBase
	MatchKey string // username, email or phone: finds the row of a user that no link knows; empty matches nobody
	Bodies   iter.Seq2[Body, error]
	Snapshot *Snapshot // this is a part of a reading of the whole directory; nil: single records
	Options  *Options  // how the source is synchronized; nil: as NocoBase's row of the source says, else DefaultOptions
	Actor    int64     // the id of the user who runs it, who is never removed; 0: nobody
}

// A Body is the records of one type, each the JSON object that was sent.
// A nil Records stands for a body without that member. An error that the
// sequence yields ends the push before anything is written.
type Body struct {
	DataType string
	Records  iter.Seq2[json.RawMessage, error]
}

// Push brings the records into NocoBase's tables and returns when all is
// written. A record that is bad fails alone; the error is for what stopped the
// run as a whole (then nothing, or only whole chunks, have been written, and
// the same push again ends it). Concurrent pushes to one source take turns.
// report may be nil; it is called by one goroutine at a time.
func (e *Engine) Push(ctx context.Context, p Push, report func(Progress)) (*Report, error) {
	return e.bring(ctx, p, pushing, report)
}

// Plan says what Push would do, and writes nothing to NocoBase's tables.
func (e *Engine) Plan(ctx context.Context, p Push, report func(Progress)) (*Report, error) {
	return e.bring(ctx, p, planOnly, report)
}

func (e *Engine) bring(ctx context.Context, p Push, kind string, report func(Progress)) (*Report, error) {
	if p.Source == "" {
		p.Source = "api"
	}
	if err := e.check(p); err != nil {
		return nil, err
	}
	r := e.newRun(p.Source, kind, request{MatchKey: p.MatchKey, Actor: p.Actor, Options: p.Options}, report)
	return e.run(ctx, r, func(ctx context.Context) (*Report, error) {
		return r.do(ctx, batch{bodies: p.Bodies, snapshot: p.Snapshot})
	})
}

func (e *Engine) newRun(source, kind string, asked request, report func(Progress)) *run {
	return &run{
		engine: e, source: source, kind: kind, request: asked, report: report,
		totals: map[plugin.Type]int{}, notes: notes{},
	}
}

// run waits for the source's turn, begins r and has it do its work.
func (e *Engine) run(ctx context.Context, r *run, work func(context.Context) (*Report, error)) (*Report, error) {
	leave, err := e.queue.enter(ctx, r.source)
	if err != nil {
		return nil, err
	}
	defer leave()
	runCtx, err := e.begin(ctx, r)
	if err != nil {
		return nil, told(ctx, err)
	}
	return r.finish(runCtx, work)
}

// finish does the work of a run that lives and, should it fail, writes that.
func (r *run) finish(ctx context.Context, work func(context.Context) (*Report, error)) (*Report, error) {
	defer r.gone()
	defer func() {
		if fault := recover(); fault != nil { // a mistake of ours must not hold the source for ever
			r.end(ctx, Failed, "a mistake of Roster's stopped the run; its log says more", nil) //nolint:errcheck // the panic says more
			panic(fault)
		}
	}()
	result, err := work(ctx)
	if err == nil {
		return result, nil
	}
	err = told(ctx, err)
	state := Failed
	if plugin.KindOf(err) == plugin.Canceled {
		state = Canceled
	}
	if endErr := r.end(ctx, state, err.Error(), nil); endErr != nil {
		r.engine.log.Warn("a run's end could not be written; the next run marks it interrupted", zap.Int64("run", r.id), zap.Error(endErr))
	}
	return nil, fmt.Errorf("%s %d of source %s: %w", r.kind, r.id, r.source, err)
}

// check refuses what no record could make right.
func (e *Engine) check(p Push) error {
	if len([]rune(p.Source)) > 255 {
		return &plugin.Error{Kind: plugin.Data, Path: "/sourceName", Msg: "the source's name has more than the 255 characters that NocoBase keeps"}
	}
	if strings.IndexByte(p.Source, 0) >= 0 || !utf8.ValidString(p.Source) {
		return &plugin.Error{Kind: plugin.Data, Path: "/sourceName", Msg: "the source's name holds a NUL character or is not valid UTF-8"}
	}
	if err := p.Snapshot.check(); err != nil {
		return err
	}
	if p.MatchKey == "" {
		return nil
	}
	for _, t := range e.types() {
		if t.matchedBy(p.MatchKey) != "" {
			return nil
		}
	}
	return &plugin.Error{
		Kind: plugin.Data, Path: "/matchKey", Msg: fmt.Sprintf("matchKey %.64q is not supported", p.MatchKey),
		Hint: "it is one of username, email, phone",
	}
}

// A batch is what is staged and planned at once.
type batch struct {
	bodies   iter.Seq2[Body, error]
	snapshot *Snapshot
	again    *leftovers // items of a run, instead of what somebody sends
}

// do takes the run from the first record to the last count.
func (r *run) do(ctx context.Context, b batch) (*Report, error) {
	if err := r.readOptions(ctx); err != nil {
		return nil, err
	}
	layouts, err := r.stageAndPlan(ctx, b)
	if err != nil {
		return nil, err
	}
	if r.kind == planOnly {
		return r.settle(ctx, layouts)
	}
	return r.carryOut(ctx, layouts)
}

// stageAndPlan works on a connection of its own: its temporary tables hold the
// records and the plan in the making.
func (r *run) stageAndPlan(ctx context.Context, b batch) ([]*layout, error) {
	db := r.engine.db
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, schema.Wrap(err, "connect to the database")
	}
	defer db.Release(ctx, conn)
	layouts, err := r.layouts(ctx, db.On(conn))
	if err != nil {
		return nil, err
	}
	in := newIntake(r, conn, layouts)
	if err := in.stage(ctx, b, func(n int) { r.tell(func(p *Progress) { p.State, p.Done = Reading, n }) }); err != nil {
		return nil, err
	}
	r.last = in.seq
	if b.again == nil || b.again.run != r.id {
		r.totals = in.totals
		if err := r.take(ctx); err != nil {
			return nil, err
		}
	}
	return layouts, r.plan(ctx, conn, layouts, in, b)
}

func (r *run) layouts(ctx context.Context, x schema.Conn) ([]*layout, error) {
	var layouts []*layout
	for _, t := range r.engine.types() {
		l, err := newLayout(ctx, x, t)
		if err != nil {
			return nil, err
		}
		layouts = append(layouts, l)
	}
	return layouts, nil
}

// plan plans departments, then users, in one transaction: a plan is whole or
// is not.
func (r *run) plan(ctx context.Context, conn *sqlx.Conn, layouts []*layout, in *intake, b batch) error {
	tx, err := r.engine.db.Begin(ctx, conn)
	if err != nil {
		return schema.Wrap(err, "begin to plan")
	}
	defer tx.Rollback() // after Commit it does nothing
	x := r.engine.db.On(tx)
	if err := r.engine.db.ForPlanning(ctx, x, int(in.seq)); err != nil {
		return err
	}
	whole, err := r.reading(ctx, x, in, b.snapshot)
	if err != nil {
		return err
	}
	var plans []*Plan
	for _, l := range layouts {
		p := r.newPlan(x, l, in)
		p.load = func(ctx context.Context, table string, columns []string, rows *schema.Rows) error {
			return r.engine.db.LoadIn(ctx, conn, tx, table, columns, rows)
		}
		plans = append(plans, p)
		if err := b.again.restage(ctx, p); err != nil {
			return err
		}
		if err := p.stageAbsent(ctx, whole); err != nil {
			return err
		}
		if err := r.planType(ctx, p); err != nil {
			return err
		}
	}
	if err := r.guard(ctx, plans); err != nil {
		return err
	}
	if b.snapshot != nil && b.snapshot.Done && r.kind != planOnly {
		if err := r.forgetSnapshot(ctx, x); err != nil {
			return err
		}
	}
	if err := r.planned(ctx, x, layouts); err != nil {
		return err
	}
	return schema.Wrap(tx.Commit(), "write the plan")
}

// carryOut writes the plan. What somebody else changed since it was made is
// planned again, and written then.
func (r *run) carryOut(ctx context.Context, layouts []*layout) (*Report, error) {
	for round := 1; ; round++ {
		if err := r.apply(ctx, layouts); err != nil {
			return nil, err
		}
		stale, err := r.stale(ctx, layouts)
		if err != nil {
			return nil, err
		}
		if !stale {
			return r.settle(ctx, layouts)
		}
		if round == rounds {
			if err := r.giveUp(ctx, layouts); err != nil {
				return nil, err
			}
			return r.settle(ctx, layouts)
		}
		if layouts, err = r.stageAndPlan(ctx, r.staleBatch(ctx, layouts)); err != nil {
			return nil, err
		}
	}
}

// rounds is how often items are planned whose rows others change meanwhile.
const rounds = 5
