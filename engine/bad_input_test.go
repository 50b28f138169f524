package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// crowd is a push of n people in one department.
func crowd(n int) []engine.Body {
	people := make([]string, n)
	for i := range people {
		people[i] = fmt.Sprintf(`{"uid":"%d","nickname":"Person %d","email":"%d@example.com","departments":["1"]}`, i, i, i)
	}
	return []engine.Body{departments(`{"uid":"1","title":"Sales"}`), users(people...)}
}

// whole wants the crowd to be there, all of it and once.
func (c *company) whole(n int) {
	c.Helper()
	c.soundTree()
	c.same("people, memberships, roles, links", c.list(`
		SELECT (SELECT count(DISTINCT email) FROM {users}), (SELECT count(*) FROM {users}), (SELECT count(*) FROM {departmentsUsers}),
		       (SELECT count(*) FROM {rolesUsers}), (SELECT count(*) FROM {userDataSyncRecordsResources} WHERE resource = 'users')`),
		fmt.Sprintf("%d %d %d %d %d", n, n, n, n, n))
}

func TestAFullDiskStopsARunAndTheSamePushEndsItLater(t *testing.T) {
	db := schematest.Open(t, schematest.SQLite(t))
	c := newCompany(t, db)
	c.push("hr", users(`{"uid":"0","nickname":"First"}`))
	limit := func(pages int) { onAllConnections(t, db, fmt.Sprintf("PRAGMA max_page_count = %d", pages)) }
	limit(1) // no more than there are
	_, err := c.engine.Push(t.Context(), engine.Push{Source: "hr", Bodies: bodies(crowd(3000))}, nil)
	if plugin.KindOf(err) != plugin.Config {
		t.Errorf("Push() onto a full disk = %v, want an error of kind config", err)
	}
	t.Log(err)
	c.soundTree()
	limit(1 << 30)
	c.wantFailed(c.push("hr", crowd(3000)...))
	c.whole(3000)
}

// onAllConnections runs a statement on all connections of a pool.
func onAllConnections(t *testing.T, db *schema.DB, q string) {
	t.Helper()
	const pool = 8
	db.SetMaxIdleConns(pool)
	var conns []*sqlx.Conn
	for range pool {
		conn, err := db.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.Close()
	}
}

func TestConnectionsThatAreCutStopARunAndTheSamePushEndsIt(t *testing.T) {
	for _, when := range []engine.State{engine.Reading, engine.Planning, engine.Applying} {
		t.Run(string(when), func(t *testing.T) {
			c := newCompany(t, schematest.Open(t, schematest.Migrated(t)))
			cut := false
			_, err := c.engine.Push(t.Context(), engine.Push{Source: "hr", Bodies: bodies(crowd(3000))}, func(p engine.Progress) {
				if p.State == when && !cut {
					cut = true
					c.hand(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
				}
			})
			if kind := plugin.KindOf(err); err != nil && kind != plugin.Transient {
				t.Errorf("Push() = %v of kind %s, want one that may pass", err, kind)
			}
			c.wantFailed(c.push("hr", crowd(3000)...))
			c.whole(3000)
		})
	}
}

func TestAServerThatStopsStopsARunAndTheSamePushEndsItLater(t *testing.T) {
	cluster := schematest.Start(t, schematest.Fast)
	c := newCompany(t, schematest.Open(t, cluster.URL(t)))
	stopped := false
	_, err := c.engine.Push(t.Context(), engine.Push{Source: "hr", Bodies: bodies(crowd(3000))}, func(p engine.Progress) {
		if p.State == engine.Applying && p.Done > 0 && !stopped {
			stopped = true
			if err := cluster.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	if plugin.KindOf(err) != plugin.Transient {
		t.Errorf("Push() = %v, want an error of kind transient", err)
	}
	if err := c.engine.Health(t.Context()); err == nil {
		t.Error("Health() of a stopped server = nil")
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	c.wantFailed(c.push("hr", crowd(3000)...))
	c.whole(3000)
	states := c.list(`SELECT state FROM {runs} ORDER BY id`)
	if want := []string{"success", "success"}; !slices.Equal(states, want) {
		t.Errorf("states of the runs %q, want %q: the second ends the first", states, want)
	}
}

func TestADeadlineIsACancellation(t *testing.T) {
	each(t, func(c *company) {
		ctx, cancel := context.WithTimeout(c.Context(), 0)
		defer cancel()
		_, err := c.engine.Push(ctx, engine.Push{Bodies: bodies(crowd(1))}, nil)
		if plugin.KindOf(err) != plugin.Canceled {
			c.Errorf("Push() = %v of kind %s, want canceled", err, plugin.KindOf(err))
		}
		c.same("people", c.list(`SELECT id FROM {users}`))
	})
}
