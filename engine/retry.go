package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Retry does again what of a task failed or was not reached, and only that, as
// a task of its own; what has been said of a record since is not undone. A task
// that was interrupted is gone on with instead. The error is of kind NotFound
// when there is no such task, of kind Locked while it is still at work, of kind
// Unsupported when its records were not kept.
func (e *Engine) Retry(ctx context.Context, task string, report func(Progress)) (*Report, error) {
	row, err := e.runRow(ctx, task)
	if err != nil {
		return nil, err
	}
	switch {
	case row.State.Status() == "processing" || row.State == Queued:
		return nil, &plugin.Error{Kind: plugin.Locked, Path: "/taskId", Msg: "task " + task + " is still at work", Hint: "wait for its end"}
	case row.Kind == planOnly:
		return nil, &plugin.Error{Kind: plugin.Unsupported, Path: "/taskId", Msg: "task " + task + " only planned", Hint: "push what was planned"}
	case row.Totals == nil && row.Kind == pulling:
		return e.readAgain(ctx, row, report)
	case row.Totals == nil && row.Kind == changing:
		return nil, &plugin.Error{
			Kind: plugin.Unsupported, Path: "/taskId", Msg: "task " + task + " ended before its events were acted on; they are still in the inbox",
			Hint: "they are tried again by themselves; Roster's log says what keeps them",
		}
	case row.Totals == nil:
		return nil, &plugin.Error{
			Kind: plugin.Unsupported, Path: "/taskId", Msg: "task " + task + " ended before its records were planned, and they were not kept",
			Hint: "push them again",
		}
	case row.State == Interrupted:
		leave, err := e.queue.enter(ctx, row.Source)
		if err != nil {
			return nil, err
		}
		defer leave()
		if r, err := e.resume(ctx, *row, report); r != nil || err != nil {
			return r, err
		}
		return nil, &plugin.Error{Kind: plugin.Locked, Path: "/taskId", Msg: "another process goes on with task " + task, Hint: "wait for its end"}
	}
	return e.again(ctx, *row, report)
}

// readAgain reads the source of a run that did not come to a plan, from where that
// one was cut off.
func (e *Engine) readAgain(ctx context.Context, row *runRow, report func(Progress)) (*Report, error) {
	var asked request
	if err := json.Unmarshal([]byte(row.Request), &asked); err != nil {
		return nil, fmt.Errorf("read what run %d was asked for: %w", row.ID, err)
	}
	if asked.Inline {
		return nil, &plugin.Error{
			Kind: plugin.Unsupported, Path: "/taskId", Msg: fmt.Sprintf("task %d ended before its records were read, and how its source is set up was said by the host", row.ID),
			Hint: "start it again",
		}
	}
	return e.Sync(ctx, Sync{Source: row.Source, Actor: asked.Actor, Task: row.Task}, report)
}

// again does what is left of a run as a run of its own. Its records arrived
// when they did.
func (e *Engine) again(ctx context.Context, row runRow, report func(Progress)) (*Report, error) {
	r, err := e.runOf(row, retrying, report)
	if err != nil {
		return nil, err
	}
	layouts, err := r.layouts(ctx, e.db.On(e.db))
	if err != nil {
		return nil, told(ctx, err)
	}
	left := &leftovers{run: row.ID, which: `p._op = 'fail'`}
	if row.State != Success && row.State != Partial {
		left.which = `p._op IN ('fail', 'stale') OR ` + writable("p.") + ` AND NOT ` + written
	}
	var b batch
	err = e.run(ctx, r, func(ctx context.Context) error {
		if err := r.repost(ctx, row.ID); err != nil {
			return err
		}
		b = r.batchOf(ctx, layouts, left)
		return r.do(ctx, b)
	})
	if err != nil {
		return nil, err
	}
	return b.shares[0].result, nil
}

func (e *Engine) runRow(ctx context.Context, task string) (*runRow, error) {
	id, err := rowID("/taskId", task)
	if err != nil {
		return nil, err
	}
	if err := e.bury(ctx); err != nil {
		return nil, told(ctx, err)
	}
	var row runRow
	err = e.db.On(e.db).Get(ctx, &row, runColumns+`WHERE id = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/taskId", Msg: fmt.Sprintf("there is no task %d", id)}
	}
	return &row, told(ctx, schema.Wrap(err, "read a task"))
}

// Cancel asks a run to stop, in whatever process it works, and gives the task
// as it stands then: it stops within some seconds. What was committed stands.
// One that has ended is left as it is.
func (e *Engine) Cancel(ctx context.Context, task string) (*Task, error) {
	row, err := e.runRow(ctx, task)
	if err != nil {
		return nil, err
	}
	_, err = e.db.On(e.db).Exec(ctx, `UPDATE {runs} SET cancel_at = `+e.db.Now(0)+` WHERE id = ? AND finished_at IS NULL`, row.ID)
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "ask a run to stop"))
	}
	e.living.stop(row.ID)
	return e.Task(ctx, task)
}

// Wait returns when the run has ended, or with the error of ctx. The task of a
// process that died has ended.
func (e *Engine) Wait(ctx context.Context, task string) (*Task, error) {
	for {
		t, err := e.Task(ctx, task)
		if err != nil || t.FinishedAt != nil {
			return t, err
		}
		select {
		case <-ctx.Done():
			return t, canceled("wait for task "+task, ctx.Err())
		case <-time.After(poll):
		}
	}
}
