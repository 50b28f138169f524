//go:build nocobase

package nocobase_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/lib/pq" // to clear tables between scenarios

	"github.com/nocobase-roster/roster/nocobase/host"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// A stage is two NocoBases that are alike: into the database of one its own
// engine pushes, into that of the other Roster does.
type stage struct {
	naming host.Naming
	theirs *host.Client
	ours   *host.Client
	roster roster
	dbs    []*sql.DB // of both
}

func newStage(t *testing.T, naming host.Naming) *stage {
	t.Helper()
	app := host.Install(t)
	first := schematest.Postgres(t)
	app.Prepare(t, first, naming)
	second := schematest.Copy(t, first)
	return &stage{
		naming: naming, roster: roster{second},
		theirs: app.Start(t, first, naming), ours: app.Start(t, second, naming),
		dbs: []*sql.DB{connect(t, first), connect(t, second)},
	}
}

func connect(tb testing.TB, database string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("postgres", database)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// clear makes both as they were when they were installed, but for the columns
// that a scenario has added.
func (s *stage) clear(t *testing.T) {
	t.Helper()
	for _, db := range s.dbs {
		if _, err := db.ExecContext(t.Context(), clearing(s.naming)); err != nil {
			t.Fatal(err)
		}
	}
}

// clearing is SQL that leaves root, NocoBase's first user, alone.
func clearing(naming host.Naming) string {
	var tables []string
	for _, collection := range []string{
		"departments", "main_departments_path", "departmentsUsers", "userDataSyncRecords", "userDataSyncRecordsResources",
	} {
		tables = append(tables, naming.Table(collection))
	}
	return fmt.Sprintf(`TRUNCATE %s; DELETE FROM %s WHERE %q <> 1; DELETE FROM %s WHERE id <> 1; DROP SCHEMA IF EXISTS roster CASCADE`,
		strings.Join(tables, ", "), naming.Table("rolesUsers"), naming.Column("userId"), naming.Table("users"))
}

// play plays a scenario on both and gives what is to be seen then.
func (s *stage) play(t *testing.T, act func(*site)) (theirs, ours []string) {
	t.Helper()
	s.clear(t)
	engines := []*site{{TB: t, api: s.theirs, push: s.theirs.Push}, {TB: t, api: s.ours, push: s.roster.Push}}
	seen := make([][]string, len(engines))
	for i, e := range engines {
		act(e)
		directory, err := facts(t.Context(), e.api)
		if err != nil {
			t.Fatal(err)
		}
		seen[i] = append(e.answers, directory...)
	}
	return seen[0], seen[1]
}
