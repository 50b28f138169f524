package schema

import (
	"context"
	"strings"
)

// ForPlanning sets a transaction up for joins of so many staged rows. Many are
// joined as whole tables: with a wrong guess at what a step leaves over,
// PostgreSQL would compare each row with each.
func (db *DB) ForPlanning(ctx context.Context, x Conn, rows int) error {
	return db.set(ctx, x, forWhole(rows)...)
}

func forWhole(rows int) []string {
	settings := []string{"work_mem = '64MB'", "jit = off", unsynced, awake}
	if rows >= many {
		settings = append(settings, "enable_nestloop = off")
	}
	return settings
}

// many staged rows are joined as whole tables.
const many = 10_000

// Analyze tells PostgreSQL what a freshly filled table holds. Without that it
// would take a staged row for some hundreds, and read a whole directory to find
// one person in it. Of many rows it need not know, and looking would take long.
func (db *DB) Analyze(ctx context.Context, x Conn, rows int, table string) error {
	if db.dialect.name != "postgres" || rows >= many {
		return nil
	}
	_, err := x.Exec(ctx, "ANALYZE "+table)
	return Wrap(err, "analyze "+table)
}

// ForApplying sets a transaction up for many small steps through indexes,
// whatever the statistics of the moment say. Joins are made in the order in which
// they are written.
func (db *DB) ForApplying(ctx context.Context, x Conn) error {
	return db.set(ctx, x, "enable_hashjoin = off", "enable_mergejoin = off", "join_collapse_limit = 1", "jit = off", unsynced, awake, yielding)
}

// ForApplyingWhole is ForApplying for so many rows that are written at once.
func (db *DB) ForApplyingWhole(ctx context.Context, x Conn, rows int) error {
	return db.set(ctx, x, append(forWhole(rows), yielding)...)
}

// ForTaking sets a transaction up for taking the first of many rows in the order
// of an index, which are not to be sorted all.
func (db *DB) ForTaking(ctx context.Context, x Conn) error {
	return db.set(ctx, x, "enable_sort = off", "enable_seqscan = off", "enable_bitmapscan = off", "enable_hashjoin = off", "jit = off", unsynced, awake)
}

// yielding has a transaction give up, and with it the rows that it holds, when
// it waits for one that somebody else holds: people who want the others would
// wait as long. It is far below the second after which PostgreSQL looks for
// deadlocks, so that it is never the host whose transaction is sacrificed.
const yielding = "lock_timeout = '80ms'"

// unsynced lets the steps of a run not wait for the disk. A power failure may
// then lose the last of them, each whole and with its mark, as if the run had
// been interrupted earlier; that it ended is written and waited for, and all
// before it with it.
const unsynced = "synchronous_commit = off"

// awake ends the session of a process that is stopped in the middle of a
// transaction: its locks would keep everybody waiting until it wakes.
const awake = "idle_in_transaction_session_timeout = '30s'"

func (db *DB) set(ctx context.Context, x Conn, settings ...string) error {
	if db.dialect.name != "postgres" {
		return nil
	}
	_, err := x.Exec(ctx, "SET LOCAL "+strings.Join(settings, "; SET LOCAL "))
	return Wrap(err, "prepare the transaction")
}
