// Package schematest gives tests databases of their own: a SQLite file, and a
// database in a throw-away PostgreSQL cluster that is started from the
// installed binaries when the first test asks for it and that is gone, with its
// folder, when the test process ends, however it ends.
//
// Two variables of the environment steer it:
//
//   - ROSTER_TEST_POSTGRES names a server (postgres://…, a role that may create
//     databases) to use instead of a cluster.
//   - REQUIRE_POSTGRES=1 makes a failure of what is otherwise a skip: that
//     there is neither a server nor the binaries to start one.
package schematest

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/schema"
)

// A Runner is a *testing.T or a *testing.B.
type Runner[T any] interface {
	testing.TB
	Run(name string, f func(T)) bool
}

// Each runs fn as two subtests (or benchmarks), "sqlite" and "postgres", each
// on a migrated database of its own; under the race detector only as the second.
func Each[T Runner[T]](t T, fn func(t T, db *schema.DB)) {
	if !UnderRace {
		t.Run("sqlite", func(t T) { fn(t, Open(t, SQLite(t))) })
	}
	t.Run("postgres", func(t T) { fn(t, Open(t, Migrated(t))) })
}

// EachURL is Each for tests that open the database themselves: fn gets the URL
// of a fresh and empty one.
func EachURL[T Runner[T]](t T, fn func(t T, url string)) {
	if !UnderRace {
		t.Run("sqlite", func(t T) { fn(t, SQLite(t)) })
	}
	t.Run("postgres", func(t T) { fn(t, Postgres(t)) })
}

// SQLite gives the URL of a database file that does not exist yet.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "roster.db")
}

// Any gives the URL of a fresh and empty database, of the kind that is made
// sooner, for tests to which that is all the same.
func Any(tb testing.TB) string {
	tb.Helper()
	if UnderRace {
		return Postgres(tb)
	}
	return SQLite(tb)
}

// Postgres gives the URL of a fresh and empty database on the server that the
// tests of this process share.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return shared(tb).database(tb, pristine)
}

// Migrated is Postgres with every migration applied. It copies a template,
// which takes a few milliseconds where migrating takes many.
func Migrated(tb testing.TB) string {
	tb.Helper()
	return shared(tb).copyOf(tb, template, migrate)
}

// Hosted is Migrated for a database in which another NocoBase lives than the one
// that Roster would make: with DB_SCHEMA=nbs, DB_TABLE_PREFIX=nb_ and
// DB_UNDERSCORED=true.
func Hosted(tb testing.TB) string {
	tb.Helper()
	return shared(tb).copyOf(tb, hosted, host)
}

// Copy gives the URL of a copy of a database that a function of this package
// gave, and that nobody is connected to.
func Copy(tb testing.TB, from string) string {
	tb.Helper()
	file, ok := strings.CutPrefix(from, "sqlite:")
	if !ok {
		u, err := url.Parse(from)
		if err != nil {
			tb.Fatal(err)
		}
		return shared(tb).database(tb, strings.TrimPrefix(u.Path, "/"))
	}
	to := SQLite(tb)
	for _, suffix := range []string{"", "-wal"} { // what a process that was killed has not brought into the file is beside it
		b, err := os.ReadFile(file + suffix)
		if suffix != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(strings.TrimPrefix(to, "sqlite:")+suffix, b, 0o600)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return to
}

// Open opens the database that url names, migrates it, and closes it at the
// end of the test.
func Open(tb testing.TB, url string) *schema.DB {
	tb.Helper()
	db, err := open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close the database: %v", err)
		}
	})
	return db
}

func open(ctx context.Context, url string) (*schema.DB, error) {
	db, err := schema.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, schema.Told{}); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}
