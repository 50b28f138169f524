package schema

import (
	"context"
	"database/sql/driver"
	"strings"
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
	temp := db.dialect.temp + "." + name
	q := "DROP TABLE IF EXISTS " + temp + "; CREATE TEMP TABLE " + name + " (" + columns + ")"
	if db.dialect.name == "postgres" {
		q = emptied(temp, columns, q)
	}
	_, err := x.Exec(ctx, q)
	return Wrap(err, "make "+name)
}

// emptied makes a table only where an earlier run has not left the same one: on
// PostgreSQL making them costs a small run half of its time. One that has been
// analyzed is made anew: its statistics are of what it held then.
func emptied(temp, columns, create string) string {
	return strings.NewReplacer("<temp>", temp, "<columns>", columns, "<create>", create).Replace(`DO $do$ BEGIN
		IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('<temp>') AND reltuples < 0 AND obj_description(oid, 'pg_class') = $columns$<columns>$columns$) THEN
			DELETE FROM <temp>;
		ELSE
			<create>; COMMENT ON TABLE <temp> IS $columns$<columns>$columns$;
		END IF; END $do$`)
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

// Release gives a connection back, with nothing in the temporary tables made on
// it. One that cannot be rid of what they hold is closed: nobody is to find it.
func (db *DB) Release(ctx context.Context, conn *sqlx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := db.emptyTemps(ctx, db.On(conn)); err != nil {
		conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // it is the error just given
	}
	conn.Close() //nolint:errcheck // it has been closed or has nothing to say
}

// emptyTemp drops temporary tables that have grown, if only by what was deleted
// from them, and empties the others for the next run.
const emptyTemp = `DO $do$ DECLARE t regclass; BEGIN
	IF (SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r') > 1048576 THEN
		DISCARD TEMP;
	ELSE
		FOR t IN SELECT oid FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' LOOP
			EXECUTE 'DELETE FROM ' || t;
		END LOOP;
	END IF; END $do$`

func (db *DB) emptyTemps(ctx context.Context, x Conn) error {
	// A transaction that was canceled is rolled back in its own time: that must
	// not bring back what is dropped here.
	if db.dialect.name == "postgres" {
		return x.Script(ctx, "ROLLBACK", emptyTemp)
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
