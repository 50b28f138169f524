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
	return e.run(ctx, p, "push", report)
}

// Plan says what Push would do, and writes nothing to NocoBase's tables.
func (e *Engine) Plan(ctx context.Context, p Push, report func(Progress)) (*Report, error) {
	return e.run(ctx, p, "plan", report)
}

func (e *Engine) run(ctx context.Context, p Push, kind string, report func(Progress)) (*Report, error) {
	if p.Source == "" {
		p.Source = "api"
	}
	if err := e.check(p); err != nil {
		return nil, err
	}
	leave, err := e.queue.enter(ctx, p.Source)
	if err != nil {
		return nil, err
	}
	defer leave()
	runCtx, r, err := e.begin(ctx, p.Source, kind, report)
	if err != nil {
		return nil, told(ctx, err)
	}
	defer r.gone()
	defer func() {
		if fault := recover(); fault != nil { // a mistake of ours must not hold the source for ever
			r.end(ctx, Failed, "a mistake of Roster's stopped the run; its log says more", nil) //nolint:errcheck // the panic says more
			panic(fault)
		}
	}()
	result, err := r.do(runCtx, p)
	if err == nil {
		return result, nil
	}
	err = told(runCtx, err)
	state := Failed
	if plugin.KindOf(err) == plugin.Canceled {
		state = Canceled
	}
	if endErr := r.end(ctx, state, err.Error(), nil); endErr != nil {
		e.log.Warn("a run's end could not be written; the next run marks it interrupted", zap.Int64("run", r.id), zap.Error(endErr))
	}
	return nil, fmt.Errorf("%s %d of source %s: %w", kind, r.id, p.Source, err)
}

// check refuses what no record could make right.
func (e *Engine) check(p Push) error {
	if len([]rune(p.Source)) > 255 {
		return &plugin.Error{Kind: plugin.Data, Path: "/sourceName", Msg: "the source's name has more than the 255 characters that NocoBase keeps"}
	}
	if strings.IndexByte(p.Source, 0) >= 0 || !utf8.ValidString(p.Source) {
		return &plugin.Error{Kind: plugin.Data, Path: "/sourceName", Msg: "the source's name holds a NUL character or is not valid UTF-8"}
	}
	if p.MatchKey == "" {
		return nil
	}
	for _, t := range e.types() {
		for _, key := range t.MatchKeys {
			if key == p.MatchKey {
				return nil
			}
		}
	}
	return &plugin.Error{
		Kind: plugin.Data, Path: "/matchKey", Msg: fmt.Sprintf("matchKey %.64q is not supported", p.MatchKey),
		Hint: "it is one of username, email, phone",
	}
}

// do takes the run from the first record to the last count.
func (r *run) do(ctx context.Context, p Push) (*Report, error) {
	layouts, err := r.stageAndPlan(ctx, p)
	if err != nil {
		return nil, err
	}
	if r.kind == "push" {
		if err := r.apply(ctx, layouts); err != nil {
			return nil, err
		}
	}
	return r.settle(ctx, layouts)
}

// stageAndPlan works on a connection of its own: its temporary tables hold the
// records and the plan in the making.
func (r *run) stageAndPlan(ctx context.Context, p Push) ([]*layout, error) {
	db := r.engine.db
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, schema.Wrap(err, "connect to the database")
	}
	defer db.Release(ctx, conn)
	in := &intake{db: db, conn: conn, layouts: map[plugin.Type]*layout{}, notes: r.notes, fates: fates{}, totals: r.totals}
	var layouts []*layout
	for _, t := range r.engine.types() {
		l, err := newLayout(ctx, db.On(conn), t)
		if err != nil {
			return nil, err
		}
		in.layouts[t.Type] = l
		layouts = append(layouts, l)
	}
	if err := in.stage(ctx, p, func(n int) { r.tell(func(p *Progress) { p.State, p.Done = Reading, n }) }); err != nil {
		return nil, err
	}
	if err := r.take(ctx); err != nil {
		return nil, err
	}
	return layouts, r.plan(ctx, conn, layouts, p.MatchKey)
}

// plan plans departments, then users, in one transaction: a plan is whole or
// is not.
func (r *run) plan(ctx context.Context, conn *sqlx.Conn, layouts []*layout, matchKey string) error {
	tx, err := r.engine.db.Begin(ctx, conn)
	if err != nil {
		return schema.Wrap(err, "begin to plan")
	}
	defer tx.Rollback() // after Commit it does nothing
	x := r.engine.db.On(tx)
	if err := r.engine.db.ForPlanning(ctx, x, r.read()); err != nil {
		return err
	}
	for _, l := range layouts {
		key := ""
		for _, k := range l.MatchKeys {
			if k == matchKey {
				key = k
			}
		}
		if err := r.planType(ctx, x, l, key); err != nil {
			return err
		}
	}
	if err := r.fence(ctx, x); err != nil {
		return err
	}
	return schema.Wrap(tx.Commit(), "write the plan")
}
