package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// missing are the records of a source that a reading does not have. They are in a
// temporary table, on a connection that is in no transaction: nobody waits for it
// while the source is asked.
type missing struct {
	*pull
	spool  *spool
	turn   bool // it is one of those that look up at once
	conn   *sqlx.Conn
	x      schema.Conn
	total  int
	known  map[plugin.Type]int // of each type that was looked for, how many were found or are gone
	pages  int                 // that those make
	hidden int                 // how many the source does not show
	few    []string            // the names of some
}

func (m *missing) release(ctx context.Context) {
	if m.conn != nil {
		m.run.engine.db.Release(ctx, m.conn)
	}
	if m.turn {
		m.run.engine.queue.lookUps.Release(1)
	}
}

// list looks for what is missing, of the types whose records may go. A source
// that nothing has come from yet lacks nothing.
func (m *missing) list(ctx context.Context) (err error) {
	db, types := m.run.engine.db, m.removable()
	var known bool
	if err := db.On(db).Get(ctx, &known, `SELECT EXISTS (SELECT 1 FROM {records} WHERE source = ?)`, m.run.source); err != nil {
		return schema.Wrap(err, "look for records of the source")
	}
	if !known || len(types) == 0 {
		return nil
	}
	if err := m.run.engine.queue.lookUps.Acquire(ctx, 1); err != nil {
		return canceled("wait for other look-ups", err)
	}
	m.turn = true
	if m.conn, err = db.Connx(ctx); err != nil {
		return schema.Wrap(err, "connect to the database")
	}
	m.x = db.On(m.conn)
	if err := db.Temp(ctx, m.x, "missing", db.Key("n")+`, type text NOT NULL, uid text NOT NULL`); err != nil {
		return err
	}
	read, err := m.loadRead(ctx)
	if err != nil {
		return err
	}
	return m.compare(ctx, types, read)
}

// compare lists what is missing of types, in a transaction that keeps nobody
// waiting: it writes a temporary table only.
func (m *missing) compare(ctx context.Context, types []plugin.Type, read int) error {
	tx, err := m.conn.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return schema.Wrap(err, "look for what is missing")
	}
	defer tx.Rollback() // after Commit it does nothing
	db := m.run.engine.db
	x := db.On(tx)
	if err := db.ForPlanning(ctx, x, read); err != nil {
		return err
	}
	for _, t := range types {
		if err := m.listType(ctx, x, t); err != nil {
			return err
		}
	}
	return schema.Wrap(tx.Commit(), "look for what is missing")
}

// removable are the types whose records may go.
func (m *missing) removable() []plugin.Type {
	var types []plugin.Type
	for _, t := range m.run.engine.types() {
		if m.run.options.removal(t.Type, absent) != Keep {
			types = append(types, t.Type)
		}
	}
	return types
}

// loadRead makes a table of what was read, and says how much that is.
func (m *missing) loadRead(ctx context.Context) (read int, err error) {
	db := m.run.engine.db
	if err := db.Temp(ctx, m.x, "was_read", `type text NOT NULL, uid text NOT NULL`); err != nil {
		return 0, err
	}
	rows := db.Rows(2)
	for body, err := range m.spool.bodies(ctx) {
		if err != nil {
			return 0, err
		}
		for uid, err := range uids(body.Records) {
			if err != nil {
				return 0, err
			}
			rows.Add(body.DataType, uid)
		}
		if err := db.Load(ctx, m.conn, "was_read", []string{"type", "uid"}, rows); err != nil {
			return 0, err
		}
		read += rows.Len()
		rows.Reset()
	}
	if err := db.Index(ctx, m.x, "was_read", "uid, type"); err != nil {
		return 0, err
	}
	return read, db.Analyze(ctx, m.x, read, "was_read")
}

// uids are those of records as a spool has them. One that no database can keep is
// left out: its record is refused, and was so before.
func uids(records iter.Seq2[json.RawMessage, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for raw, err := range records {
			var record struct {
				UID string `json:"uid"` // the last of its members, should others differ in case only: they are sorted
			}
			if err == nil {
				err = json.Unmarshal(raw, &record)
			}
			if err != nil {
				yield("", fmt.Errorf("read what was stored: %w", err))
				return
			}
			if strings.IndexByte(record.UID, 0) < 0 && !yield(record.UID, nil) {
				return
			}
		}
	}
}

// listType lists what is missing of a type, if the reading speaks of it and has
// as much as its source counts. What has been done with a record that is gone is
// not done again.
func (m *missing) listType(ctx context.Context, x schema.Conn, t plugin.Type) error {
	var came int
	if err := x.Get(ctx, &came, `SELECT count(DISTINCT uid) FROM was_read WHERE type = ?`, string(t)); err != nil {
		return schema.Wrap(err, "count what was read")
	}
	want, counted := m.spool.result.Counts[t]
	if counted && came != want || !counted && came == 0 {
		return nil
	}
	m.known[t] = 0
	done := `''`
	if m.run.options.removal(t, absent) == Disabling {
		done = `'disabled'`
	}
	n, err := x.Exec(ctx, `
		INSERT INTO missing (n, type, uid) SELECT CAST(? AS bigint) + row_number() OVER (ORDER BY r.uid), r.type, r.uid FROM {records} r
		WHERE r.source = ? AND r.type = ? AND (r.removed IS NULL OR r.removed IN ('kept', 'disabled') AND r.removed <> `+done+`)
		AND r.seen_at <= `+m.run.engine.db.TimeLiteral(m.run.arrived)+` AND NOT EXISTS (SELECT 1 FROM was_read c WHERE c.uid = r.uid AND c.type = r.type)`,
		m.total, m.run.source, string(t))
	m.total += int(n)
	return schema.Wrap(err, "look for what the reading does not have")
}

// some are the next to be asked for.
func (m *missing) some(ctx context.Context, done int) ([]plugin.Ref, error) {
	var some []plugin.Ref
	err := m.x.Select(ctx, &some, `SELECT type, uid FROM missing WHERE n > ? AND n <= ? ORDER BY n`, done, done+atOnce)
	return some, schema.Wrap(err, "read what is missing")
}
