// Package schema is the database: opening it, its two dialects, the names of
// its tables and columns, migrations, and the loading of rows in bulk.
//
// Statements are written once, for PostgreSQL and SQLite alike, in a notation
// of three marks: {users} is a table, [createdAt] a column of one of
// NocoBase's tables, and ? a parameter. DB.SQL puts in what the database at
// hand calls them.
package schema

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/lib/pq"
	_ "modernc.org/sqlite" // the embedded database
)

// DB is an open database that knows its dialect and its names. It is safe for
// concurrent use.
type DB struct {
	*sqlx.DB
	dialect    dialect
	naming     Naming      // NocoBase's; known once the database has been migrated
	host       *Host       // nil where the tables are ours
	references []Reference // handed over; nil when they are read from the database
}

// Open opens the database that url names and checks that it answers:
//
//	sqlite:PATH       a file, made when it is not there
//	postgres://…      PostgreSQL 13 or newer, as lib/pq reads it
//
// It changes nothing else; see Migrate. The error says what to do, and never
// holds the URL, which may hold a password.
func Open(ctx context.Context, url string) (*DB, error) {
	var (
		db  *DB
		err error
	)
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		db, err = openSQLite(strings.TrimPrefix(rest, "//"))
	case "postgres", "postgresql":
		db, err = openPostgres(url)
	default:
		return nil, &Error{
			Kind: Misconfigured, Op: "open the database",
			Hint: "name it as sqlite:PATH or postgres://user:password@host/database",
		}
	}
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, Wrap(err, "open the database", db.Close())
	}
	return db, nil
}

func openSQLite(path string) (*DB, error) {
	if path == "" || path == ":memory:" {
		return nil, &Error{Kind: Misconfigured, Op: "open the database", Hint: "sqlite: needs the path of a file"}
	}
	if dir := filepath.Dir(path); dir != "." {
		if _, err := os.Stat(dir); err != nil {
			return nil, &Error{
				Kind: Misconfigured, Op: "open the database", Err: err,
				Hint: "make the folder first, or name another file",
			}
		}
	}
	// Writers queue for the one write lock; readers go on beside them.
	db, err := sqlx.Open("sqlite", "file:"+escapePath(path)+
		"?_pragma=busy_timeout(400)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"+
		"&_pragma=cache_size(-16000)&_txlock=immediate")
	if err != nil {
		return nil, Wrap(err, "open the database")
	}
	db.SetMaxOpenConns(8)
	return &DB{DB: db, dialect: sqliteDialect()}, nil
}

// escapePath keeps what a URI gives a meaning from being read as such.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}

func openPostgres(url string) (*DB, error) {
	connector, err := pq.NewConnector(url)
	if err != nil {
		// The driver's own text repeats the URL.
		return nil, &Error{
			Kind: Misconfigured, Op: "read the database's URL",
			Hint: "it is postgres://user:password@host:port/database?sslmode=…, with reserved characters percent-encoded",
		}
	}
	db := sqlx.NewDb(sqlOpen(connector), "postgres")
	db.SetMaxOpenConns(16)
	return &DB{DB: db, dialect: postgresDialect()}, nil
}

// Dialect names the kind of database: "postgres" or "sqlite".
func (db *DB) Dialect() string { return db.dialect.name }

// Parallel is how many connections are worth applying at once: two take 30 %
// off on PostgreSQL, SQLite has one writer.
func (db *DB) Parallel() int { return db.dialect.parallel }

// On gives a Conn that runs statements on x: the database, a connection or a
// transaction.
func (db *DB) On(x Querier) Conn { return Conn{db: db, x: x} }

// A Querier is what statements run on: *sqlx.DB, *sqlx.Conn, *sqlx.Tx.
type Querier interface {
	sqlx.QueryerContext
	sqlx.ExecerContext
}

// A Conn runs statements in the notation of this package.
type Conn struct {
	db *DB
	x  Querier
}

// DB gives the database the connection belongs to.
func (c Conn) DB() *DB { return c.db }

// Exec runs q and says how many rows it touched.
func (c Conn) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	var res sql.Result
	err := c.db.patiently(ctx, func() (err error) {
		res, err = c.x.ExecContext(ctx, c.db.SQL(q), args...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Get reads one row into dst; sql.ErrNoRows when there is none.
func (c Conn) Get(ctx context.Context, dst any, q string, args ...any) error {
	return c.db.patiently(ctx, func() error {
		return sqlx.GetContext(ctx, c.x, dst, c.db.SQL(q), args...)
	})
}

// Select reads all rows into the slice dst points to.
func (c Conn) Select(ctx context.Context, dst any, q string, args ...any) error {
	return sqlx.SelectContext(ctx, c.x, dst, c.db.SQL(q), args...)
}

// Script runs statements one after the other, without parameters.
func (c Conn) Script(ctx context.Context, statements ...string) error {
	for _, q := range statements {
		if _, err := c.Exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", firstWords(q), err)
		}
	}
	return nil
}

// firstWords names a statement in an error.
func firstWords(q string) string {
	words := strings.Fields(q)
	return strings.Join(words[:min(len(words), 4)], " ")
}
