package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
	Failed bool   // only those that failed
	After  string // only those after the item with this id, for the next page
	Limit  int    // 1 to 1000; 0 means 100
}

// Items lists what a run did, or a plan would do: departments first, of each
// type those whose values change hands, then the others in the order of the
// records. Records that are as they were are no items.
func (e *Engine) Items(ctx context.Context, f ItemFilter) ([]Item, error) {
	run, err := rowID("/taskId", f.Task)
	if err != nil {
		return nil, err
	}
	from, after, err := itemPlace(f.After)
	if err != nil {
		return nil, err
	}
	items := []Item{}
	most := limit(f.Limit, 100, 1000)
	for place, t := range e.types() {
		if place < from {
			continue
		}
		for _, exchanged := range []bool{true, false} {
			if place == from && after >= 0 && exchanged {
				continue
			}
			begin := int64(-1)
			switch {
			case place == from && (after < 0) == exchanged && f.After != "":
				begin = after
			case exchanged:
				begin = 0
			}
			page, err := e.itemsOf(ctx, t, place, run, exchanged, begin, f.Failed, most-len(items))
			if err != nil {
				return nil, err
			}
			if items = append(items, page...); len(items) == most {
				return items, nil
			}
		}
	}
	return items, nil
}

// itemsOf lists items of one type: of those whose values change hands the
// places are negative and run down, of the others they run up.
func (e *Engine) itemsOf(ctx context.Context, t *Table, place int, run int64, exchanged bool, after int64, failed bool, most int) ([]Item, error) {
	which, order := "p._n >= 0 AND p._n > ?", "p._n"
	if exchanged {
		which, order = "p._n < 0 AND p._n < ?", "p._n DESC"
	}
	if failed {
		which += " AND p._op = 'fail'"
	}
	var rows []struct {
		N                            int64
		UID, Op, Fields, Reason, Row string
		Applied                      bool
		Went                         int
	}
	err := e.db.On(e.db).Select(ctx, &rows, t.names(run).Replace(`
		SELECT p._n AS n, p._uid AS uid, p._op AS op, p._changed AS fields, coalesce(p._reason, '') AS reason, coalesce(CAST(p._row_id AS text), '') AS row,
		       `+written+` AS applied, CASE WHEN p._op = 'delete' THEN `+went+` ELSE 0 END AS went
		FROM {<plan>} p WHERE p._run = <run> AND `+which+` ORDER BY `+order+` LIMIT ?`), after, most)
	items := make([]Item, len(rows))
	for i, row := range rows {
		items[i] = Item{
			ID: fmt.Sprintf("%d.%d", place, row.N), Type: t.Type, UID: row.UID, Op: row.Op, Fields: changedFields(row.Fields),
			State: itemState(row.Op, row.Applied), Reason: row.Reason, RowID: row.Row, Along: max(0, row.Went-1),
		}
	}
	return items, told(ctx, schema.Wrap(err, "list the items of a task"))
}

// itemPlace reads the id of an item.
func itemPlace(id string) (place int, n int64, err error) {
	if id == "" {
		return 0, -1 << 62, nil
	}
	if _, err := fmt.Sscanf(id, "%d.%d", &place, &n); err != nil || place < 0 {
		return 0, 0, &plugin.Error{Kind: plugin.NotFound, Path: "/after", Msg: "after is the id of an item"}
	}
	return place, n, nil
}

// An Outcome is the records of one type that came to one thing for one reason.
type Outcome struct {
	Type   plugin.Type `json:"type"`
	Op     string      `json:"op"` // fail, keep, unlink or skip
	Reason string      `json:"reason,omitempty"`
	Count  int         `json:"count"`
	UIDs   []string    `json:"uids"` // the first of them
}

// Outcomes groups by reason what of a run was not written as it came: what
// failed first, then what was kept, unlinked and skipped, the most frequent
// reason first; of each group it names up to so many records, or all.
func (e *Engine) Outcomes(ctx context.Context, task string, uids int) ([]Outcome, error) {
	run, err := rowID("/taskId", task)
	if err != nil {
		return nil, err
	}
	if uids < 0 {
		uids = math.MaxInt32
	}
	var parts []string
	for i, t := range e.types() {
		parts = append(parts, t.names(run, "<rank>", strconv.Itoa(i)).Replace(`
			SELECT <rank> AS rank, '<type>' AS type, p._op AS op, coalesce(p._reason, '') AS reason, p._uid AS uid, abs(p._n) AS n,
			       count(*) OVER (PARTITION BY p._op, p._reason) AS count, row_number() OVER (PARTITION BY p._op, p._reason ORDER BY abs(p._n)) AS place
			FROM {<plan>} p WHERE p._run = <run> AND p._op IN ('fail', 'keep', 'unlink', 'skip')`))
	}
	var rows []struct {
		Type, Op, Reason, UID string
		Count                 int
	}
	err = e.db.On(e.db).Select(ctx, &rows, `SELECT type, op, reason, uid, count FROM (`+strings.Join(parts, " UNION ALL ")+`) o WHERE place <= ?
		ORDER BY CASE op WHEN 'fail' THEN 0 WHEN 'keep' THEN 1 WHEN 'unlink' THEN 2 ELSE 3 END, count DESC, rank, reason, n`, uids)
	if err != nil {
		return nil, told(ctx, schema.Wrap(err, "group the items of a task"))
	}
	outcomes := []Outcome{}
	for _, row := range rows {
		o := Outcome{Type: plugin.Type(row.Type), Op: row.Op, Reason: row.Reason, Count: row.Count}
		if n := len(outcomes); n == 0 || outcomes[n-1].Type != o.Type || outcomes[n-1].Op != o.Op || outcomes[n-1].Reason != o.Reason {
			outcomes = append(outcomes, o)
		}
		last := &outcomes[len(outcomes)-1]
		last.UIDs = append(last.UIDs, row.UID)
	}
	return outcomes, nil
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
