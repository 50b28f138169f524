package schema

import (
	"context"
	"slices"
)

// Mirror gives a plan table the columns it lacks to hold values of columns: an
// operator may have added fields since the last run, or changed their types.
func (db *DB) Mirror(ctx context.Context, x Conn, plan string, columns []Column) error {
	have, err := db.planColumns(ctx, x, plan)
	if err != nil {
		return Wrap(err, "read the columns of "+plan)
	}
	for _, c := range columns {
		i := slices.IndexFunc(have, func(h Column) bool { return h.Name == c.Name })
		if i >= 0 && have[i].Type == c.MirrorType() {
			continue
		}
		if i >= 0 {
			if _, err := x.Exec(ctx, `ALTER TABLE {`+plan+`} DROP COLUMN `+Quote(c.Name)); err != nil {
				return Wrap(err, "change the column "+c.Name+" of "+plan)
			}
		}
		if _, err := x.Exec(ctx, `ALTER TABLE {`+plan+`} ADD COLUMN `+Quote(c.Name)+` `+c.MirrorType()); err != nil {
			return Wrap(err, "add the column "+c.Name+" to "+plan)
		}
	}
	return nil
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

// Settle tells the planner what tables hold now: without statistics of freshly
// filled tables it chooses plans that take minutes. Of few rows it needs none.
func (db *DB) Settle(ctx context.Context, x Conn, rows int, tables ...string) error {
	if db.dialect.name == "sqlite" || rows < 1000 {
		return nil
	}
	for _, t := range tables {
		if _, err := x.Exec(ctx, "ANALYZE "+t); err != nil {
			return Wrap(err, "analyze "+t)
		}
	}
	return nil
}

// ForPlanning sets a transaction up for joins of whole tables.
func (db *DB) ForPlanning(ctx context.Context, x Conn) error {
	return db.set(ctx, x, "work_mem = '64MB'", "jit = off")
}

// ForApplying sets a transaction up for many small steps through indexes,
// whatever the statistics of the moment say.
func (db *DB) ForApplying(ctx context.Context, x Conn) error {
	return db.set(ctx, x, "enable_hashjoin = off", "enable_mergejoin = off", "jit = off")
}

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
