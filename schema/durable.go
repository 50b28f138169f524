package schema

import "context"

// Durably runs f in a transaction of its own, and returns when what it wrote is
// on disk: it survives that the power fails. PostgreSQL sees to that by default;
// SQLite, as it is opened here, only sees to that nothing is half written.
func (db *DB) Durably(ctx context.Context, f func(Conn) error) error {
	conn, err := db.Connx(ctx)
	if err != nil {
		return Wrap(err, "connect to the database")
	}
	defer conn.Close()
	if db.dialect.name == "sqlite" {
		if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
			return Wrap(err, "prepare to wait for the disk")
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = NORMAL") //nolint:errcheck // it would only wait where it need not
	}
	tx, err := db.Begin(ctx, conn)
	if err != nil {
		return Wrap(err, "begin a transaction")
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(db.On(tx)); err != nil {
		return err
	}
	return Wrap(tx.Commit(), "commit")
}
