package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// wantTree wants the departments to be this tree of titles, siblings in the
// order of sort, two blanks for each level.
func (c *company) wantTree(want ...string) {
	c.Helper()
	c.same("tree", c.tree(), want...)
}

func (c *company) tree() []string {
	c.Helper()
	var rows []struct {
		ID     int64
		Parent *int64
		Title  string
	}
	err := c.db.On(c.db).Select(c.Context(), &rows, `SELECT id, [parentId] AS parent, coalesce(title, '-') AS title FROM {departments} ORDER BY sort, id`)
	if err != nil {
		c.Fatal(err)
	}
	below := map[int64][]int{}
	known := map[int64]bool{}
	for i, r := range rows {
		known[r.ID] = true
		if r.Parent != nil {
			below[*r.Parent] = append(below[*r.Parent], i)
		}
	}
	lines := []string{}
	var walk func(i int, indent string)
	walk = func(i int, indent string) {
		lines = append(lines, indent+rows[i].Title)
		for _, child := range below[rows[i].ID] {
			walk(child, indent+"  ")
		}
	}
	for i, r := range rows {
		switch {
		case r.Parent == nil:
			walk(i, "")
		case !known[*r.Parent]:
			walk(i, "(lost) ")
		}
	}
	return lines
}

// paths is SQL that walks down the tree and says what the path table must hold.
const paths = `
	WITH RECURSIVE walk (id, path, root) AS (
		SELECT id, '/' || CAST(id AS text), id FROM {departments} WHERE [parentId] IS NULL
		UNION ALL
		SELECT d.id, walk.path || '/' || CAST(d.id AS text), walk.root FROM {departments} d JOIN walk ON d.[parentId] = walk.id) `

// soundTree wants what hangs on the tree to agree with it: one row of the path
// table for each department, to the letter, and isLeaf.
func (c *company) soundTree() {
	c.Helper()
	want := c.list(paths + `
		SELECT walk.id, path, root, CASE WHEN EXISTS (SELECT 1 FROM {departments} b WHERE b.[parentId] = walk.id) THEN 'parent' ELSE 'leaf' END
		FROM walk ORDER BY walk.id`)
	got := c.list(`SELECT p.[nodePk], p.path, p.[rootPk], CASE WHEN d.[isLeaf] THEN 'leaf' WHEN d.[isLeaf] IS NULL THEN 'unknown' ELSE 'parent' END
		FROM {main_departments_path} p LEFT JOIN {departments} d ON d.id = p.[nodePk] ORDER BY p.[nodePk]`)
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("paths and leaves mismatch (-want +got):\n%s", diff)
	}
}

// wantMembers wants exactly these memberships: "Ann in Sales", with ", owner"
// and ", main" where she is.
func (c *company) wantMembers(want ...string) {
	c.Helper()
	c.same("memberships", c.members(), want...)
}

func (c *company) members() []string {
	c.Helper()
	lines := c.list(`
		SELECT coalesce(u.nickname, '?') || ' in ' || coalesce(d.title, '?')
		       || CASE WHEN m.[isOwner] THEN ', owner' ELSE '' END || CASE WHEN m.[isMain] THEN ', isMain' ELSE '' END
		       || CASE WHEN u.[mainDepartmentId] = m.[departmentId] THEN ', main' ELSE '' END
		FROM {departmentsUsers} m LEFT JOIN {users} u ON u.id = m.[userId] LEFT JOIN {departments} d ON d.id = m.[departmentId]
		UNION ALL
		SELECT coalesce(u.nickname, '?') || ' has a main department without being in it' FROM {users} u
		WHERE u.[mainDepartmentId] IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM {departmentsUsers} m WHERE m.[userId] = u.id AND m.[departmentId] = u.[mainDepartmentId])`)
	slices.Sort(lines)
	return lines
}

// wantClaims wants exactly these memberships to be claimed, by whom: "hr: ann in Sales".
func (c *company) wantClaims(want ...string) {
	c.Helper()
	got := c.list(`
		SELECT r.[sourceName] || ': ' || r.[sourceUk] || ' in ' || coalesce(d.title, '?')
		FROM {userDataSyncRecordsResources} l LEFT JOIN {userDataSyncRecords} r ON r.id = l.[recordId]
		LEFT JOIN {departments} d ON CAST(d.id AS text) = l.[resourcePk]
		WHERE l.resource = 'departments' AND r.[dataType] = 'user'`)
	slices.Sort(got)
	c.same("claims", got, want...)
}

// wantLinks wants exactly these records to stand for rows: "hr: ann is Ann".
func (c *company) wantLinks(want ...string) {
	c.Helper()
	got := c.list(`
		SELECT r.[sourceName] || ': ' || r.[sourceUk] || ' is ' || coalesce(u.nickname, d.title, '?')
		FROM {userDataSyncRecordsResources} l LEFT JOIN {userDataSyncRecords} r ON r.id = l.[recordId]
		LEFT JOIN {users} u ON l.resource = 'users' AND CAST(u.id AS text) = l.[resourcePk]
		LEFT JOIN {departments} d ON l.resource = 'departments' AND CAST(d.id AS text) = l.[resourcePk]
		WHERE l.resource = 'users' OR r.[dataType] = 'department'`)
	slices.Sort(got)
	c.same("links", got, want...)
}

// wantWaiting wants exactly these to wait for a department: "hr: ann awaits sales".
func (c *company) wantWaiting(want ...string) {
	c.Helper()
	got := c.list(`SELECT source || ': ' || uid || ' awaits ' || awaits FROM {pending}`)
	slices.Sort(got)
	c.same("waiting", got, want...)
}

// A dump is every row of every table, as text. On PostgreSQL it has the
// transaction that wrote the row, so that a row rewritten with the same values
// shows.
type dump map[string][]string

// dump reads the whole database but for the tables named.
func (c *company) dump(but ...string) dump {
	c.Helper()
	tables, q := `SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'`, `SELECT * FROM %s`
	if c.db.Dialect() == "postgres" {
		tables, q = `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'roster')`, `SELECT CAST(xmin AS text), CAST(t AS text) FROM %s t`
	}
	for i, name := range but {
		but[i] = c.db.SQL("{" + name + "}")
	}
	d := dump{}
	for _, table := range c.list(tables) {
		if slices.Contains(but, table) {
			continue
		}
		if c.db.Dialect() == "sqlite" {
			d[table] = c.list(fmt.Sprintf(q, `"`+table+`"`))
		} else {
			d[table] = c.list(fmt.Sprintf(q, table))
		}
		slices.Sort(d[table])
	}
	return d
}

// unchanged wants nothing to have been written since before, but in the tables
// left out of it.
func (c *company) unchanged(before dump, but ...string) {
	c.Helper()
	if diff := cmp.Diff(before, c.dump(but...)); diff != "" {
		c.Errorf("the database changed (-before +after):\n%s", diff)
	}
}

// nowhere wants a text to be in no table and in no line that was logged.
func (c *company) nowhere(text string) {
	c.Helper()
	d := c.dump()
	for _, table := range slices.Sorted(maps.Keys(d)) {
		for _, row := range d[table] {
			if strings.Contains(row, text) {
				c.Errorf("%q is in %s: %s", text, table, row)
			}
		}
	}
	for _, entry := range c.logs.All() {
		if line := fmt.Sprint(entry.Message, entry.ContextMap()); strings.Contains(line, text) {
			c.Errorf("%q was logged: %s", text, line)
		}
	}
}
