//go:build nocobase

package nocobase_test

import (
	"testing"
	"time"

	"github.com/nocobase-roster/roster/schema/schematest"
)

// Who waits for Roster is seen, and told from who waits for others.
func TestLongWaitsAreSeen(t *testing.T) {
	cluster := schematest.Start(t, schematest.Fast)
	database := cluster.URL(t)
	setup := connect(t, database)
	watchLocks(t, setup)
	for _, q := range []string{`CREATE TABLE watched (n int)`, `INSERT INTO watched VALUES (1)`} {
		if _, err := setup.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for seen, holder := range []string{database + "&application_name=roster", database} {
		tx, err := connect(t, holder).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `UPDATE watched SET n = n + 1`); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() {
			_, err := connect(t, database).ExecContext(t.Context(), `UPDATE watched SET n = n + 1`)
			waited <- err
		}()
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for logged := 0; logged <= seen; { // until the server has logged it
			select {
			case err := <-waited:
				t.Fatalf("the update did not wait: %v", err)
			case <-look.C:
			}
			forRoster, others := longWaits(t, cluster.Log())
			logged = len(forRoster) + len(others)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
	}
	forRoster, others := longWaits(t, cluster.Log())
	if len(forRoster) != 1 || len(others) != 1 {
		t.Errorf("waits for Roster %q, for others %q, want one each", forRoster, others)
	}
}
