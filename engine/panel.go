package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// What NocoBase's panel shows of a run: a row of userDataSyncTasks, made by the
// host that asked for it or by us. Pushes have none, as in NocoBase.

// show gives a run that reads a source its row: both know of each other, or the
// row is as it was.
func (r *run) show(ctx context.Context) error {
	if r.kind == planOnly || r.task == 0 && (r.sourceID == 0 || r.kind != pulling) {
		return nil
	}
	tx, err := r.engine.db.Begin(ctx, r.engine.db)
	if err != nil {
		return schema.Wrap(err, "begin to show a task")
	}
	defer tx.Rollback() // after Commit it does nothing
	x, task := r.engine.db.On(tx), r.task
	if task == 0 {
		task, err = r.makeTask(ctx, x)
	} else { // it may have failed before
		_, err = x.Exec(ctx, `UPDATE {userDataSyncTasks} SET status = 'processing', message = NULL, [updatedAt] = `+r.engine.db.TimeLiteral(r.engine.now())+` WHERE id = ? AND status <> 'success'`, task)
	}
	if err == nil {
		_, err = x.Exec(ctx, `UPDATE {runs} SET task_id = ? WHERE id = ?`, task, r.id)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return schema.Wrap(err, "show the run in userDataSyncTasks")
	}
	r.task = task
	return nil
}

func (r *run) makeTask(ctx context.Context, x schema.Conn) (id int64, err error) {
	now := r.engine.now()
	at := r.engine.db.TimeLiteral(now)
	batch := now.Format("20060102150405") + fmt.Sprintf("%06d", rand.IntN(1_000_000)) // NocoBase's form
	err = x.Get(ctx, &id, `INSERT INTO {userDataSyncTasks} ([createdAt], [updatedAt], batch, [sourceId], status, sort)
		VALUES (`+at+`, `+at+`, ?, ?, 'processing', (SELECT coalesce(max(sort), 0) + 1 FROM {userDataSyncTasks})) RETURNING id`, batch, r.sourceID)
	return id, err
}

// showEnds brings the rows of runs that have ended up to date: those of one run,
// or of any when run is 0.
func (e *Engine) showEnds(ctx context.Context, x schema.Conn, run int64) error {
	var ended []struct {
		ID, Task  int64
		Message   string
		State     State
		StartedAt schema.Timestamp `db:"started_at"`
		EndedAt   schema.Timestamp `db:"finished_at"`
	}
	err := x.Select(ctx, &ended, `SELECT r.id, r.task_id AS task, r.message, r.state, r.started_at, r.finished_at FROM {runs} r
		JOIN {userDataSyncTasks} t ON t.id = r.task_id WHERE (r.id = ? OR ? = 0) AND r.finished_at IS NOT NULL AND t.status IN ('init', 'processing')
		AND NOT EXISTS (SELECT 1 FROM {runs} later WHERE later.task_id = r.task_id AND later.id > r.id)`, run, run)
	if err != nil {
		return schema.Wrap(err, "look for tasks that have ended")
	}
	for _, t := range ended {
		why, err := e.firstFailure(ctx, x, t.ID)
		if err != nil {
			return err
		}
		_, err = x.Exec(ctx, `UPDATE {userDataSyncTasks} SET status = ?, message = ?, cost = ?, [updatedAt] = `+e.db.TimeLiteral(e.now())+` WHERE id = ?`,
			t.State.Status(), clip(t.Message+why), t.EndedAt.Sub(t.StartedAt.Time).Milliseconds(), t.Task)
		if err != nil {
			return schema.Wrap(err, "show how the task ended")
		}
	}
	return nil
}

// firstFailure says why the first record failed that did: the panel shows no
// more of a run than its message. It is empty when none failed.
func (e *Engine) firstFailure(ctx context.Context, x schema.Conn, run int64) (string, error) {
	for _, t := range e.types() {
		var reasons []string
		err := x.Select(ctx, &reasons, t.names(run).Replace(`SELECT p._reason FROM {<plan>} p
			WHERE p._run = <run> AND p._op = 'fail' AND p._reason IS NOT NULL ORDER BY abs(p._n) LIMIT 1`))
		if err != nil {
			return "", schema.Wrap(err, "look why records failed")
		}
		if len(reasons) > 0 {
			return "; the first: " + reasons[0], nil
		}
	}
	return "", nil
}

// ShownTask gives the run that a row of NocoBase's userDataSyncTasks shows, the
// newest of them. The error is of kind NotFound when it shows none of ours.
func (e *Engine) ShownTask(ctx context.Context, id string) (*Task, error) {
	n, err := rowID("/id", id)
	if err != nil {
		return nil, err
	}
	var run *int64
	if err := e.db.On(e.db).Get(ctx, &run, `SELECT max(id) FROM {runs} WHERE task_id = ?`, n); err != nil {
		return nil, told(ctx, schema.Wrap(err, "look for the run of a task"))
	}
	if run == nil {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/id", Msg: fmt.Sprintf("task %d of userDataSyncTasks is no run of Roster's", n)}
	}
	return e.Task(ctx, strconv.FormatInt(*run, 10))
}
