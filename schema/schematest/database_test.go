package schematest_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lib/pq"

	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestEachHasDatabasesOfItsOwn(t *testing.T) {
	var drivers []string
	for range 2 { // the second round would trip over the tables of the first
		schematest.Each(t, func(t *testing.T, db *schema.DB) {
			drivers = append(drivers, db.DriverName())
			if _, err := db.Exec("CREATE TABLE mine (n int)"); err != nil {
				t.Error(err)
			}
			if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
				t.Errorf("migrate a migrated database: %v", err)
			}
		})
	}
	want := []string{"sqlite", "postgres", "sqlite", "postgres"}
	if schematest.UnderRace {
		want = []string{"postgres", "postgres"}
	}
	if diff := cmp.Diff(want, drivers); diff != "" {
		t.Errorf("drivers mismatch (-want +got):\n%s", diff)
	}
}

func TestACopyIsApart(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		if err := schematest.Open(t, url).Close(); err != nil {
			t.Fatal(err)
		}
		second := schematest.Open(t, schematest.Copy(t, url))
		first := schematest.Open(t, url)
		for _, db := range []*schema.DB{first, second} {
			if _, err := db.Exec("CREATE TABLE mine (n int)"); err != nil {
				t.Error(err)
			}
			if _, err := db.Exec("SELECT 1 FROM users"); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestDatabasesAreApartAndDropped(t *testing.T) {
	var urls []string
	t.Run("apart", func(t *testing.T) {
		for range 2 {
			url := schematest.Postgres(t)
			mustExec(t, url, "CREATE TABLE mine (n int)")
			urls = append(urls, url)
		}
	})
	for _, url := range urls {
		err := statement(t, url, "SELECT 1")
		if e, ok := errors.AsType[*pq.Error](err); !ok || e.Code != "3D000" {
			t.Errorf("connecting to a database after its test: %v, want that it does not exist", err)
		}
	}
}

// On a server that stays, a whole run leaves no database behind.
func TestNamedServerIsLeftAsItWas(t *testing.T) {
	url := schematest.Start(t, schematest.Fast).URL(t)
	before := databases(t, url)
	out, err := child(t, "TestChildOnNamedServer", "ROSTER_TEST_POSTGRES="+url).CombinedOutput()
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	if diff := cmp.Diff(before, databases(t, url)); diff != "" {
		t.Errorf("databases mismatch (-before +after):\n%s", diff)
	}
}

func TestChildOnNamedServer(t *testing.T) {
	inChild(t)
	for range 2 {
		mustExec(t, schematest.Postgres(t), "CREATE TABLE mine (n int)")
	}
	schematest.Each(t, func(t *testing.T, db *schema.DB) {})
}

func BenchmarkMigrated(b *testing.B) {
	for b.Loop() {
		schematest.Migrated(b)
	}
}

// databases lists the databases of a server.
func databases(t *testing.T, url string) (names string) {
	t.Helper()
	row := connect(t, url).QueryRow("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")
	if err := row.Scan(&names); err != nil {
		t.Fatal(err)
	}
	return names
}

func connect(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func statement(t *testing.T, url, stmt string) error {
	t.Helper()
	_, err := connect(t, url).Exec(stmt)
	return err
}

func mustExec(t *testing.T, url, stmt string) {
	t.Helper()
	if err := statement(t, url, stmt); err != nil {
		t.Fatal(err)
	}
}
