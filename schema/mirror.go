package schema

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Mirror gives a plan table the columns it lacks to hold values of columns: an
// operator may have added fields since the last run, or changed their types.
// Where columns are missing it keeps other runs from adding them at the same
// time.
func (db *DB) Mirror(ctx context.Context, x Conn, plan string, columns []Column) error {
	changes, err := db.missing(ctx, x, plan, columns)
	if err != nil || len(changes) == 0 {
		return err
	}
	op := "give " + plan + " the columns of its table"
	tx, err := db.Begin(ctx, db)
	if err != nil {
		return Wrap(err, op)
	}
	defer tx.Rollback()
	x = db.On(tx)
	if db.dialect.name == "postgres" { // SQLite's transactions exclude each other
		if _, err := x.Exec(ctx, `LOCK TABLE {`+plan+`} IN ACCESS EXCLUSIVE MODE`); err != nil {
			return Wrap(err, op)
		}
	}
	if changes, err = db.missing(ctx, x, plan, columns); err != nil {
		return err
	}
	if err := x.Script(ctx, changes...); err != nil {
		return Wrap(err, op)
	}
	return Wrap(tx.Commit(), op)
}

// missing gives the statements that bring a plan table up to columns.
func (db *DB) missing(ctx context.Context, x Conn, plan string, columns []Column) ([]string, error) {
	have, err := db.planColumns(ctx, x, plan)
	if err != nil {
		return nil, Wrap(err, "read the columns of "+plan)
	}
	same := func(a, b string) bool { return a == b }
	if db.dialect.name == "sqlite" {
		same = strings.EqualFold
	}
	var changes []string
	for _, c := range columns {
		i := slices.IndexFunc(have, func(h Column) bool { return same(h.Name, c.Name) })
		if i >= 0 && strings.EqualFold(have[i].Type, c.MirrorType()) {
			continue
		}
		if i >= 0 {
			changes = append(changes, `ALTER TABLE {`+plan+`} DROP COLUMN `+Quote(c.Name))
		}
		changes = append(changes, `ALTER TABLE {`+plan+`} ADD COLUMN `+Quote(c.Name)+` `+c.MirrorType())
	}
	return changes, nil
}

func (db *DB) planColumns(ctx context.Context, x Conn, plan string) ([]Column, error) {
	if db.dialect.name == "sqlite" {
		return columnsOfSQLite(ctx, x, db.dialect.own+plan)
	}
	return columnsOfPostgres(ctx, x, plan)
}

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
// of that name that an earlier run may have left.
func (db *DB) Temp(ctx context.Context, x Conn, name, columns string) error {
	return Wrap(x.Script(ctx, "DROP TABLE IF EXISTS "+name, "CREATE TEMP TABLE "+name+" ("+columns+")"), "make "+name)
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
	if db.dialect.name == "postgres" {
		return x.Script(ctx, "DISCARD TEMP")
	}
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

// ForPlanning sets a transaction up for joins of so many staged rows. Many are
// joined as whole tables: with a wrong guess at what a step leaves over,
// PostgreSQL would compare each row with each.
func (db *DB) ForPlanning(ctx context.Context, x Conn, rows int) error {
	settings := []string{"work_mem = '64MB'", "jit = off", unsynced}
	if rows >= many {
		settings = append(settings, "enable_nestloop = off")
	}
	return db.set(ctx, x, settings...)
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
// whatever the statistics of the moment say.
func (db *DB) ForApplying(ctx context.Context, x Conn) error {
	return db.set(ctx, x, "enable_hashjoin = off", "enable_mergejoin = off", "jit = off", unsynced)
}

// unsynced lets the steps of a run not wait for the disk. A power failure may
// then lose the last of them, each whole and with its mark, as if the run had
// been interrupted earlier; that it ended is written and waited for, and all
// before it with it.
const unsynced = "synchronous_commit = off"

func (db *DB) set(ctx context.Context, x Conn, settings ...string) error {
	if db.dialect.name != "postgres" {
		return nil
	}
	for _, s := range settings {
		if _, err := x.Exec(ctx, "SET LOCAL "+s); err != nil {
			return Wrap(err, "prepare the transaction")
		}
	}
	return nil
}
