package schema

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// A dialect holds what truly differs between the two databases and cannot be
// said in one statement for both.
type dialect struct {
	name     string
	temp     string // the schema of temporary tables
	schema   string // where tables are made that are NocoBase's in shape only
	own      string // how the name of a table of ours begins
	share    string // locks a row that was read until the transaction ends
	parallel int
	bulk     bool // rows are loaded with COPY
}

func postgresDialect() dialect {
	return dialect{name: "postgres", temp: "pg_temp", schema: "public", own: "roster.", share: "FOR SHARE", parallel: 2, bulk: true}
}

func sqliteDialect() dialect {
	return dialect{name: "sqlite", temp: "temp", own: "roster_", parallel: 1}
}

// sequelizeTime is how NocoBase (Sequelize) keeps a time in SQLite.
const sequelizeTime = "2006-01-02 15:04:05.000 -07:00"

// Time gives t as a parameter: UTC, in the milliseconds that NocoBase keeps.
func (db *DB) Time(t time.Time) any {
	t = t.UTC().Truncate(time.Millisecond)
	if db.dialect.name == "sqlite" {
		return t.Format(sequelizeTime)
	}
	return t
}

// TimeLiteral is Time as SQL, for the select list of an INSERT, where
// PostgreSQL would take a parameter for text.
func (db *DB) TimeLiteral(t time.Time) string {
	literal := "'" + t.UTC().Truncate(time.Millisecond).Format(sequelizeTime) + "'"
	if db.dialect.name == "postgres" {
		return "TIMESTAMPTZ " + literal
	}
	return literal
}

// Now is SQL for the time so long ago by the clock of the database, which is
// the one clock that all processes share; SQLite's is that of the machine.
func (db *DB) Now(ago time.Duration) string {
	if db.dialect.name == "postgres" {
		return fmt.Sprintf("date_trunc('milliseconds', clock_timestamp() - interval '%d milliseconds')", ago.Milliseconds())
	}
	return db.TimeLiteral(time.Now().Add(-ago))
}

// Earlier is SQL for a time so long before another.
func (db *DB) Earlier(than string, by time.Duration) string {
	if db.dialect.name == "postgres" {
		return fmt.Sprintf("(%s - interval '%d milliseconds')", than, by.Milliseconds())
	}
	return fmt.Sprintf("strftime('%%Y-%%m-%%d %%H:%%M:%%f +00:00', %s, '-%.3f seconds')", than, by.Seconds())
}

// JSON is SQL that makes of a text what a json column takes.
func (db *DB) JSON(text string) string {
	if db.dialect.name == "postgres" {
		return "CAST(" + text + " AS json)"
	}
	return text
}

// ForShare ends a SELECT whose row must stay as it is until the transaction
// ends. SQLite's transactions have the database to themselves anyway.
func (db *DB) ForShare() string { return db.dialect.share }

// ForUpdate ends a SELECT whose rows of alias are about to be written, or to be
// deleted where some are; nothing where a transaction has the database to
// itself.
func (db *DB) ForUpdate(alias string, deleted bool) string {
	if deleted {
		return db.lock("FOR UPDATE OF " + alias)
	}
	return db.lock("FOR NO KEY UPDATE OF " + alias)
}

// ForKeyShare ends a SELECT whose rows of alias must be there until the
// transaction ends; others may write them meanwhile.
func (db *DB) ForKeyShare(alias string) string { return db.lock("FOR KEY SHARE OF " + alias) }

// ForUpdateOfFree ends a SELECT whose rows of alias are about to be written, and
// leaves out those that others are writing.
func (db *DB) ForUpdateOfFree(alias string) string {
	return db.lock("FOR UPDATE OF " + alias + " SKIP LOCKED")
}

func (db *DB) lock(clause string) string {
	if db.dialect.name == "postgres" {
		return clause
	}
	return ""
}

func sqlOpen(c driver.Connector) *sql.DB { return sql.OpenDB(c) }

// A Timestamp reads a time from a column of either database; a null leaves it
// zero.
type Timestamp struct{ time.Time }

// Scan takes what the driver made of the column.
func (t *Timestamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		t.Time = v.UTC()
		return nil
	case string:
		at, err := time.Parse(sequelizeTime, v)
		t.Time = at.UTC()
		return err
	}
	return fmt.Errorf("a time came as %T", v)
}
