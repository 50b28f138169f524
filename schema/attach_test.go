package schema_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestAHostWithoutWhatASyncNeedsIsRefused(t *testing.T) {
	const enable = " (enable in NocoBase's plugin manager: "
	for _, lack := range []struct{ change, want string }{
		{`ALTER TABLE {users} RENAME COLUMN nickname TO name`, "NocoBase lacks what a sync needs: the column nickname of users" + enable + "users)"},
		{
			`ALTER TABLE {departments} RENAME COLUMN [parentId] TO parent_id`,
			"NocoBase lacks what a sync needs: the column parentId of departments" + enable + "departments)",
		},
		{
			`ALTER TABLE {userDataSyncRecordsResources} DROP COLUMN [resourcePk]; ALTER TABLE {users} DROP COLUMN nickname`,
			"NocoBase lacks what a sync needs: the column nickname of users; the column resourcePk of userDataSyncRecordsResources" + enable + "user-data-sync, users)",
		},
		{`DROP TABLE {departments}; DROP TABLE {departmentsRoles}`, "NocoBase lacks what a sync needs: the table departments; the table departmentsRoles" + enable + "departments)"},
		{`DROP TABLE {userDataSyncRecords}`, "NocoBase lacks what a sync needs: the table userDataSyncRecords" + enable + "user-data-sync)"},
		{
			`CREATE TABLE {applicationPlugins} (name text, enabled boolean); INSERT INTO {applicationPlugins} VALUES ('departments', false), ('user-data-sync', true)`,
			"NocoBase lacks what a sync needs: the plugin departments, which is not enabled" + enable + "departments)",
		},
		{
			`CREATE TABLE {applicationVersion} (value text); INSERT INTO {applicationVersion} VALUES ('1.9.14'); ALTER TABLE {departments} DROP COLUMN [isLeaf]`,
			"NocoBase 1.9.14 lacks what a sync needs: the column isLeaf of departments (bring NocoBase to version 2, and enable in NocoBase's plugin manager: departments)",
		},
	} {
		t.Run(lack.change, func(t *testing.T) {
			schematest.Each(t, func(t *testing.T, db *schema.DB) {
				forget(t, db)
				for change := range strings.SplitSeq(lack.change, "; ") {
					mustExec(t, db, change)
				}
				err := db.Migrate(t.Context(), schema.Told{})
				if schema.ClassOf(err) != schema.Misconfigured {
					t.Fatalf("Migrate() = %v, want it misconfigured", err)
				}
				if diff := cmp.Diff(lack.want, strings.ReplaceAll(err.Error(), " public.", " ")); diff != "" {
					t.Errorf("Migrate() mismatch (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnIdMustBeANumber(t *testing.T) {
	db := schematest.Open(t, schematest.Migrated(t))
	forget(t, db)
	mustExec(t, db, `ALTER TABLE {departmentsUsers} ALTER [userId] TYPE text`)
	err := db.Migrate(t.Context(), schema.Told{})
	if err == nil || !strings.Contains(err.Error(), "lacks what a sync needs: whole numbers in the column userId of public.departmentsUsers (") {
		t.Errorf("Migrate() = %v", err)
	}
}

func TestNocoBasesNamesAreFoundOut(t *testing.T) {
	db := schematest.Open(t, schematest.Hosted(t))
	const q = `SELECT [updatedAt], [mainDepartmentId], [nickname] FROM {userDataSyncRecords}, {main_departments_path}, {records}`
	want := `SELECT "updated_at", "main_department_id", "nickname" FROM "nbs"."nb_user_data_sync_records", "nbs"."nb_main_departments_path", roster.records`
	if diff := cmp.Diff(want, db.SQL(q)); diff != "" {
		t.Errorf("SQL() mismatch (-want +got):\n%s", diff)
	}
	columns, err := db.Columns(t.Context(), db.On(db), "users")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{
		"id", "createdAt", "updatedAt", "nickname", "username", "email", "phone", "password", "passwordChangeTz", "appLang", "resetToken",
		"systemSettings", "sort", "createdById", "updatedById", "mainDepartmentId",
	}, names); diff != "" {
		t.Errorf("Columns() mismatch (-want +got):\n%s", diff)
	}
}

func TestOfSeveralNocoBasesOneMustBeTold(t *testing.T) {
	url := schematest.Hosted(t)
	db := schematest.Open(t, url)
	mustExec(t, db, `DROP SCHEMA roster CASCADE`)
	second(t, db)
	nbs, other, public := "nbs", "Other", "public"
	no, yes, empty := false, true, ""
	const (
		first = `"nbs"."nb_user_data_sync_records"`
		last  = `"Other"."userDataSyncRecords"`
		all   = "schema Other, tables named departmentsUsers; schema nbs, tables named nb_departments_users"
	)
	for _, c := range []struct {
		told schema.Told
		want string // the table of records, or the error
	}{
		{schema.Told{}, "there are 2 NocoBases in the database: " + all + " (say which: its schema, its table prefix, whether its names are underscored)"},
		{schema.Told{Schema: &nbs}, first},
		{schema.Told{Schema: &other}, last},
		{schema.Told{Underscored: &yes}, first},
		{schema.Told{Prefix: &empty, Underscored: &no}, last},
		{
			schema.Told{Schema: &public},
			"the database holds no NocoBase with the schema, table prefix and underscored that were given; it holds " + all +
				" (give what its settings DB_SCHEMA, DB_TABLE_PREFIX and DB_UNDERSCORED are, or nothing, to have it found out)",
		},
	} {
		mustExec(t, db, `DROP SCHEMA IF EXISTS roster CASCADE`)
		if got := attached(t, url, c.told); got != c.want {
			t.Errorf("told %+v:\n got %s\nwant %s", c.told, got, c.want)
		}
	}
	mustExec(t, db, `DROP SCHEMA IF EXISTS roster CASCADE`)
	if got := attached(t, url, schema.Told{Schema: &nbs}); got != first {
		t.Fatalf("attached to %s", got)
	}
	if got := attached(t, url, schema.Told{}); got != first {
		t.Errorf("attached to %s, want the one that the index is of", got)
	}
	want := "Roster's tables in this database are of another NocoBase (schema nbs, tables named nb_departments_users) than this one (schema Other, tables named departmentsUsers)"
	if got := attached(t, url, schema.Told{Schema: &other}); !strings.HasPrefix(got, want) {
		t.Errorf("attached to %s, want %s", got, want)
	}
}

// What was told is not passed over where there is no NocoBase: nobody wants tables
// of Roster's beside one that is in another database.
func TestTablesOfOurOwnAreNotMadeForANocoBaseThatWasTold(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		prefix, underscored, nothing := "nb_", true, ""
		for _, told := range []schema.Told{{Prefix: &prefix}, {Underscored: &underscored}} {
			const want = "the database holds no NocoBase with the schema, table prefix and underscored that were given; it holds none"
			if got := attached(t, url, told); !strings.HasPrefix(got, want) {
				t.Errorf("attached to %s, want %q", got, want)
			}
		}
		if got := attached(t, url, schema.Told{Prefix: &nothing}); got != `"userDataSyncRecords"` {
			t.Errorf("made %s", got)
		}
		if got := attached(t, url, schema.Told{Prefix: &prefix}); !strings.HasPrefix(got, "the database holds no NocoBase") {
			t.Errorf("attached to %s, though its tables are Roster's", got)
		}
	})
}

// second makes the tables of a second NocoBase, as copies of the first's.
func second(t *testing.T, db *schema.DB) {
	t.Helper()
	mustExec(t, db, `CREATE SCHEMA "Other"`)
	var tables []string
	if err := db.SelectContext(t.Context(), &tables, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`); err != nil || len(tables) > 0 {
		t.Fatalf("tables of ours in public: %v, %v", tables, err)
	}
	own := schematest.Open(t, schematest.Migrated(t))
	if err := own.SelectContext(t.Context(), &tables, `
		SELECT 'CREATE TABLE "Other".' || quote_ident(c.relname) || ' (' || string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ') || ')'
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname`); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		mustExec(t, db, table)
	}
}

// attached opens a database anew and gives what it calls the table of records,
// or why it does not attach.
func attached(t *testing.T, url string, told schema.Told) string {
	t.Helper()
	db, err := schema.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context(), told); err != nil {
		return err.Error()
	}
	return db.SQL(`{userDataSyncRecords}`)
}

func TestAUserWithoutRightsIsToldWhichToAskFor(t *testing.T) {
	url := schematest.Hosted(t)
	db := schematest.Open(t, url)
	user := "limited_" + strings.ToLower(rand.Text()) // users are the server's, not the database's
	mustExec(t, db, `CREATE ROLE `+user)
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), `DROP OWNED BY `+user+`; DROP ROLE `+user); err != nil {
			t.Error(err)
		}
	})
	mustExec(t, db, `GRANT USAGE ON SCHEMA nbs TO `+user+`; GRANT SELECT ON ALL TABLES IN SCHEMA nbs TO `+user+`; DROP SCHEMA roster CASCADE`)
	limited, err := schema.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer limited.Close()
	limited.SetMaxOpenConns(1) // the role is the connection's
	mustExec(t, limited, `SET ROLE `+user)
	err = limited.Migrate(t.Context(), schema.Told{})
	if schema.ClassOf(err) != schema.Misconfigured || !strings.Contains(err.Error(), "the user "+user+" may not read and write nbs.nb_departments, ") {
		t.Fatalf("Migrate() = %v", err)
	}
	_, grant, _ := strings.Cut(strings.TrimSuffix(err.Error(), ")"), " (")
	for _, q := range append(strings.Split(grant, "; "), `DROP SCHEMA IF EXISTS roster CASCADE`) {
		mustExec(t, db, q)
	}
	if err := limited.Migrate(t.Context(), schema.Told{}); err != nil {
		t.Errorf("Migrate() = %v with the rights that were asked for", err)
	}
}
