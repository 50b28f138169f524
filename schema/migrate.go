package schema

import (
	"context"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings Roster's own tables to the newest version, and makes
// NocoBase's where there is no host that made them: a database that has a
// users table of its own is left as it is, but for Roster's schema, and must
// have what a sync reads and writes.
func (db *DB) Migrate(ctx context.Context) error {
	attached, err := db.attached(ctx)
	if err != nil {
		return err
	}
	if attached {
		if err := db.check(ctx); err != nil {
			return err
		}
	}
	if err := db.migrate(ctx, "roster"); err != nil || attached {
		return err
	}
	return db.migrate(ctx, "nocobase")
}

// attached says whether NocoBase's tables are there and not ours to make.
func (db *DB) attached(ctx context.Context) (bool, error) {
	c := db.On(db)
	ours, err := c.hasTable(ctx, db.dialect.own+"nocobase_version")
	if err != nil || ours {
		return false, err
	}
	return c.hasTable(ctx, "users")
}

func (c Conn) hasTable(ctx context.Context, name string) (bool, error) {
	q := `SELECT to_regclass(?) IS NOT NULL`
	if c.db.dialect.name == "sqlite" {
		q = `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)`
	}
	var there bool
	err := c.Get(ctx, &there, q, name)
	return there, Wrap(err, "look for the table "+name)
}

func (db *DB) migrate(ctx context.Context, set string) error {
	op := "make the tables of " + set
	files, err := fs.Sub(migrations, "migrations/"+db.dialect.name+"/"+set)
	if err != nil {
		return Wrap(err, op)
	}
	// goose keeps its versions beside our tables, in a schema that must be there.
	options := []goose.ProviderOption{goose.WithTableName(db.dialect.own + set + "_version"), goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if db.dialect.name == "postgres" {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return Wrap(err, op)
		}
		options = append(options, goose.WithSessionLocker(locker))
		// Somebody else may make it at this moment, which is an error here.
		if _, err := db.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS roster`); err != nil && ClassOf(err) != Duplicate {
			return Wrap(err, op)
		}
	}
	provider, err := goose.NewProvider(dialect, db.DB.DB, files, options...)
	if err != nil {
		return Wrap(err, op)
	}
	// On SQLite somebody else may migrate at the same time: what they did first
	// is an error here, and found done the next time.
	for attempt := 1; ; attempt++ {
		_, err = provider.Up(ctx)
		if err == nil || ctx.Err() != nil || attempt == migrationAttempts {
			return Wrap(err, op)
		}
	}
}

// migrationAttempts is more than any set has steps in which to lose a race.
const migrationAttempts = 10
