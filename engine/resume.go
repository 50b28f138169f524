package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A runState is what it takes, besides the plan, to end a run.
type runState struct {
	Totals map[plugin.Type]int `json:"totals"`
	Last   int64               `json:"last"`
	Notes  []Note              `json:"notes,omitempty"`
	Unsure []string            `json:"unsure,omitempty"`
	// The places of conflicts that are tried again: after the first, up to the second.
	Waiting [2]int64 `json:"waiting,omitzero"`
}

func (r *run) state() runState {
	s := runState{Totals: r.totals, Last: r.last, Notes: r.notes.list(), Unsure: r.unsure}
	if r.waiting != nil {
		s.Waiting = [2]int64{r.waiting.first, r.waiting.last}
	}
	return s
}

// printOf tells one way in which records lie in the plan's columns from another.
func printOf(layouts []*layout) string {
	var prints []string
	for _, l := range layouts {
		prints = append(prints, l.print)
	}
	return digest(prints...)
}

// A runRow is a run as the table has it, for whoever goes on with it.
type runRow struct {
	ID        int64
	Source    string
	Kind      string
	State     State
	Request   string
	Totals    *string
	Layout    string
	StartedAt schema.Timestamp `db:"started_at"`
	Task      int64            // its row in userDataSyncTasks, 0 for none
}

const runColumns = `SELECT id, source, kind, state, request, totals, layout, started_at, coalesce(task_id, 0) AS task FROM {runs} `

// interrupted is SQL for: the run was being written when its process ended, and
// can be ended by another.
const interrupted = `state = 'interrupted' AND totals IS NOT NULL AND kind <> 'plan'`

// Resume takes over the runs of processes that died while they wrote, and ends
// them. It returns when none is left.
func (e *Engine) Resume(ctx context.Context) error {
	x := e.db.On(e.db)
	if err := e.sweep(ctx, x); err != nil {
		return told(ctx, err)
	}
	var sources []string
	if err := x.Select(ctx, &sources, `SELECT DISTINCT source FROM {runs} WHERE `+interrupted+` ORDER BY source`); err != nil {
		return told(ctx, schema.Wrap(err, "look for runs to go on with"))
	}
	for _, source := range sources {
		leave, err := e.queue.enter(ctx, source)
		if err != nil {
			return err
		}
		err = e.resumeSource(ctx, source)
		leave()
		if err != nil {
			return told(ctx, err)
		}
	}
	return nil
}

// resumeSource ends the runs of a source that were interrupted, in their order.
// One that fails again has said so in its row and holds nobody up.
func (e *Engine) resumeSource(ctx context.Context, source string) error {
	var rows []runRow
	if err := e.db.On(e.db).Select(ctx, &rows, runColumns+`WHERE source = ? AND `+interrupted+` ORDER BY id`, source); err != nil {
		return schema.Wrap(err, "look for runs to go on with")
	}
	for _, row := range rows {
		_, err := e.resume(ctx, row, nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case plugin.KindOf(err) == plugin.Transient || plugin.KindOf(err) == plugin.Locked:
			return err
		case err != nil:
			e.log.Warn("a run that was interrupted could not be ended", zap.Int64("run", row.ID), zap.Error(err))
		}
	}
	return nil
}

// resume takes a run over and ends it. Its report is nil when somebody else was
// faster.
func (e *Engine) resume(ctx context.Context, row runRow, report func(Progress)) (*Report, error) {
	r, err := e.runOf(row, row.Kind, report)
	if err != nil {
		return nil, err
	}
	n, err := e.db.On(e.db).Exec(ctx, `UPDATE {runs} SET state = ?, owner = ?, beat_at = `+e.db.Now(0)+`, finished_at = NULL, message = '', cancel_at = NULL WHERE id = ? AND `+interrupted,
		Applying, e.owner, r.id)
	if class := schema.ClassOf(err); class == schema.Duplicate || err == nil && n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "take over a run"))
	}
	s := &share{}
	err = r.finish(r.live(ctx), func(ctx context.Context) error {
		if err := r.show(ctx); err != nil {
			return err
		}
		if err := r.readOptions(ctx); err != nil {
			return err
		}
		layouts, err := r.layouts(ctx, e.db.On(e.db))
		if err != nil {
			return err
		}
		if _, err := r.lost(ctx); err != nil { // from here on nothing may be
			return err
		}
		if printOf(layouts) != row.Layout {
			// The columns are others now: the plan must be made anew.
			if err := r.setAside(ctx, layouts); err != nil {
				return err
			}
		}
		if layouts, err = r.carryOut(ctx, layouts); err != nil {
			return err
		}
		if err := r.tellAll(ctx, layouts); err != nil {
			return err
		}
		if err := r.attest(ctx); err != nil {
			return err
		}
		return r.settle(ctx, layouts, []*share{s})
	})
	return s.result, err
}

// runOf makes of a row the run that it was, or one of another kind like it.
func (e *Engine) runOf(row runRow, kind string, report func(Progress)) (*run, error) {
	var asked request
	d := json.NewDecoder(strings.NewReader(row.Request))
	d.UseNumber() // as ParseOptions reads the value that disables
	if err := d.Decode(&asked); err != nil {
		return nil, fmt.Errorf("read what run %d was asked for: %w", row.ID, err)
	}
	r := e.newRun(Push{Source: row.Source}, kind, report)
	r.request, r.arrived, r.task = asked, row.StartedAt.Time, row.Task
	if kind != row.Kind || row.Totals == nil {
		return r, nil
	}
	r.id = row.ID
	var s runState
	if err := json.Unmarshal([]byte(*row.Totals), &s); err != nil {
		return nil, fmt.Errorf("read how far run %d came: %w", row.ID, err)
	}
	r.totals, r.last, r.unsure = s.Totals, s.Last, s.Unsure
	if s.Waiting != [2]int64{} {
		r.waiting = &share{first: s.Waiting[0], last: s.Waiting[1]}
	}
	for _, n := range s.Notes {
		records := n.Records
		n.Records = 0
		r.notes[n] = records
	}
	return r, nil
}

// setAside has all that no chunk has written planned again.
func (r *run) setAside(ctx context.Context, layouts []*layout) error {
	for _, l := range layouts {
		_, err := r.engine.db.On(r.engine.db).Exec(ctx, l.names(r.id).Replace(`
			UPDATE {<plan>} AS p SET _kind = p._op, _op = 'stale' WHERE p._run = <run> AND `+writable("p.")+` AND NOT `+written))
		if err != nil {
			return schema.Wrap(err, "set the plan aside")
		}
	}
	return nil
}

// written is SQL for: a chunk has written item p.
const written = `EXISTS (SELECT 1 FROM {chunks} c WHERE c.run = p._run AND c.type = '<type>' AND p._n BETWEEN c.first AND c.last)`

// leftovers are items of a run that are done again: those for which which, SQL
// over p, holds.
type leftovers struct {
	run   int64
	which string
	own   bool // they are of the run that does them again, which then forgets them
}

// stale says whether rows changed under the run, so that it must plan again.
func (r *run) stale(ctx context.Context, layouts []*layout) (bool, error) {
	for _, l := range layouts {
		var there bool
		err := r.engine.db.On(r.engine.db).Get(ctx, &there, l.names(r.id).Replace(`SELECT EXISTS (SELECT 1 FROM {<plan>} WHERE _run = <run> AND _op = 'stale')`))
		if err != nil || there {
			return there, schema.Wrap(err, "look for rows that changed meanwhile")
		}
	}
	return false, nil
}

func (r *run) staleBatch(ctx context.Context, layouts []*layout) batch {
	return r.batchOf(ctx, layouts, &leftovers{run: r.id, which: `p._op = 'stale'`, own: true})
}

// giveUp fails the items whose rows change faster than they can be planned.
func (r *run) giveUp(ctx context.Context, layouts []*layout) error {
	for _, l := range layouts {
		_, err := r.engine.db.On(r.engine.db).Exec(ctx, l.names(r.id).Replace(`
			UPDATE {<plan>} SET _op = 'fail', _kind = ?, _field = '', _reason = 'its row was changed again and again while it was written' WHERE _run = <run> AND _op = 'stale'`), plugin.Stale)
		if err != nil {
			return schema.Wrap(err, "give up on rows that keep changing")
		}
	}
	return nil
}

// batchOf is a batch of the records of leftovers, as they were received.
func (r *run) batchOf(ctx context.Context, layouts []*layout, of *leftovers) batch {
	return batch{again: of, shares: []*share{{push: Push{Bodies: func(yield func(Body, error) bool) {
		for _, l := range layouts {
			if !yield(Body{DataType: string(l.Type), Records: r.raws(ctx, l, of)}, nil) {
				return
			}
		}
	}}}}}
}

// raws goes through the records of leftovers, page by page.
func (r *run) raws(ctx context.Context, l *layout, of *leftovers) func(yield func(json.RawMessage, error) bool) {
	return func(yield func(json.RawMessage, error) bool) {
		q := l.names(of.run).Replace(`SELECT abs(p._n) AS n, p._raw AS raw FROM {<plan>} p
			WHERE p._run = <run> AND p._raw IS NOT NULL AND (` + of.which + `) AND abs(p._n) > ? ORDER BY abs(p._n) LIMIT ?`)
		var after int64
		for {
			var rows []struct {
				N   int64
				Raw string
			}
			err := r.engine.db.On(r.engine.db).Select(ctx, &rows, q, after, pageRecords)
			if err != nil {
				yield(nil, schema.Wrap(err, "read the records again"))
				return
			}
			for _, row := range rows {
				if of.own {
					r.again = row.N
				}
				if !yield(json.RawMessage(row.Raw), nil) {
					return
				}
			}
			if len(rows) < pageRecords {
				return
			}
			after = rows[len(rows)-1].N
		}
	}
}

// restage stages the leftovers that came without a record: what a snapshot did
// not have, and departments that go with the one above them. Of its own run it forgets the items, which are about to be planned
// again.
func (of *leftovers) restage(ctx context.Context, p *Plan) error {
	if of == nil {
		return nil
	}
	from := p.layout.names(of.run, "<which>", of.which)
	err := p.stageGone(ctx, from.Replace(`
		SELECT p._uid AS uid, p._gone AS cause FROM {<plan>} p WHERE p._run = <run> AND p._raw IS NULL AND (<which>)
		AND p._gone IN ('`+absent+`', '`+below+`')`))
	if err != nil || !of.own {
		return err
	}
	for _, q := range []string{
		`DELETE FROM {plan_memberships} WHERE '<type>' = 'user' AND _run = <run> AND _n IN (SELECT p._n FROM {<plan>} p WHERE p._run = <run> AND (<which>))`,
		`DELETE FROM {<plan>} AS p WHERE p._run = <run> AND (<which>)`,
	} {
		if _, err := p.Conn.Exec(ctx, from.Replace(q)); err != nil {
			return schema.Wrap(err, "forget what is planned again")
		}
	}
	return nil
}
