package schema

import (
	"context"
	"fmt"
)

// A Sequence gives fresh ids to the rows of an INSERT … SELECT.
type Sequence struct {
	base   int64  // ids go on from here, where they are counted by hand
	serial string // PostgreSQL: the sequence of the column
	table  string
}

// Sequence gives the ids of one of NocoBase's tables whose id counts up by
// itself. On SQLite the transaction of x must hold the write lock.
func (db *DB) Sequence(ctx context.Context, x Conn, table string) (*Sequence, error) {
	s := &Sequence{table: table}
	if db.dialect.name == "postgres" {
		err := x.Get(ctx, &s.serial, `SELECT coalesce(pg_get_serial_sequence(?, 'id'), '')`, db.Table(table))
		if err == nil && s.serial == "" {
			err = &Error{Kind: Misconfigured, Op: "find the sequence of " + table, Hint: "its id is not counted by the database"}
		}
		return s, Wrap(err, "find the sequence of "+table)
	}
	err := x.Get(ctx, &s.base, `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?`, table)
	return s, Wrap(err, "find the last id of "+table)
}

// snowflakes is where the ids of departments begin that are made outside the
// host: NocoBase's form (seconds since 2020-11-11 · 2^21 + worker and
// sequence) with a second, a day after that epoch, that it can never make
// again, and a sequence of our own.
const snowflakes = 86400 << 21

// Snowflakes gives ids of departments, after all that there are of ours: where
// the counter comes from an older backup than the departments, it is behind. The
// rows' transaction must end soon: others that make departments wait for it.
func (db *DB) Snowflakes(ctx context.Context, x Conn) (*Sequence, error) {
	s := &Sequence{}
	if err := x.Get(ctx, &s.base, `SELECT next FROM {counters} WHERE name = 'departments' `+db.lock("FOR UPDATE")); err != nil {
		return nil, Wrap(err, "find the next id of departments")
	}
	s.base += snowflakes
	var last int64
	err := x.Get(ctx, &last, `SELECT coalesce(max(id), 0) FROM {departments} WHERE id > ? AND id < ?`, snowflakes, 2*snowflakes)
	s.base = max(s.base, last)
	return s, Wrap(err, "find the last id of departments")
}

// Next is SQL for the id of a row of a SELECT that goes through its rows in
// the order of seq: a fresh one where condition holds, used nowhere else.
func (s *Sequence) Next(condition, seq string) string {
	if s.serial != "" {
		return fmt.Sprintf("nextval('%s')", s.serial)
	}
	return fmt.Sprintf("(%d + sum(CASE WHEN %s THEN 1 ELSE 0 END) OVER (ORDER BY %s ROWS UNBOUNDED PRECEDING))",
		s.base, condition, seq)
}

// Used tells the sequence how many ids were taken, in the same transaction.
func (s *Sequence) Used(ctx context.Context, x Conn, n int64) error {
	var err error
	switch {
	case s.serial != "" || n == 0:
		return nil
	case s.table == "":
		_, err = x.Exec(ctx, `UPDATE {counters} SET next = ? WHERE name = 'departments'`, s.base-snowflakes+n)
	case s.base == 0:
		_, err = x.Exec(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, s.table)
		if err == nil {
			_, err = x.Exec(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`, s.table, n)
		}
	default:
		_, err = x.Exec(ctx, `UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?`, n, s.table)
	}
	return Wrap(err, "take ids")
}
