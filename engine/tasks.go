package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A TaskFilter narrows Tasks.
type TaskFilter struct {
	Source string // only of this source; empty for all
	Before string // only runs older than this id, for paging
	Limit  int    // 1 to 200; 0 means 20
}

// taskRow is a row of the table of runs.
type taskRow struct {
	ID         int64
	Source     string
	Kind       string
	State      State
	StartedAt  schema.Timestamp `db:"started_at"`
	FinishedAt schema.Timestamp `db:"finished_at"`
	Message    string
	Counts     string
}

const taskColumns = `SELECT id, source, kind, state, started_at, finished_at, message, counts FROM {runs} `

// Tasks lists runs, the newest first.
func (e *Engine) Tasks(ctx context.Context, f TaskFilter) ([]Task, error) {
	before, err := rowID("/before", f.Before)
	if err != nil {
		return nil, err
	}
	if err := e.bury(ctx); err != nil {
		return nil, told(ctx, err)
	}
	var rows []taskRow
	err = e.db.On(e.db).Select(ctx, &rows, taskColumns+`
		WHERE (? = '' OR source = ?) AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?`,
		f.Source, f.Source, before, before, limit(f.Limit, 20, 200))
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "list tasks"))
	}
	tasks := make([]Task, len(rows))
	for i, row := range rows {
		if tasks[i], err = e.task(row); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

// Task gives one run. The error is of kind NotFound when there is none.
func (e *Engine) Task(ctx context.Context, id string) (*Task, error) {
	n, err := rowID("/taskId", id)
	if err != nil {
		return nil, err
	}
	if err := e.bury(ctx); err != nil {
		return nil, told(ctx, err)
	}
	var row taskRow
	err = e.db.On(e.db).Get(ctx, &row, taskColumns+`WHERE id = ?`, n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/taskId", Msg: "there is no task " + strconv.FormatInt(n, 10)}
	}
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "read a task"))
	}
	task, err := e.task(row)
	return &task, err
}

// bury marks the runs of dead processes, should nobody push again. A database
// that cannot be written to now may have a living run at work.
func (e *Engine) bury(ctx context.Context) error {
	x := e.db.On(e.db)
	var there bool
	if err := x.Get(ctx, &there, `SELECT EXISTS (SELECT 1 FROM {runs} WHERE `+e.silent()+`)`); err != nil || !there {
		return schema.Wrap(err, "look for runs that were interrupted")
	}
	ctx, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	if err := e.markSilent(ctx, x); err != nil {
		e.log.Debug("silent runs could not be marked as interrupted now", zap.Error(err))
	}
	return nil
}

func (e *Engine) task(row taskRow) (Task, error) {
	t := Task{
		ID: strconv.FormatInt(row.ID, 10), Source: row.Source, Kind: row.Kind,
		Status: row.State.Status(), State: row.State, Message: row.Message,
		StartedAt: row.StartedAt.Time,
	}
	end := e.now()
	if !row.FinishedAt.IsZero() {
		end = row.FinishedAt.Time
		t.FinishedAt = &end
	}
	t.Cost = max(0, end.Sub(row.StartedAt.Time).Milliseconds())
	if err := json.Unmarshal([]byte(row.Counts), &t.Counts); err != nil {
		return t, fmt.Errorf("read the counts of task %d: %w", row.ID, err)
	}
	return t, nil
}

// An ItemFilter narrows Items.
type ItemFilter struct {
	Task   string
	Failed bool // only those that failed
	Offset int
	Limit  int // 1 to 1000; 0 means 100
}

// Items lists what a run did, or a plan would do: departments first, in the
// order of the records. Records that are as they were are no items.
func (e *Engine) Items(ctx context.Context, f ItemFilter) ([]Item, error) {
	run, err := rowID("/taskId", f.Task)
	if err != nil {
		return nil, err
	}
	var parts []string
	var args []any
	for i, t := range e.types() {
		parts = append(parts, strings.NewReplacer("<plan>", t.Plan, "<type>", string(t.Type), "<rank>", strconv.Itoa(i)).Replace(`
			SELECT <rank> AS place, abs(p._n) AS n, '<type>' AS type, p._uid AS uid, p._op AS op, p._changed AS fields,
			       coalesce(p._reason, '') AS reason, coalesce(CAST(p._row_id AS text), '') AS row,
			       EXISTS (SELECT 1 FROM {chunks} c WHERE c.run = p._run AND c.type = '<type>' AND p._n BETWEEN c.first AND c.last) AS applied
			FROM {<plan>} p WHERE p._run = ? AND (? = 0 OR p._op = 'fail')`))
		failed := 0
		if f.Failed {
			failed = 1
		}
		args = append(args, run, failed)
	}
	var rows []struct {
		Place                              int
		N                                  int64
		Type, UID, Op, Fields, Reason, Row string
		Applied                            bool
	}
	err = e.db.On(e.db).Select(ctx, &rows, `SELECT * FROM (`+strings.Join(parts, " UNION ALL ")+`) i ORDER BY place, n LIMIT ? OFFSET ?`,
		append(args, limit(f.Limit, 100, 1000), max(0, f.Offset))...)
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "list the items of a task"))
	}
	items := make([]Item, len(rows))
	for i, row := range rows {
		items[i] = Item{
			Type: plugin.Type(row.Type), UID: row.UID, Op: row.Op, Fields: changedFields(row.Fields),
			State: itemState(row.Op, row.Applied), Reason: row.Reason, RowID: row.Row,
		}
	}
	return items, nil
}

// changedFields reads the names that the plan keeps, each followed by the end
// of its line.
func changedFields(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func itemState(op string, applied bool) string {
	switch {
	case op == "fail":
		return "failed"
	case op == "skip":
		return "skipped"
	case applied:
		return "applied"
	}
	return "planned"
}

// Record gives a record as it was last received. The error is of kind NotFound
// when the source never sent it.
func (e *Engine) Record(ctx context.Context, source string, t plugin.Type, uid string) (*StoredRecord, error) {
	x := e.db.On(e.db)
	var row struct {
		ID        int64
		Meta      *string
		Last      *string
		CreatedAt schema.Timestamp `db:"created_at"`
		UpdatedAt schema.Timestamp `db:"updated_at"`
	}
	err := x.Get(ctx, &row, `
		SELECT t.id, CAST(t.[metaData] AS text) AS meta, CAST(t.[lastMetaData] AS text) AS last, t.[createdAt] AS created_at, t.[updatedAt] AS updated_at
		FROM {records} r JOIN {userDataSyncRecords} t ON t.id = r.record_id WHERE r.uid = ? AND r.source = ? AND r.type = ?`, uid, source, t)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/uid", UID: uid, Msg: fmt.Sprintf("source %.64q never sent a %.64s with that uid", source, t)}
	}
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "read a record"))
	}
	record := &StoredRecord{
		ID: strconv.FormatInt(row.ID, 10), SourceName: source, UID: uid, DataType: t,
		MetaData: document(row.Meta), LastMetaData: document(row.Last), Resources: []Link{},
		CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time,
	}
	err = x.Select(ctx, &record.Resources, `
		SELECT resource, coalesce([resourcePk], '') AS resourcepk FROM {userDataSyncRecordsResources} WHERE [recordId] = ? ORDER BY id`, row.ID)
	return record, told(ctx, schema.Wrap(err, "read the links of a record"))
}

func document(s *string) json.RawMessage {
	if s == nil {
		return json.RawMessage("null")
	}
	return json.RawMessage(*s)
}

// rowID reads the id of a row, which travels as a string; empty is 0.
func rowID(path, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, &plugin.Error{Kind: plugin.NotFound, Path: path, Msg: "an id is a number in a string"}
	}
	return n, nil
}

func limit(n, otherwise, most int) int {
	if n <= 0 {
		return otherwise
	}
	return min(n, most)
}
