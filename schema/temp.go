package schema

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/jmoiron/sqlx"
)

// Key declares the first column of a temporary table, a number that its rows
// are looked up by. SQLite's tables are sorted by it for nothing; PostgreSQL
// joins whole tables and needs no index.
func (db *DB) Key(name string) string {
	if db.dialect.name == "sqlite" {
		return name + " INTEGER PRIMARY KEY"
	}
	return name + " bigint NOT NULL"
}

// Temp makes an empty temporary table on the connection of x, in place of one
// of that name that an earlier run may have left. One of NocoBase's that is
// called the same is out of sight and stays.
func (db *DB) Temp(ctx context.Context, x Conn, name, columns string) error {
	_, err := x.Exec(ctx, "DROP TABLE IF EXISTS "+db.dialect.temp+"."+name+"; CREATE TEMP TABLE "+name+" ("+columns+")")
	return Wrap(err, "make "+name)
}

// Untemp drops a temporary table, if it is there.
func (db *DB) Untemp(ctx context.Context, x Conn, name string) error {
	_, err := x.Exec(ctx, "DROP TABLE IF EXISTS "+db.dialect.temp+"."+name)
	return Wrap(err, "drop "+name)
}

// Index has SQLite find rows of a temporary table by columns that are no key of
// it, where it would read the table for each; PostgreSQL joins whole tables.
func (db *DB) Index(ctx context.Context, x Conn, table, columns string) error {
	if db.dialect.name != "sqlite" {
		return nil
	}
	_, err := x.Exec(ctx, "CREATE INDEX temp.by_"+table+" ON "+table+" ("+columns+")")
	return Wrap(err, "index "+table)
}

// Release gives a connection back, without the temporary tables made on it.
// One that cannot be rid of them is closed: nobody is to find them.
func (db *DB) Release(ctx context.Context, conn *sqlx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := db.dropTemp(ctx, db.On(conn)); err != nil {
		conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // it is the error just given
	}
	conn.Close() //nolint:errcheck // it has been closed or has nothing to say
}

func (db *DB) dropTemp(ctx context.Context, x Conn) error {
	// A transaction that was canceled is rolled back in its own time: that must
	// not bring back what is dropped here.
	if db.dialect.name == "postgres" {
		return x.Script(ctx, "ROLLBACK", "DISCARD TEMP")
	}
	x.Exec(ctx, "ROLLBACK") //nolint:errcheck // most often there is none
	var names []string
	if err := x.Select(ctx, &names, `SELECT name FROM sqlite_temp_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := x.Exec(ctx, "DROP TABLE temp."+Quote(name)); err != nil {
			return err
		}
	}
	return nil
}
