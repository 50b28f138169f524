//go:build nocobase

package nocobase_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/nocobase/host"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// BenchmarkTenThousand measures the first push of 10,000 people in one or two
// of 500 departments: by hand, through Roster's binary, and through NocoBase's
// own engine, 500 records a request, which takes minutes. Each has a database
// of its own in one cluster with PostgreSQL's defaults. Run it with -benchtime 1x.
func BenchmarkTenThousand(b *testing.B) {
	of := company{people: 10_000, departments: 500}
	cluster := schematest.Start(b, schematest.Durable)
	app := host.Install(b)
	databases := [3]string{}
	for i := range databases {
		databases[i] = cluster.URL(b)
		app.Prepare(b, databases[i], host.Naming{})
	}
	b.ReportMetric(0, "ns/op") // a first push is not repeated
	floor := timed(b, func() error { return byHand(b, connect(b, databases[0]), of) })
	b.ReportMetric(floor, "floor-s")
	file := of.file(b)
	ours := timed(b, func() error { return roster{databases[1]}.run(b.Context(), file, "push", "-") })
	b.ReportMetric(ours, "roster-s")
	api := app.Start(b, databases[2], host.Naming{})
	theirs := timed(b, func() error {
		for _, p := range of.pushes(500) {
			if _, err := api.Push(b.Context(), p); err != nil {
				return err
			}
		}
		return nil
	})
	b.ReportMetric(theirs, "nocobase-s")
	b.ReportMetric(theirs/ours, "nocobase/roster")
	b.ReportMetric(ours/floor, "roster/floor")
}

func timed(b *testing.B, f func() error) (seconds float64) {
	b.Helper()
	start := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}

// byHand writes the rows that NocoBase would write, with COPY and one INSERT … SELECT a table.
func byHand(b *testing.B, db *sql.DB, of company) error {
	ctx := b.Context()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `
		CREATE TEMP TABLE d (id bigint, parent bigint, title text, path text, raw text);
		CREATE TEMP TABLE u (id bigint, username text, nickname text, email text, main bigint, raw text);
		CREATE TEMP TABLE m (department bigint, member bigint)`); err != nil {
		return err
	}
	departments, people, memberships := of.rows()
	for _, load := range []struct {
		table string
		rows  [][]any
	}{
		{"d (id, parent, title, path, raw)", departments},
		{"u (id, username, nickname, email, main, raw)", people},
		{"m (department, member)", memberships},
	} {
		copying, err := tx.PrepareContext(ctx, "COPY "+load.table+" FROM STDIN")
		if err != nil {
			return err
		}
		for _, row := range load.rows {
			if _, err := copying.ExecContext(ctx, row...); err != nil {
				return err
			}
		}
		if err := copying.Close(); err != nil {
			return err
		}
	}
	for _, q := range []string{
		`INSERT INTO departments (id, "createdAt", "updatedAt", title, "isLeaf", "parentId", sort)
		 SELECT id, now(), now(), title, id NOT IN (SELECT parent FROM d WHERE parent IS NOT NULL), parent, id FROM d`,
		`INSERT INTO main_departments_path ("nodePk", path, "rootPk") SELECT id, path, 1 FROM d`,
		`INSERT INTO users (id, "createdAt", "updatedAt", username, nickname, email, "systemSettings", sort, "mainDepartmentId")
		 SELECT id, now(), now(), username, nickname, email, '{}', id, main FROM u`,
		`INSERT INTO "rolesUsers" ("createdAt", "updatedAt", "roleName", "userId") SELECT now(), now(), 'member', id FROM u`,
		`INSERT INTO "departmentsUsers" ("createdAt", "updatedAt", "departmentId", "userId") SELECT now(), now(), department, member FROM m`,
		`INSERT INTO "userDataSyncRecords" (id, "createdAt", "updatedAt", "sourceName", "sourceUk", "dataType", "metaData")
		 SELECT id, now(), now(), 'hr', 'd' || id, 'department', raw::json FROM d`,
		`INSERT INTO "userDataSyncRecords" (id, "createdAt", "updatedAt", "sourceName", "sourceUk", "dataType", "metaData")
		 SELECT id + 1000000, now(), now(), 'hr', 'u' || id, 'user', raw::json FROM u`,
		`INSERT INTO "userDataSyncRecordsResources" ("createdAt", "updatedAt", "recordId", resource, "resourcePk")
		 SELECT now(), now(), id, 'departments', id FROM d UNION ALL
		 SELECT now(), now(), id + 1000000, 'users', id FROM u UNION ALL
		 SELECT now(), now(), member + 1000000, 'departments', department FROM m`,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return tx.Commit()
}

// rows are a company's rows as byHand loads them. Ids begin behind those of an
// installation.
func (c company) rows() (departments, people, memberships [][]any) {
	paths := make([]string, c.departments)
	for i := range c.departments {
		var parent any
		paths[i] = fmt.Sprintf("/%d", i+1)
		if i > 0 {
			parent = (i-1)/8 + 1
			paths[i] = paths[(i-1)/8] + paths[i]
		}
		departments = append(departments, []any{i + 1, parent, fmt.Sprintf("Department %d", i), paths[i], string(c.department(i))})
	}
	for i := range c.people {
		id, main, other := i+100, i%c.departments+1, (i*7+1)%c.departments+1
		people = append(people, []any{id, fmt.Sprintf("user%d", i), c.nickname(i), fmt.Sprintf("user%d@example.com", i), main, string(c.person(i))})
		memberships = append(memberships, []any{main, id})
		if i%2 == 0 && other != main {
			memberships = append(memberships, []any{other, id})
		}
	}
	return departments, people, memberships
}
