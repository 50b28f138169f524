package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A nocobase writes for a source what NocoBase's own engine does, one
// statement after the other, each at a later millisecond.
type nocobase struct {
	*company
	source string
	at     time.Time
}

// before is what NocoBase's own engine has written for a source, in 2024.
func (c *company) before(source string) *nocobase {
	return &nocobase{c, source, time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)}
}

// insert makes a row at the next millisecond and gives its id.
func (n *nocobase) insert(table, columns, marks string, args ...any) string {
	n.Helper()
	n.at = n.at.Add(time.Millisecond)
	at := n.db.Time(n.at)
	return n.list(`INSERT INTO {`+table+`} ([createdAt], [updatedAt], `+columns+`) VALUES (?, ?, `+marks+`) RETURNING id`, append([]any{at, at}, args...)...)[0]
}

// record keeps a record as it was pushed and gives the id it has.
func (n *nocobase) record(dataType, uid, raw string) string {
	n.Helper()
	return n.insert("userDataSyncRecords", `[sourceName], [sourceUk], [dataType], [metaData]`, `?, ?, ?, ?`, n.source, uid, dataType, raw)
}

// link links a record to a row.
func (n *nocobase) link(record, resource, row string) {
	n.Helper()
	n.insert("userDataSyncRecordsResources", `[recordId], resource, [resourcePk]`, `?, ?, ?`, record, resource, row)
}

// person makes a row of users with the role of new ones, and gives its id.
func (n *nocobase) person(nickname string) string {
	n.Helper()
	id := n.insert("users", `nickname, [systemSettings], sort`, `?, '{}', (SELECT coalesce(max(sort), 0) + 1 FROM {users})`, nickname)
	n.hand(`INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId]) VALUES (?, ?, 'member', ?)`, n.db.Time(n.at), n.db.Time(n.at), id)
	return id
}

// joins puts a person into a department.
func (n *nocobase) joins(person, department string) {
	n.Helper()
	n.at = n.at.Add(time.Millisecond)
	n.hand(`INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId]) VALUES (?, ?, ?, ?)`, n.db.Time(n.at), n.db.Time(n.at), department, person)
}

// department makes a department of a record, at the top or below another, and
// gives the id of its row: a snowflake.
func (n *nocobase) department(raw string, parent ...string) string {
	n.Helper()
	uid, title := named(raw)
	record := n.record("department", uid, raw)
	id := fmt.Sprint((n.at.Unix()-1605024000)<<21 | 7<<16 | n.at.UnixMilli()%1000)
	n.insert("departments", `id, title, [isLeaf], sort`, `?, ?, true, (SELECT coalesce(max(sort), 0) + 1 FROM {departments})`, id, title)
	path, root := "/"+id, id
	if len(parent) > 0 {
		n.hand(`UPDATE {departments} SET [parentId] = ? WHERE id = ?`, parent[0], id)
		n.hand(`UPDATE {departments} SET [isLeaf] = false WHERE id = ?`, parent[0])
		above := strings.Fields(n.list(`SELECT path, [rootPk] FROM {main_departments_path} WHERE [nodePk] = ?`, parent[0])[0])
		path, root = above[0]+path, above[1]
	}
	n.hand(`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) VALUES (?, ?, ?)`, id, path, root)
	n.link(record, "departments", id)
	return id
}

// user makes a user of a record, in departments in the order it names them, and
// gives the ids of the record and of the row. NocoBase's main department is the
// one that is marked, or none.
func (n *nocobase) user(raw string, in ...string) (record, row string) {
	n.Helper()
	uid, nickname := named(raw)
	record = n.record("user", uid, raw)
	row = n.person(nickname)
	n.link(record, "users", row)
	for i, department := range in {
		n.joins(row, department)
		n.link(record, "departments", department)
		if i == 0 && strings.Contains(raw, `"isMain":true`) {
			n.hand(`UPDATE {users} SET [mainDepartmentId] = ? WHERE id = ?`, department, row)
		}
	}
	return record, row
}

// named reads what a record is called.
func named(raw string) (uid, name string) {
	var r struct{ UID, Title, Nickname string }
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		panic(err)
	}
	return r.UID, r.Title + r.Nickname
}

// However the leavings are tangled: every uid has one record, every row one
// uid, links and index agree, and nothing that lived is lost.
func TestWhateverIsLeftIsUntangled(t *testing.T) {
	each(t, func(c *company) {
		setup := c.before("setup")
		var people, teams []string
		for i := range 4 {
			people = append(people, setup.person("Person "+itoa(i)))
			teams = append(teams, setup.department(toJSON(object{"uid": itoa(i), "title": "Team " + itoa(i)})))
		}
		for i := range 4 {
			setup.joins(people[i], teams[i])
			setup.joins(people[i], teams[(i+1)%4])
		}
		random := rand.New(rand.NewPCG(7, 11))
		pick := func(from []string) string { return append(from, "4711")[random.IntN(len(from)+1)] }
		for i := range 25 {
			n := c.before("source " + itoa(i))
			for range random.IntN(8) + 1 {
				record := n.record("user", itoa(random.IntN(3)), "{}")
				for range random.IntN(4) {
					n.link(record, "users", pick(people))
				}
				for range random.IntN(4) {
					n.link(record, "departments", pick(teams))
				}
			}
			for range random.IntN(4) {
				n.link(n.record("department", itoa(random.IntN(3)), "{}"), "departments", pick(teams))
			}
			led := c.list(ledTo, n.source)
			planned, a := c.planned(n.source), c.adopt(n.source)
			planned.Written, planned.TaskID = a.Written, a.TaskID
			if diff := cmp.Diff(planned, a); diff != "" {
				c.Errorf("%s: what was done is not what was planned (-planned +done):\n%s", n.source, diff)
			}
			c.untangled(n.source, led)
			before := c.dump("runs")
			c.adopt(n.source)
			c.unchanged(before, "runs")
		}
	})
}

// ledTo is SQL for the living rows that the uids of a source led to.
const ledTo = `
	SELECT DISTINCT r.[dataType], r.[sourceUk], k.[resourcePk] FROM {userDataSyncRecords} r
	JOIN {userDataSyncRecordsResources} k ON k.[recordId] = r.id
	LEFT JOIN {users} u ON r.[dataType] = 'user' AND k.resource = 'users' AND CAST(u.id AS text) = k.[resourcePk]
	LEFT JOIN {departments} d ON r.[dataType] = 'department' AND k.resource = 'departments' AND CAST(d.id AS text) = k.[resourcePk]
	WHERE r.[sourceName] = ? AND (u.id IS NOT NULL OR d.id IS NOT NULL)`

// untangled wants a source's records, links and index to be sound, and a uid
// to go without a row only where all it led to are others'.
func (c *company) untangled(source string, led []string) {
	c.Helper()
	c.same(source+": uids with several records", c.list(`SELECT [dataType], [sourceUk] FROM {userDataSyncRecords} WHERE [sourceName] = ? GROUP BY 1, 2 HAVING count(*) > 1`, source))
	c.same(source+": rows of several uids", c.list(`SELECT type, row_id FROM {records} WHERE source = ? AND row_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1`, source))
	index := c.list(`SELECT type, uid, record_id, coalesce(CAST(row_id AS text), '-') FROM {records} WHERE source = ? ORDER BY 1, 2`, source)
	c.same(source+": index", index, c.list(`
		SELECT r.[dataType], r.[sourceUk], r.id, coalesce(k.[resourcePk], '-') FROM {userDataSyncRecords} r
		LEFT JOIN {userDataSyncRecordsResources} k ON k.[recordId] = r.id AND (r.[dataType] = 'department' OR k.resource = 'users')
		WHERE r.[sourceName] = ? ORDER BY 1, 2`, source)...)
	c.same(source+": links of nobody", c.list(`SELECT id FROM {userDataSyncRecordsResources} WHERE [recordId] NOT IN (SELECT id FROM {userDataSyncRecords})`))
	c.same(source+": claims twice, of nobody, or of nothing", c.list(`
		SELECT k.[recordId], k.[resourcePk] FROM {userDataSyncRecordsResources} k
		JOIN {records} i ON i.record_id = k.[recordId] AND i.type = 'user' AND i.source = ?
		LEFT JOIN {departments} d ON CAST(d.id AS text) = k.[resourcePk] WHERE k.resource = 'departments'
		GROUP BY 1, 2 HAVING count(*) > 1 OR count(i.row_id) = 0 OR count(d.id) = 0`, source))
	row, taken := map[string]string{}, map[string]bool{}
	for _, i := range c.list(`SELECT type, uid, row_id FROM {records} WHERE source = ?`, source) {
		f := strings.Fields(i)
		row[f[0]+" "+f[1]], taken[f[0]+" "+f[2]] = f[2], true
	}
	for _, l := range led {
		f := strings.Fields(l)
		if row[f[0]+" "+f[1]] == "-" && !taken[f[0]+" "+f[2]] {
			c.Errorf("%s: %s has no row, and row %s is nobody's", source, f[1], f[2])
		}
	}
}
