package cli

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestHealthSaysWhichNocoBaseIsThere(t *testing.T) {
	url := schematest.Hosted(t)
	db := schematest.Open(t, url)
	for _, q := range []string{
		`CREATE TABLE nbs.nb_application_version (value text)`,
		`INSERT INTO nbs.nb_application_version VALUES ('2.2.15')`,
		`CREATE TABLE nbs.nb_fields (key text, name text, type text, interface text, collection_name text, options json, sort bigint)`,
		`ALTER TABLE {users} ADD badge_no text`,
		`INSERT INTO nbs.nb_fields (name, type, collection_name) VALUES ('badgeNo', 'sequence', 'users')`,
	} {
		if _, err := db.On(db).Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	got := mustRun(t, exitDone, url, "health")
	for _, want := range []string{
		"postgres, NocoBase 2.2.15, schema nbs, table prefix nb_, underscored names\n",
		"users.badgeNo stays empty in rows that a sync makes: NocoBase fills it (sequence)\n  save such rows in NocoBase",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("want %q in\n%s", want, got.stdout)
		}
	}
	if got := mustRun(t, exitDone, url, "health", "--json"); !strings.Contains(got.stdout, `"underscored": true`) && !strings.Contains(got.stdout, `"underscored":true`) {
		t.Errorf("roster health --json prints\n%s", got.stdout)
	}
	refused := mustRun(t, exitFailed, url, "health", "--schema", "public")
	if !strings.Contains(refused.stderr, "the database holds no NocoBase with the schema, table prefix and underscored that were given; it holds schema nbs") {
		t.Errorf("roster health --schema public says\n%s", refused.stderr)
	}
}

func TestHealthOfTablesOfOurOwn(t *testing.T) {
	got := mustRun(t, exitDone, schematest.SQLite(t), "health")
	if want := "sqlite, with tables of Roster's own\n"; got.stdout != want {
		t.Errorf("roster health prints %q, want %q", got.stdout, want)
	}
}
