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
// NocoBase's where there is no host that made them. A NocoBase that is there is
// found by its tables, or by what is told of them, and must have what a sync
// reads and writes; its tables are left as they are.
func (db *DB) Migrate(ctx context.Context, told Told) error {
	ours, err := db.On(db).hasTable(ctx, db.dialect.own+"nocobase_version")
	if err != nil {
		return err
	}
	attached := false
	if !ours {
		if attached, err = db.attach(ctx, told); err != nil {
			return err
		}
	}
	if !attached && !told.allows(Naming{Schema: db.dialect.schema}) {
		return &Error{
			Kind: Misconfigured, Op: "the database holds no NocoBase with the schema, table prefix and underscored that were given; it holds none",
			Hint: "is it NocoBase's database? Give nothing of these to have Roster make tables of its own",
		}
	}
	if err := db.migrate(ctx, "roster"); err != nil {
		return err
	}
	if attached {
		return db.claim(ctx)
	}
	return db.migrate(ctx, "nocobase")
}

// attach finds the NocoBase that is there, if there is one.
func (db *DB) attach(ctx context.Context, told Told) (bool, error) {
	naming, there, err := db.find(ctx, told)
	if err != nil {
		return false, err
	}
	if !there && told.allows(Naming{Schema: db.dialect.schema}) { // it may be one that lacks even what it is known by
		there, err = db.On(db).hasTable(ctx, Quote("users"))
	}
	if err != nil || !there {
		return false, err
	}
	db.naming = naming
	if err := db.check(ctx); err != nil {
		return false, err
	}
	if err := db.rights(ctx); err != nil {
		return false, err
	}
	version, err := db.version(ctx)
	db.host = &Host{version, naming}
	return true, err
}

// hasTable says whether there is a table; its name is SQL.
func (c Conn) hasTable(ctx context.Context, name string) (bool, error) {
	q := `SELECT to_regclass(?) IS NOT NULL`
	if c.db.dialect.name == "sqlite" {
		q, name = `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)`, unquote(name)
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
