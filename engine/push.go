package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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
// the same push again ends it). Pushes to one source take turns; those that
// wait become one run, and each is answered about its own records.
// report may be nil; it is called by one goroutine at a time.
func (e *Engine) Push(ctx context.Context, p Push, report func(Progress)) (*Report, error) {
	s, err := e.share(p, report)
	if err != nil {
		return nil, err
	}
	if p.Snapshot != nil { // it speaks for the whole directory, and alone
		return e.bring(ctx, s, pushing)
	}
	j := e.joints.join(ctx, s, e.pushJoint)
	e.joints.wait(ctx, j, s)
	select {
	case <-j.done:
	default:
		return nil, canceled("the push was canceled; others that were sent at the same time go on", ctx.Err())
	}
	if j.fault != nil {
		panic(j.fault)
	}
	return s.result, s.err
}

// pushJoint does one run for all pushes of a joint that are there when the
// source's turn comes.
func (e *Engine) pushJoint(ctx context.Context, j *joint, first *share) {
	var shares []*share
	r := e.newRun(first.push, pushing, func(p Progress) {
		for _, s := range shares {
			if s.report != nil {
				s.report(p)
			}
		}
	})
	err := e.run(ctx, r, func(ctx context.Context) error {
		shares = e.joints.close(first.key(), j)
		r.tell(at(Reading))
		return r.do(ctx, batch{shares: shares})
	})
	for _, s := range e.joints.close(first.key(), j) {
		if s.err == nil {
			s.err = err
		}
	}
}

// Plan says what Push would do, and writes nothing to NocoBase's tables.
func (e *Engine) Plan(ctx context.Context, p Push, report func(Progress)) (*Report, error) {
	s, err := e.share(p, report)
	if err != nil {
		return nil, err
	}
	return e.bring(ctx, s, planOnly)
}

// share checks what no record could make right.
func (e *Engine) share(p Push, report func(Progress)) (*share, error) {
	if p.Source == "" {
		p.Source = "api"
	}
	return &share{push: p, report: report}, e.check(p)
}

// bring does a run for one push.
func (e *Engine) bring(ctx context.Context, s *share, kind string) (*Report, error) {
	r := e.newRun(s.push, kind, s.report)
	err := e.run(ctx, r, func(ctx context.Context) error {
		return r.do(ctx, batch{shares: []*share{s}, snapshot: s.push.Snapshot})
	})
	return s.result, err
}

func (e *Engine) newRun(p Push, kind string, report func(Progress)) *run {
	return &run{
		engine: e, source: p.Source, kind: kind, report: report,
		request: request{MatchKey: p.MatchKey, Actor: p.Actor, Options: p.Options},
		totals:  map[plugin.Type]int{}, notes: notes{}, moved: map[int64]int64{},
	}
}

// run waits for the source's turn, begins r and has it do its work.
func (e *Engine) run(ctx context.Context, r *run, work func(context.Context) error) error {
	leave, err := e.queue.enter(ctx, r.source)
	if err != nil {
		return err
	}
	defer leave()
	runCtx, err := e.begin(ctx, r)
	if err != nil {
		return told(ctx, err)
	}
	return r.finish(runCtx, work)
}

// finish does the work of a run that lives and, should it fail, writes that.
func (r *run) finish(ctx context.Context, work func(context.Context) error) error {
	defer r.gone()
	defer func() {
		if fault := recover(); fault != nil { // a mistake of ours must not hold the source for ever
			r.end(ctx, Failed, "a mistake of Roster's stopped the run; its log says more", nil) //nolint:errcheck // the panic says more
			panic(fault)
		}
	}()
	err := work(ctx)
	if err == nil {
		return nil
	}
	err = told(ctx, err)
	if cause, known := errors.AsType[*plugin.Error](context.Cause(ctx)); known && plugin.KindOf(err) == plugin.Canceled {
		err = cause // why it was, whatever it waited for
	}
	state := Failed
	switch {
	case errors.Is(err, errClosing):
		state = Interrupted
	case errors.Is(err, errTooLate):
		state = Canceled
	case plugin.KindOf(err) == plugin.Canceled:
		state = Canceled
	}
	if endErr := r.end(ctx, state, err.Error(), nil); endErr != nil {
		r.engine.log.Warn("a run's end could not be written; the next run marks it interrupted", zap.Int64("run", r.id), zap.Error(endErr))
	}
	return fmt.Errorf("%s %d of source %s: %w", r.kind, r.id, r.source, err)
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
	shares   []*share
	snapshot *Snapshot
	asked    map[plugin.Type]int // of these types what the snapshot lacks was looked up, and is a tombstone where it is gone
	again    *leftovers          // items of a run, instead of what somebody sends
	maybe    bool                // it may have no records at all
}

// do takes the run from the first record to the last count.
func (r *run) do(ctx context.Context, b batch) error {
	if err := r.readOptions(ctx); err != nil {
		return err
	}
	if r.disabled && r.kind != removing {
		return disabled(r.source)
	}
	if err := r.knows(ctx); err != nil {
		return err
	}
	layouts, err := r.stageAndPlan(ctx, b)
	if err != nil {
		return err
	}
	if r.kind != planOnly {
		if layouts, err = r.carryOut(ctx, layouts); err != nil {
			return err
		}
		if err := r.attest(ctx); err != nil {
			return err
		}
	}
	return r.settle(ctx, layouts, b.shares)
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
	in.scribe = r.scribe(b)
	own := b.again != nil && b.again.own
	if own {
		in.again = func(place int64) { r.moved[place] = cmp.Or(r.moved[r.again], r.again) }
	}
	if err := in.stage(ctx, b, func(n int) { r.tell(func(p *Progress) { p.State, p.Done = Reading, n }) }); err != nil {
		return nil, err
	}
	if b.again == nil {
		if err := in.stageConflicts(ctx, r.source, b.snapshot == nil); err != nil {
			return nil, err
		}
		r.waiting = in.waiting
	}
	r.last = in.seq
	if !own {
		r.totals = in.totals
		if err := r.take(ctx); err != nil {
			return nil, err
		}
	}
	return layouts, r.plan(ctx, conn, layouts, in, b)
}

func (r *run) layouts(ctx context.Context, x schema.Conn) ([]*layout, error) {
	fields, err := r.engine.fields(ctx, x)
	if err != nil {
		return nil, err
	}
	var layouts []*layout
	for _, t := range r.engine.types() {
		l, err := newLayout(ctx, x, t, fields[t.Name])
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
	if err := r.reconcile(ctx, x, in.seq); err != nil {
		return err
	}
	if err := r.rename(ctx, x); err != nil {
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
		_, p.confirmed = b.asked[l.Type]
		plans = append(plans, p)
		if err := p.outdate(ctx, in, whole); err != nil {
			return err
		}
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
	if b.again == nil || !b.again.own { // what was let through is carried out
		if err := r.guard(ctx, plans); err != nil {
			return err
		}
	}
	if b.snapshot != nil && b.snapshot.Done && r.kind != planOnly {
		if err := r.forgetSnapshot(ctx, x); err != nil {
			return err
		}
	}
	if r.planning != nil {
		if err := r.planning(ctx, x); err != nil {
			return err
		}
	}
	if err := r.planned(ctx, x, layouts); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return schema.Wrap(err, "write the plan")
	}
	r.planning, r.renames = nil, nil // it has been done, and a plan that is made anew does not do it again
	return nil
}

// carryOut writes the plan. What somebody else changed since it was made is
// planned again, and written then.
func (r *run) carryOut(ctx context.Context, layouts []*layout) ([]*layout, error) {
	if err := r.feed(ctx, layouts); err != nil {
		return nil, err
	}
	for round := 1; ; round++ {
		if err := r.apply(ctx, layouts); err != nil {
			return nil, err
		}
		if lost, err := r.lost(ctx); err != nil {
			return nil, err
		} else if lost {
			continue
		}
		stale, err := r.stale(ctx, layouts)
		if err != nil || !stale {
			return layouts, err
		}
		if round >= rounds {
			return layouts, r.giveUp(ctx, layouts)
		}
		if layouts, err = r.stageAndPlan(ctx, r.staleBatch(ctx, layouts)); err != nil {
			return nil, err
		}
	}
}

// rounds is how often items are planned whose rows others change meanwhile.
const rounds = 5
