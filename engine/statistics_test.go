package engine_test

import (
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/schema/schematest"
)

// PostgreSQL may have analysed the tables of the plan when they held an earlier
// run only, and takes a later one for empty. Its memberships are looked up by
// their items all the same, and not all of them for each.
func TestMembershipsAreLookedUpWhateverTheStatisticsSay(t *testing.T) {
	t.Parallel()
	url := schematest.Migrated(t)
	const people = 3000
	everybody := make([]string, people)
	for i := range everybody {
		everybody[i] = fmt.Sprintf(`{"uid":"u%d","departments":["s"]}`, i)
	}
	db := schematest.Open(t, url)
	c := newCompany(t, db)
	c.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(everybody[:20]...))
	c.hand(`ANALYZE {plan_users}; ANALYZE {plan_memberships}`)
	c.push("hr", users(everybody...))
	if err := db.Close(); err != nil { // only then has every session told what it read
		t.Fatal(err)
	}
	var read int
	after := schematest.Open(t, url)
	err := after.GetContext(t.Context(), &read, `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_all_tables
		WHERE schemaname = 'roster' AND relname = 'plan_memberships'`)
	if err != nil {
		t.Fatal(err)
	}
	if read > 100*people {
		t.Errorf("a run of %d memberships read %d of the plan's", people, read)
	}
}
