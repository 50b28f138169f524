package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/nocobase-roster/roster/schema"
)

// measureFloor times the hand-made floor: the rows of the first push that
// NocoBase itself would write, made by loading temporary tables and one
// INSERT … SELECT a table. It leaves the tables empty.
func measureFloor(b *testing.B, db *schema.DB, users, departments int) time.Duration {
	b.Helper()
	ctx := b.Context()
	conn, err := db.Connx(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	exec := func(x schema.Querier, statements ...string) {
		b.Helper()
		for _, q := range statements {
			if _, err := db.On(x).Exec(ctx, q); err != nil {
				b.Fatalf("%s: %v", q, err)
			}
		}
	}
	start := time.Now()
	exec(conn,
		`CREATE TEMP TABLE floor_users (id bigint, uid text, username text, nickname text, email text, phone text, main bigint, raw text)`,
		`CREATE TEMP TABLE floor_departments (id bigint, uid text, title text, parent bigint, path text)`,
		`CREATE TEMP TABLE floor_memberships (department bigint, member bigint)`)
	loadFloor(b, db, conn, users, departments)
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	exec(tx, floorStatements(db, time.Now())...)
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	for _, table := range []string{
		"departments", "main_departments_path", "users", "rolesUsers", "departmentsUsers", "userDataSyncRecords", "userDataSyncRecordsResources",
	} {
		empty := `DELETE FROM {` + table + `}`
		if db.Dialect() == "postgres" {
			empty = `TRUNCATE {` + table + `} RESTART IDENTITY`
		}
		exec(conn, empty)
	}
	return took
}

func loadFloor(b *testing.B, db *schema.DB, conn *sqlx.Conn, users, departments int) {
	b.Helper()
	u, d, m := db.Rows(8), db.Rows(5), db.Rows(2)
	for i := range departments {
		var parent any
		if i > 0 {
			parent = int64((i-1)/8 + 1)
		}
		d.Add(int64(i+1), fmt.Sprintf("d%d", i), fmt.Sprintf("Department %d", i), parent, floorPath(i))
	}
	for i := range users {
		id, main := int64(i+1), int64(i%departments+1)
		u.Add(id, fmt.Sprintf("u%d", i), fmt.Sprintf("user%d", i), fmt.Sprintf("Person %d", i),
			fmt.Sprintf("user%d@example.com", i), fmt.Sprintf("+1555%07d", i), main, userRecord(i, departments, false))
		m.Add(main, id)
		if other := int64((i*7+1)%departments + 1); i%2 == 0 && other != main {
			m.Add(other, id)
		}
	}
	for _, load := range []struct {
		table   string
		columns []string
		rows    *schema.Rows
	}{
		{"floor_users", []string{"id", "uid", "username", "nickname", "email", "phone", "main", "raw"}, u},
		{"floor_departments", []string{"id", "uid", "title", "parent", "path"}, d},
		{"floor_memberships", []string{"department", "member"}, m},
	} {
		if err := db.Load(b.Context(), conn, load.table, load.columns, load.rows); err != nil {
			b.Fatal(err)
		}
	}
}

// floorPath is the path of ids of department i.
func floorPath(i int) string {
	path := fmt.Sprintf("/%d", i+1)
	for i > 0 {
		i = (i - 1) / 8
		path = fmt.Sprintf("/%d", i+1) + path
	}
	return path
}

func floorStatements(db *schema.DB, now time.Time) []string {
	fill := strings.NewReplacer("NOW", db.TimeLiteral(now), "EMPTY", db.JSON("'{}'"), "RAW", db.JSON("raw"))
	statements := []string{
		`INSERT INTO {departments} (id, [createdAt], [updatedAt], title, [isLeaf], [parentId], sort)
		 SELECT id, NOW, NOW, title, id NOT IN (SELECT parent FROM floor_departments WHERE parent IS NOT NULL), parent, id FROM floor_departments`,
		`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) SELECT id, path, 1 FROM floor_departments`,
		`INSERT INTO {users} (id, [createdAt], [updatedAt], username, nickname, email, phone, [systemSettings], sort, [mainDepartmentId])
		 SELECT id, NOW, NOW, username, nickname, email, phone, EMPTY, id, main FROM floor_users`,
		`INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId]) SELECT NOW, NOW, 'member', id FROM floor_users`,
		`INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId]) SELECT NOW, NOW, department, member FROM floor_memberships`,
		`INSERT INTO {userDataSyncRecords} (id, [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType], [metaData])
		 SELECT id, NOW, NOW, 'hr', uid, 'department', EMPTY FROM floor_departments`,
		`INSERT INTO {userDataSyncRecords} (id, [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType], [metaData])
		 SELECT id + 10000000, NOW, NOW, 'hr', uid, 'user', RAW FROM floor_users`,
		`INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
		 SELECT NOW, NOW, id, 'departments', CAST(id AS text) FROM floor_departments`,
		`INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
		 SELECT NOW, NOW, id + 10000000, 'users', CAST(id AS text) FROM floor_users`,
		`INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
		 SELECT NOW, NOW, member + 10000000, 'departments', CAST(department AS text) FROM floor_memberships`,
	}
	for i, q := range statements {
		statements[i] = fill.Replace(q)
	}
	return statements
}
