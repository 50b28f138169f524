package engine

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A spool keeps what a run reads of its source until that is planned: if the run
// is cut off, another goes on where it was.
type spool struct {
	run     *run
	id      int64
	began   time.Time
	state   json.RawMessage // of the last page
	n       int             // pages
	records int
	result  plugin.Reading

	asked map[plugin.Type]int // of these types what is missing was looked up: how many were found, or are gone
}

// recent is how old a reading may be that is gone on with: what it began with
// may have changed since.
const recent = time.Hour

// openSpool takes over the spool of a run of the source that was cut off, where
// it was read with the same setup, the source can go on, and no event up to the
// one given has come since it began; or makes a new one. What else is left is
// dropped.
func (r *run) openSpool(ctx context.Context, setup string, event int64) (*spool, error) {
	tx, err := r.engine.db.Begin(ctx, r.engine.db)
	if err != nil {
		return nil, schema.Wrap(err, "begin to read")
	}
	defer tx.Rollback() // after Commit it does nothing
	x := r.engine.db.On(tx)
	s := &spool{run: r}
	if r.kind == pulling {
		if err := s.adopt(ctx, x, setup, event); err != nil {
			return nil, err
		}
		if err := dropSpools(ctx, x, `g.source = ? AND g.id <> ? AND `+deserted, r.source, s.id); err != nil {
			return nil, err
		}
	}
	if s.id == 0 {
		now := r.engine.db.Now(0)
		err := x.Get(ctx, &s.id, `INSERT INTO {readings} (source, run, setup, began_at) VALUES (?, ?, ?, `+now+`) RETURNING id`, r.source, r.id, setup)
		if err != nil {
			return nil, schema.Wrap(err, "begin to read")
		}
	}
	return s, schema.Wrap(tx.Commit(), "begin to read")
}

func (s *spool) adopt(ctx context.Context, x schema.Conn, setup string, event int64) error {
	var row struct {
		ID      int64
		BeganAt schema.Timestamp `db:"began_at"`
		State   string
	}
	err := x.Get(ctx, &row, `SELECT id, began_at, state FROM {readings} g WHERE source = ? AND setup = ? AND setup <> '' AND state IS NOT NULL AND began_at > `+x.DB().Now(recent)+`
		AND EXISTS (SELECT 1 FROM {runs} r WHERE r.id = g.run AND r.kind = '`+pulling+`')
		AND NOT EXISTS (SELECT 1 FROM {inbox} i WHERE i.source = g.source AND i.id <= ? AND i.received_at >= g.began_at) ORDER BY id DESC LIMIT 1`, s.run.source, setup, event)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return schema.Wrap(err, "look for a reading that was cut off")
	}
	s.id, s.began, s.state = row.ID, row.BeganAt.Time, json.RawMessage(row.State)
	if err := s.forgetAsked(ctx, x); err != nil { // it is asked for anew
		return err
	}
	var kept struct{ Pages, Records int }
	err = x.Get(ctx, &kept, `SELECT count(*) AS pages, coalesce(sum(length(records) - length(replace(records, ?, ''))), 0) AS records FROM {pages} WHERE reading = ?`, "\n", s.id)
	s.n, s.records = kept.Pages, kept.Records
	if err == nil {
		_, err = x.Exec(ctx, `UPDATE {readings} SET run = ? WHERE id = ?`, s.run.id, s.id)
	}
	return schema.Wrap(err, "go on with a reading")
}

// dropSpools drops readings, those for which which, SQL over g, holds.
func dropSpools(ctx context.Context, x schema.Conn, which string, args ...any) error {
	for _, q := range []string{`DELETE FROM {pages} WHERE reading IN (SELECT g.id FROM {readings} g WHERE `, `DELETE FROM {readings} WHERE id IN (SELECT g.id FROM {readings} g WHERE `} {
		if _, err := x.Exec(ctx, q+which+`)`, args...); err != nil {
			return schema.Wrap(err, "drop what was read")
		}
	}
	return nil
}

// deserted is SQL for: nobody reads g any more.
const deserted = `NOT EXISTS (SELECT 1 FROM {runs} r WHERE r.id = g.run AND r.finished_at IS NULL)`

// dropSpool drops what the run has read.
func (r *run) dropSpool(ctx context.Context, x schema.Conn) error {
	return dropSpools(ctx, x, `g.run = ?`, r.id)
}

// add stores a page, with where the source goes on after it.
func (s *spool) add(ctx context.Context, page plugin.Page) error {
	return s.store(ctx, func(x schema.Conn) error {
		for _, part := range plugin.Group(page.Records) {
			s.n++
			s.records += len(part.Records)
			if err := s.insert(ctx, x, s.n, part); err != nil {
				return err
			}
		}
		var state any
		if page.State != nil {
			state = string(page.State)
		}
		_, err := x.Exec(ctx, `UPDATE {readings} SET state = ? WHERE id = ?`, state, s.id)
		return schema.Wrap(err, "store a page")
	})
}

// store has f write in a transaction, if the run is still ours.
func (s *spool) store(ctx context.Context, f func(schema.Conn) error) error {
	db := s.run.engine.db
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return schema.Wrap(err, "store a page")
	}
	defer tx.Rollback() // after Commit it does nothing
	x := db.On(tx)
	if err := f(x); err != nil {
		return err
	}
	if err := s.run.fence(ctx, x); err != nil {
		return err
	}
	return schema.Wrap(tx.Commit(), "store a page")
}

// insert stores records of one type as the page of that number.
func (s *spool) insert(ctx context.Context, x schema.Conn, n int, part plugin.UserData) error {
	text, err := lines(part.Records)
	if err == nil {
		_, err = x.Exec(ctx, `INSERT INTO {pages} (reading, n, type, records) VALUES (?, ?, ?, ?)`, s.id, n, string(part.DataType), text)
		err = schema.Wrap(err, "store a page")
	}
	return err
}

// lines are records as JSON, a record a line.
func lines(records []plugin.Record) (string, error) {
	var b bytes.Buffer
	for _, r := range records {
		raw, err := r.MarshalJSON()
		if err != nil {
			return "", &plugin.Error{Kind: plugin.Data, UID: r.UID, Msg: fmt.Sprintf("%s %.64q has an attribute that is no JSON", r.Type, r.UID), Hint: "mend the adapter"}
		}
		b.Write(raw)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// bodies are what was read, and what the source says besides is gone.
func (s *spool) bodies(ctx context.Context) iter.Seq2[Body, error] {
	return func(yield func(Body, error) bool) {
		var types []struct {
			N    int
			Type string
		}
		x := s.run.engine.db.On(s.run.engine.db)
		if err := x.Select(ctx, &types, `SELECT n, type FROM {pages} WHERE reading = ? ORDER BY n`, s.id); err != nil {
			yield(Body{}, schema.Wrap(err, "read what was stored"))
			return
		}
		for _, page := range types {
			if !yield(Body{DataType: page.Type, Records: s.page(ctx, x, page.N)}, nil) {
				return
			}
		}
		for gone, err := range bodiesOf(tombstones(s.result.Gone)) {
			if !yield(gone, err) {
				return
			}
		}
	}
}

// page are the records of one page.
func (s *spool) page(ctx context.Context, x schema.Conn, n int) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		var records string
		if err := x.Get(ctx, &records, `SELECT records FROM {pages} WHERE reading = ? AND n = ?`, s.id, n); err != nil {
			yield(nil, schema.Wrap(err, "read what was stored"))
			return
		}
		for line := range strings.Lines(records) {
			if !yield(json.RawMessage(strings.TrimSuffix(line, "\n")), nil) {
				return
			}
		}
	}
}

// tombstones are the records of refs as gone.
func tombstones(gone []plugin.Ref) []plugin.Record {
	records := make([]plugin.Record, len(gone))
	for i, ref := range gone {
		records[i] = plugin.Record{Type: ref.Type, UID: ref.UID, Deleted: true}
	}
	return records
}

// bodiesOf are records as a push has them.
func bodiesOf(records []plugin.Record) iter.Seq2[Body, error] {
	return func(yield func(Body, error) bool) {
		for _, part := range plugin.Group(records) {
			if !yield(Body{DataType: string(part.DataType), Records: rawRecords(part.Records)}, nil) {
				return
			}
		}
	}
}

func rawRecords(records []plugin.Record) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for _, r := range records {
			raw, err := r.MarshalJSON()
			if !yield(raw, err) {
				return
			}
		}
	}
}

// snapshot says that what was read is all there is, where the source does. It
// counts what the source has counted, and what it was asked for besides; what
// that left out is held to what came.
func (s *spool) snapshot() *Snapshot {
	if !s.result.Complete {
		return nil
	}
	counts := maps.Clone(s.result.Counts)
	for t, n := range s.asked {
		if _, counted := counts[t]; counted {
			counts[t] += n
		}
	}
	return &Snapshot{ID: fmt.Sprintf("run %d", s.run.id), Done: true, Counts: counts}
}
