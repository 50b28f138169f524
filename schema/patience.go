package schema

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
)

// patience is how long a writer waits for the one that has a SQLite file's
// write lock. SQLite hears of nothing while it waits, so it does so only
// briefly (see openSQLite); in between we look whether anybody still wants the
// answer.
const patience = 30 * time.Second

// patiently calls f until it does not find the file locked by somebody else.
func (db *DB) patiently(ctx context.Context, f func() error) error {
	for start := time.Now(); ; {
		err := f()
		if err == nil || db.dialect.name != "sqlite" || ClassOf(err) != Busy || time.Since(start) > patience {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// A Beginner begins transactions: the database, or a connection.
type Beginner interface {
	BeginTxx(ctx context.Context, opts *sql.TxOptions) (*sqlx.Tx, error)
}

// Begin begins a transaction that writes. On SQLite it waits for its turn.
func (db *DB) Begin(ctx context.Context, on Beginner) (tx *sqlx.Tx, err error) {
	err = db.patiently(ctx, func() error {
		tx, err = on.BeginTxx(ctx, nil)
		return err
	})
	return tx, err
}
