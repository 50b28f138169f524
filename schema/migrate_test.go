package schema_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s mismatch (-want +got); if that is meant, run the test with -update:\n%s", file, diff)
	}
}

// What NocoBase 2.2.15 makes, and what Roster makes where there is no NocoBase,
// are the same to the letter.
func TestTablesAreNocoBases(t *testing.T) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		golden(t, "tables_"+db.Dialect()+".txt", strings.Join(describe(t, db), "\n")+"\n")
	})
}

// describe lists the columns, keys and indexes of all tables that are not ours.
func describe(t *testing.T, db *schema.DB) []string {
	t.Helper()
	q := `
		SELECT name || ': ' || sql FROM (
			SELECT m.name, 0 AS kind, c.cid AS place, c.name || ' ' || c.type || CASE WHEN c."notnull" THEN ' NOT NULL' ELSE '' END
			       || coalesce(' DEFAULT ' || c.dflt_value, '') || CASE WHEN c.pk THEN ' KEY ' || c.pk ELSE '' END AS sql
			FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
			UNION ALL
			SELECT m.name, 1, 0, CASE WHEN i."unique" THEN 'UNIQUE ' ELSE 'INDEX ' || i.name || ' ' END || '(' ||
			       (SELECT group_concat(c.name, ', ') FROM pragma_index_info(i.name) c) || ')'
			FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin <> 'pk'
		) WHERE name NOT LIKE 'roster_%' AND name NOT LIKE 'sqlite_%' ORDER BY name, kind, place, sql`
	if db.Dialect() == "postgres" {
		q = `
		SELECT name || ': ' || sql FROM (
			SELECT c.relname AS name, 0 AS kind, a.attnum AS place, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
			       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS sql
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
			LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
			WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
			UNION ALL
			SELECT c.relname, 1, 0, k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
			WHERE c.relnamespace = 'public'::regnamespace
			UNION ALL
			SELECT tablename, 2, 0, regexp_replace(indexdef, 'CREATE (.*) ON [^ ]* USING', '\1') FROM pg_indexes i
			WHERE schemaname = 'public' AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conname = i.indexname)
		) all_of_it ORDER BY name COLLATE "C", kind, place, sql COLLATE "C"`
	}
	var lines []string
	if err := db.SelectContext(t.Context(), &lines, q); err != nil {
		t.Fatal(err)
	}
	return lines
}

// A migration that has been released is never edited: databases that have it
// would not get what was added. Until the first release this file follows.
func TestMigrationsAreAsTheyWereReleased(t *testing.T) {
	var sums bytes.Buffer
	err := filepath.WalkDir("migrations", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), filepath.ToSlash(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "migrations.sha256", sums.String())
}

func TestBothDialectsHaveTheSameMigrations(t *testing.T) {
	names := func(dialect string) (names []string) {
		root := filepath.Join("migrations", dialect)
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			names = append(names, strings.TrimPrefix(path, root))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if diff := cmp.Diff(names("postgres"), names("sqlite")); diff != "" {
		t.Errorf("migrations mismatch (-postgres +sqlite):\n%s", diff)
	}
}

func TestMigratingAgainChangesNothing(t *testing.T) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		mustExec(t, db, `INSERT INTO {roles} ([createdAt], [updatedAt], name) VALUES ('2020-01-01 00:00:00.000 +00:00', '2020-01-01 00:00:00.000 +00:00', 'mine')`)
		before := describe(t, db)
		for range 2 {
			if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
				t.Fatalf("Migrate() = %v", err)
			}
		}
		if diff := cmp.Diff(before, describe(t, db)); diff != "" {
			t.Errorf("tables mismatch (-before +after):\n%s", diff)
		}
		var roles int
		if err := db.On(db).Get(t.Context(), &roles, `SELECT count(*) FROM {roles}`); err != nil || roles != 4 {
			t.Errorf("%d roles, %v; want NocoBase's three and mine", roles, err)
		}
	})
}

func TestManyMayMigrateAtOnce(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		var group errgroup.Group
		for range 8 {
			group.Go(func() error {
				db, err := schema.Open(t.Context(), url)
				if err != nil {
					return err
				}
				defer db.Close()
				return db.Migrate(t.Context(), schema.Told{})
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatalf("Migrate() = %v", err)
		}
		db := schematest.Open(t, url)
		golden(t, "tables_"+db.Dialect()+".txt", strings.Join(describe(t, db), "\n")+"\n")
	})
}

func TestTablesOfAHostAreLeftAsTheyAre(t *testing.T) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		forget(t, db)
		mustExec(t, db, `ALTER TABLE {users} ADD COLUMN mine integer`)
		before := describe(t, db)
		if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
			t.Fatalf("Migrate() = %v", err)
		}
		if diff := cmp.Diff(before, describe(t, db)); diff != "" {
			t.Errorf("tables mismatch (-before +after):\n%s", diff)
		}
	})
}

// forget takes Roster's own tables away: what stays is as a host made it.
func forget(t *testing.T, db *schema.DB) {
	t.Helper()
	if db.Dialect() == "postgres" {
		mustExec(t, db, `DROP SCHEMA roster CASCADE`)
		return
	}
	var tables []string
	if err := db.SelectContext(t.Context(), &tables, `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'roster_%'`); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		mustExec(t, db, `DROP TABLE `+table)
	}
}

func mustExec(t *testing.T, db *schema.DB, q string) {
	t.Helper()
	if _, err := db.On(db).Exec(t.Context(), q); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}
