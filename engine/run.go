package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A run that has not said for a lease that it lives is taken for dead; it says
// so with every beat.
const (
	beat  = time.Second
	lease = 5 * time.Second
	poll  = 100 * time.Millisecond // how often a run looks whether another of its source has ended
)

// keep is how long runs are kept, with their items, once they have ended.
const keep = 30 * 24 * time.Hour

// The kinds of runs.
const (
	pushing  = "push"
	planOnly = "plan"
	retrying = "retry"
	adopting = "adopt"
	indexing = "reindex"
	pulling  = "pull"
	changing = "events"
	renaming = "rename"
	removing = "remove"
)

// A run is one execution of a sync. Its row in the table of runs is the truth
// about who works on a source: it has an owner, and a heartbeat.
type run struct {
	engine   *Engine
	id       int64
	source   string
	kind     string
	request  request
	options  Options
	disabled bool                // the row of the source says so
	arrived  time.Time           // when its records did, by the clock of the database
	totals   map[plugin.Type]int // records read
	last     int64               // the place of the last item so far
	marks    atomic.Int64        // chunks that were committed
	notes    notes
	waiting  *share          // conflicts that are tried again
	again    int64           // the place that the record at hand had before
	moved    map[int64]int64 // places of records that were planned again, and those they had before
	fed      bool            // some target that others registered gets what it changes
	reposted []reposted      // of an earlier run, delivered again
	unsure   []string        // why absence was not looked at
	known    bool            // it is not the first of its source
	warnings []string        // what else whoever asked for it should know
	stop     context.CancelCauseFunc
	planning func(context.Context, schema.Conn) error // what else is done when the plan is made, in its transaction; may be nil
	renames  []plugin.Event                           // of records, which are known by other names from now on
	task     int64                                    // its row in NocoBase's userDataSyncTasks
	sourceID int64                                    // of its row in userDataSyncSources
	gone     func()                                   // says that it lives no more, whether its end could be written or not

	telling sync.Mutex // held while report is called
	report  func(Progress)
}

// begin enters a run into the table and has it beat until its context ends.
func (e *Engine) begin(ctx context.Context, r *run) (context.Context, error) {
	x := e.db.On(e.db)
	if err := e.sweep(ctx, x); err != nil {
		return ctx, err
	}
	asked, err := json.Marshal(r.request)
	if err != nil {
		return ctx, err
	}
	var row struct {
		ID        int64
		StartedAt schema.Timestamp `db:"started_at"`
	}
	now := e.db.Now(0)
	err = x.Get(ctx, &row, `
		INSERT INTO {runs} (source, kind, state, owner, request, beat_at, started_at) VALUES (?, ?, ?, ?, ?, `+now+`, `+now+`) RETURNING id, started_at`,
		r.source, r.kind, Reading, e.owner, string(asked))
	if err != nil {
		return ctx, schema.Wrap(err, "begin a run")
	}
	r.id = row.ID
	if err := r.show(ctx); err != nil {
		return ctx, err
	}
	if r.arrived.IsZero() {
		r.arrived = row.StartedAt.Time
	}
	ctx = r.live(ctx)
	r.tell(at(Reading))
	return ctx, nil
}

// live says from now on that the run lives, until its context ends.
func (r *run) live(ctx context.Context) context.Context {
	ctx, r.stop = context.WithCancelCause(ctx)
	r.gone = r.engine.living.add(r.id, r.stop)
	go r.beats(ctx)
	return ctx
}

// sweep marks the runs of processes that ended without a word, and forgets
// runs that ended long ago.
func (e *Engine) sweep(ctx context.Context, x schema.Conn) error {
	if err := e.markSilent(ctx, x); err != nil {
		return err
	}
	if err := e.forgetUndelivered(ctx, x); err != nil {
		return err
	}
	return e.forget(ctx, x)
}

// forget drops runs that ended long ago, with their items.
func (e *Engine) forget(ctx context.Context, x schema.Conn) error {
	var old []int64
	err := x.Select(ctx, &old, `SELECT id FROM {runs} WHERE finished_at < `+e.db.Now(keep)+` ORDER BY finished_at LIMIT 100`)
	for _, id := range old {
		for _, q := range []string{
			`DELETE FROM {plan_departments} WHERE _run = ?`, `DELETE FROM {plan_users} WHERE _run = ?`,
			`DELETE FROM {plan_memberships} WHERE _run = ?`, `DELETE FROM {chunks} WHERE run = ?`, `DELETE FROM {before_images} WHERE run = ?`, `DELETE FROM {runs} WHERE id = ?`,
		} {
			if _, err := x.Exec(ctx, q, id); err != nil {
				return schema.Wrap(err, "forget an old run")
			}
		}
	}
	if err != nil {
		return schema.Wrap(err, "look for old runs")
	}
	return dropSpools(ctx, x, `g.began_at < `+e.db.Now(2*recent)+` AND `+deserted)
}

// markSilent ends the runs of processes that ended without a word. Those whose
// plan was made can be gone on with; see resume.
func (e *Engine) markSilent(ctx context.Context, x schema.Conn) error {
	_, err := x.Exec(ctx, `UPDATE {runs} SET state = 'interrupted', finished_at = beat_at,
		message = CASE WHEN totals IS NULL OR kind = 'plan' THEN 'the process that ran it ended before anything was written; send the same again'
		               ELSE 'the process that ran it ended; what it had committed stands, and the next run of the source, or a retry, writes the rest' END
		WHERE `+e.silent())
	if err != nil {
		return schema.Wrap(err, "mark runs that were interrupted")
	}
	return e.showEnds(ctx, x, 0)
}

// beats says that the run lives, and stops it when somebody else has taken it
// or wants it to stop.
func (r *run) beats(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var canceled bool
		err := r.engine.db.On(r.engine.db).Get(ctx, &canceled, `
			UPDATE {runs} SET beat_at = `+r.engine.db.Now(0)+` WHERE id = ? AND owner = ? AND finished_at IS NULL RETURNING cancel_at IS NOT NULL`,
			r.id, r.engine.owner)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, sql.ErrNoRows):
			r.stop(errTaken)
			return
		case err != nil:
			r.engine.log.Warn("a run could not say that it lives", zap.Int64("run", r.id), zap.Error(err))
		case canceled:
			r.stop(errStopped)
			return
		}
	}
}

var (
	errTaken = &plugin.Error{
		Kind: plugin.Locked, Msg: "the run was silent for too long and was taken for dead",
		Hint: "push again; what was committed stands",
	}
	errStopped = &plugin.Error{
		Kind: plugin.Canceled, Msg: "an operator stopped the run",
		Hint: "what was committed stands; retry the task, or push again, for the rest",
	}
)

// take makes the run the one that works on its source, waiting for whoever
// does so now and ending what others of the source have left.
func (r *run) take(ctx context.Context) error {
	e := r.engine
	x := e.db.On(e.db)
	for {
		if err := e.resumeSource(ctx, r.source); err != nil {
			return err
		}
		n, err := x.Exec(ctx, `UPDATE {runs} SET state = ?, beat_at = `+e.db.Now(0)+` WHERE id = ? AND owner = ? AND finished_at IS NULL`,
			Planning, r.id, e.owner)
		switch class := schema.ClassOf(err); {
		case err == nil && n == 1:
			r.tell(at(Planning))
			return nil
		case err == nil:
			return errTaken
		case class != schema.Duplicate && class != schema.Busy:
			return schema.Wrap(err, "take the source")
		}
		select {
		case <-ctx.Done():
			return canceled("wait for another run of the source", ctx.Err())
		case <-time.After(poll):
		}
		if err := e.sweep(ctx, x); err != nil {
			return err
		}
	}
}

// fence ends a transaction's work: it fails when the run is no longer ours, so
// that nothing is committed by a run that was taken for dead.
func (r *run) fence(ctx context.Context, x schema.Conn) error {
	db := r.engine.db
	var owner string
	if db.Dialect() == "sqlite" {
		// The transaction has kept the heartbeat waiting: beat for it.
		if _, err := x.Exec(ctx, `UPDATE {runs} SET beat_at = `+db.Now(0)+` WHERE id = ? AND owner = ?`, r.id, r.engine.owner); err != nil {
			return schema.Wrap(err, "say that the run lives")
		}
	}
	err := x.Get(ctx, &owner, `SELECT owner FROM {runs} WHERE id = ? AND finished_at IS NULL `+db.ForShare(), r.id)
	if errors.Is(err, sql.ErrNoRows) || err == nil && owner != r.engine.owner {
		return errTaken
	}
	return schema.Wrap(err, "see that the run is ours")
}

// planned writes, with the plan, all that it takes to end the run: from now on
// anybody can.
func (r *run) planned(ctx context.Context, x schema.Conn, layouts []*layout) error {
	state := Applying
	if r.kind == planOnly {
		state = Planning
	}
	totals, err := json.Marshal(r.state())
	if err != nil {
		return err
	}
	n, err := x.Exec(ctx, `UPDATE {runs} SET state = ?, totals = ?, layout = ?, beat_at = `+r.engine.db.Now(0)+` WHERE id = ? AND owner = ? AND finished_at IS NULL`,
		state, string(totals), printOf(layouts), r.id, r.engine.owner)
	if err == nil && n == 0 {
		return errTaken
	}
	return schema.Wrap(err, "keep what the plan is of")
}

// end writes how the run ended; it does so even when its context is over. It
// does not where chunks are there no more that were committed: see lost.
func (r *run) end(ctx context.Context, s State, message string, counts map[string]Counts) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	r.stop(nil)
	if counts == nil {
		counts = map[string]Counts{}
	}
	b, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	n, err := r.engine.db.On(r.engine.db).Exec(ctx, `UPDATE {runs} SET state = ?, message = ?, counts = ?, finished_at = `+r.engine.db.Now(0)+`
		WHERE id = ? AND owner = ? AND finished_at IS NULL AND (SELECT count(*) FROM {chunks} c WHERE c.run = {runs}.id) >= ?`,
		s, clip(message), string(b), r.id, r.engine.owner, r.marks.Load())
	if err == nil && n == 0 {
		return errTaken
	}
	if err == nil && r.request.Pulled {
		err = r.engine.showEnds(ctx, r.engine.db.On(r.engine.db), r.id)
	}
	return told(ctx, schema.Wrap(err, "write how the run ended"))
}

// clip keeps a message within the 255 characters of NocoBase's column.
func clip(s string) string {
	if runes := []rune(s); len(runes) > 255 {
		return string(runes[:254]) + "…"
	}
	return s
}

// tell reports progress, one call at a time.
func (r *run) tell(set func(*Progress)) {
	r.telling.Lock()
	defer r.telling.Unlock()
	var p Progress
	set(&p)
	if r.report != nil {
		r.report(p)
	}
}

// at is progress that is only a state.
func at(s State) func(*Progress) {
	return func(p *Progress) { p.State = s }
}
