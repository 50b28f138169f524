package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// NocoBase's tables are the truth, and Roster's index of them is believed only
// where it holds: another engine writes beside it, backups are restored, and
// people edit what they like.

// wrote has NocoBase's own engine write a record that is there anew.
func (n *nocobase) wrote(uid, raw string) (record string) {
	n.Helper()

	n.at = n.at.Add(time.Millisecond)
	return n.list(`UPDATE {userDataSyncRecords} SET [lastMetaData] = [metaData], [metaData] = ?, [updatedAt] = ? WHERE [sourceName] = ? AND [sourceUk] = ? RETURNING id`,
		raw, n.db.Time(n.at), n.source, uid)[0]
}

// rowOf is the row of a user that a record leads to.
func (n *nocobase) rowOf(record string) string {
	n.Helper()
	return n.list(`SELECT max(u.id) FROM {userDataSyncRecordsResources} k JOIN {users} u ON CAST(u.id AS text) = k.[resourcePk] WHERE k.[recordId] = ? AND k.resource = 'users'`, record)[0]
}

// rewrites has it write a user who is there: the row, and all memberships anew.
func (n *nocobase) rewrites(raw string, in ...string) {
	n.Helper()
	uid, nickname := named(raw)
	record := n.wrote(uid, raw)
	row := n.rowOf(record)
	n.hand(`UPDATE {users} SET nickname = ?, [updatedAt] = ? WHERE id = ?`, nickname, n.db.Time(n.at), row)
	n.hand(`DELETE FROM {departmentsUsers} WHERE [userId] = ?`, row)
	n.hand(`DELETE FROM {userDataSyncRecordsResources} WHERE [recordId] = ? AND resource = 'departments'`, record)
	for _, department := range in {
		n.joins(row, department)
		n.link(record, "departments", department)
	}
}

// removes has it remove a user: the link to the row stays and dangles.
func (n *nocobase) removes(uid string) {
	n.Helper()
	record := n.wrote(uid, `{"isDeleted":true}`)
	row := n.rowOf(record)
	for _, q := range []string{
		`DELETE FROM {rolesUsers} WHERE [userId] = ?`, `DELETE FROM {departmentsUsers} WHERE [userId] = ?`, `DELETE FROM {users} WHERE id = ?`,
	} {
		n.hand(q, row)
	}
	n.hand(`DELETE FROM {userDataSyncRecordsResources} WHERE [recordId] = ? AND resource = 'departments'`, record)
}

// revives has it make a row again for a record that is there.
func (n *nocobase) revives(raw string) {
	n.Helper()
	uid, nickname := named(raw)
	n.link(n.wrote(uid, raw), "users", n.person(nickname))
}

// idOf is the id of a department.
func (c *company) idOf(title string) string {
	c.Helper()
	return c.list(`SELECT id FROM {departments} WHERE title = ?`, title)[0]
}

// indexed wants the index of a source to say what NocoBase's tables do.
func (c *company) indexed(source string) {
	c.Helper()
	c.same("uids with several records", c.list(`SELECT [dataType], [sourceUk] FROM {userDataSyncRecords} WHERE [sourceName] = ? GROUP BY 1, 2 HAVING count(*) > 1`, source))
	c.same("rows of several uids", c.list(`SELECT type, row_id FROM {records} WHERE source = ? AND row_id IS NOT NULL AND removed IS NULL GROUP BY 1, 2 HAVING count(*) > 1`, source))
	c.same("index of "+source,
		c.list(`SELECT type, uid, record_id, row_id FROM {records} WHERE source = ? AND removed IS NULL ORDER BY 1, 2`, source),
		c.list(`SELECT r.[dataType], r.[sourceUk], r.id, k.[resourcePk] FROM {userDataSyncRecords} r
			JOIN {userDataSyncRecordsResources} k ON k.[recordId] = r.id AND k.resource = r.[dataType] || 's'
			WHERE r.[sourceName] = ? ORDER BY 1, 2`, source)...)
}

const cid = `{"departments":[{"isMain":true,"uid":"e"}],"nickname":"Cid","uid":"c"}`

// told tells Roster of two people in two departments.
func told(c *company) *engine.Report {
	c.Helper()
	return c.push("hr", departments(sales, east), users(ann, bob))
}

func TestNocoBasesEngineWritesBetweenPushes(t *testing.T) {
	for _, turn := range []struct {
		name    string
		writes  func(n *nocobase)
		push    []engine.Body
		message string
		users   []string
		members []string
	}{
		{
			"it creates a user",
			func(n *nocobase) { n.user(cid, n.idOf("East")) },
			[]engine.Body{users(ann, bob, cid)},
			"user: 3 unchanged",
			[]string{"Ann", "Bob", "Cid"},
			[]string{"Ann in East", "Ann in Sales, main", "Cid in East, main"},
		},
		{
			"it creates a department and people in it",
			func(n *nocobase) {
				n.user(`{"departments":["w"],"nickname":"Cid","uid":"c"}`, n.department(`{"title":"West","uid":"w"}`))
			},
			[]engine.Body{departments(sales, east, `{"title":"West","uid":"w"}`), users(bob, `{"departments":["w","s"],"nickname":"Cid","uid":"c"}`)},
			"department: 3 unchanged; membership: 1 created; user: 1 updated, 1 unchanged",
			[]string{"Ann", "Bob", "Cid"},
			[]string{"Ann in East", "Ann in Sales, main", "Cid in Sales", "Cid in West, main"},
		},
		{
			"it renames a user",
			func(n *nocobase) {
				n.rewrites(strings.Replace(ann, "Ann", "Anna", 1), n.idOf("Sales"), n.idOf("East"))
			},
			[]engine.Body{users(ann)},
			"user: 1 updated",
			[]string{"Ann", "Bob"},
			[]string{"Ann in East", "Ann in Sales, main"},
		},
		{
			"it writes the memberships of a user anew",
			func(n *nocobase) { n.rewrites(ann, n.department(`{"title":"West","uid":"w"}`), n.idOf("East")) },
			[]engine.Body{users(ann)},
			"membership: 1 created, 1 deleted; user: 1 updated",
			[]string{"Ann", "Bob"},
			[]string{"Ann in East", "Ann in Sales, main"},
		},
		{
			"it removes a user",
			func(n *nocobase) { n.removes("b") },
			[]engine.Body{users(ann, bob)},
			"user: 1 created, 1 unchanged",
			[]string{"Ann", "Bob"},
			[]string{"Ann in East", "Ann in Sales, main"},
		},
		{
			"it removes a user, who is gone for Roster's source as well",
			func(n *nocobase) { n.removes("b") },
			[]engine.Body{users(`{"uid":"b","isDeleted":true}`)},
			"user: 1 unlinked",
			[]string{"Ann"},
			[]string{"Ann in East", "Ann in Sales, main"},
		},
		{
			"it removes a user and makes her again",
			func(n *nocobase) { n.removes("a"); n.revives(ann) },
			[]engine.Body{users(ann, bob)},
			"membership: 2 created; user: 1 updated, 1 unchanged",
			[]string{"Bob", "Ann"},
			[]string{"Ann in East", "Ann in Sales, main"},
		},
		{
			"it makes a user again whom Roster removed",
			func(n *nocobase) {
				n.push("hr", users(`{"uid":"b","isDeleted":true}`))
				n.revives(bob)
			},
			[]engine.Body{users(ann, bob)},
			"user: 2 unchanged",
			[]string{"Ann", "Bob"},
			[]string{"Ann in East", "Ann in Sales, main"},
		},
		{
			"it creates a user and removes her again",
			func(n *nocobase) { n.user(cid, n.idOf("East")); n.removes("c") },
			[]engine.Body{users(bob, cid)},
			"membership: 1 created; user: 1 created, 1 unchanged",
			[]string{"Ann", "Bob", "Cid"},
			[]string{"Ann in East", "Ann in Sales, main", "Cid in East, main"},
		},
	} {
		t.Run(turn.name, func(t *testing.T) {
			each(t, func(c *company) {
				told(c)
				turn.writes(c.before("hr"))
				c.wantMessage(c.push("hr", turn.push...), turn.message)
				c.wantUsers("nickname", turn.users...)
				c.wantMembers(turn.members...)
				before := c.dump("runs")
				c.push("hr", turn.push...)
				c.unchanged(before, "runs")
				told(c)
				told(c)
				c.wantMessage(told(c), "department: 2 unchanged; user: 2 unchanged")
			})
		})
	}
}

func TestTheIndexSaysWhatTheTablesDoOnceBothHaveWritten(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		n := c.before("hr")
		n.user(cid, c.idOf("East"))
		n.removes("a")
		told(c)
		c.indexed("hr")
		n.rewrites(bob, c.idOf("Sales"))
		told(c)
		c.indexed("hr")
		c.wantMembers("Ann in East", "Ann in Sales, main", "Bob in Sales", "Cid in East, main")
		c.push("hr", users(`{"departments":[],"nickname":"Bob","uid":"b"}`, `{"uid":"c","isDeleted":true}`))
		c.indexed("hr")
		c.wantMembers("Ann in East", "Ann in Sales, main")
	})
}

// What each engine writes for a source of its own is none of the other's.
func TestNewsOfOneSourceIsNotMissedForAnother(t *testing.T) {
	each(t, func(c *company) {
		for _, source := range []string{"hr", "it"} {
			c.push(source, users(bob))
		}
		c.before("it").user(`{"nickname":"Cid of it","uid":"c"}`)
		c.before("hr").user(`{"nickname":"Cid of hr","uid":"c"}`)
		for _, source := range []string{"hr", "it", "hr"} {
			c.push(source, users(`{"nickname":"Cid of `+source+`","uid":"c"}`))
		}
		c.wantUsers("nickname", "Bob", "Bob", "Cid of it", "Cid of hr")
	})
}

// A plan may mend the index; NocoBase's tables are not its to write.
func TestAPlanKnowsWhatNocoBasesEngineWrote(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		n := c.before("hr")
		n.user(cid, c.idOf("East"))
		n.link(n.record("user", "d", `{"uid":"d"}`), "users", "4711")
		n.rewrites(strings.Replace(ann, "Ann", "Anna", 1), c.idOf("Sales"))
		before := c.rest()
		records := c.list(`SELECT * FROM {userDataSyncRecords} ORDER BY id`)
		r := c.plan("hr", users(ann, cid))
		after := c.rest()
		for _, own := range []string{"plan_users", "plan_departments", "plan_memberships"} {
			delete(before, c.db.SQL("{"+own+"}"))
			delete(after, c.db.SQL("{"+own+"}"))
		}
		if diff := cmp.Diff(before, after); diff != "" {
			c.Errorf("planning wrote more than the index (-before +after):\n%s", diff)
		}
		c.same("records", c.list(`SELECT * FROM {userDataSyncRecords} ORDER BY id`), records...)
		c.wantMessage(r, "planned, nothing written; membership: 1 created; user: 1 updated, 1 unchanged")
	})
}

func TestADepartmentThatNocoBasesEngineRemovedIsMadeAgain(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		n, e := c.before("hr"), c.idOf("East")
		n.wrote("e", `{"isDeleted":true}`)
		for _, q := range []string{
			`DELETE FROM {departmentsUsers} WHERE [departmentId] = ?`, `DELETE FROM {main_departments_path} WHERE [nodePk] = ?`, `DELETE FROM {departments} WHERE id = ?`,
		} {
			c.hand(q, e)
		}
		c.hand(`UPDATE {departments} SET [isLeaf] = true`)
		told(c)
		c.wantTree("Sales", "  East")
		c.wantMembers("Ann in East", "Ann in Sales, main")
		c.wantClaims("hr: a in East", "hr: a in Sales")
		c.indexed("hr")
	})
}

func TestEntriesThatAreWrongAreNotBelieved(t *testing.T) {
	for _, wrong := range []struct{ name, sql string }{
		{"an entry stands for another's row", `UPDATE {records} SET row_id = 2 WHERE uid = 'a'`},
		{"two entries have each other's rows", `UPDATE {records} SET row_id = 3 - row_id WHERE type = 'user'`},
		{"an entry names another's record", `UPDATE {records} SET record_id = (SELECT r.record_id FROM {records} r WHERE r.uid = 'b') WHERE uid = 'a'`},
		{"an entry names no record", `UPDATE {records} SET record_id = 4711 WHERE uid = 'a'`},
		{"an entry is said to be removed", `UPDATE {records} SET removed = 'deleted', row_id = NULL WHERE uid = 'a'`},
		{"an entry is missing", `DELETE FROM {records} WHERE uid = 'a'`},
		{"a department's entry stands for another's row", `UPDATE {records} SET row_id = (SELECT r.row_id FROM {records} r WHERE r.uid = 's') WHERE uid = 'e'`},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			each(t, func(c *company) {
				told(c)
				before := c.dump("runs", "records", "cursors", "plan_users", "plan_departments", "chunks")
				c.hand(`DELETE FROM {cursors}`) // what is missing was not seen yet
				c.hand(wrong.sql)
				r := c.push("hr", users(ann, bob))
				c.wantMessage(r, "user: 2 unchanged")
				c.unchanged(before, "runs", "records", "cursors", "plan_users", "plan_departments", "chunks")
				c.indexed("hr")
			})
		})
	}
}

func TestRecordsAndLinksThatSomebodyRemoved(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		c.hand(`UPDATE {users} SET username = 'bob' WHERE nickname = 'Bob'`)
		c.hand(`DELETE FROM {userDataSyncRecordsResources} WHERE [recordId] IN (SELECT id FROM {userDataSyncRecords} WHERE [sourceUk] = 'b')`)
		c.hand(`DELETE FROM {userDataSyncRecords} WHERE [sourceUk] = 'b'`)
		c.pushBy("username", "hr", users(ann, `{"nickname":"Bob","uid":"b","username":"bob"}`))
		c.wantUsers("id, nickname", "1 Ann", "2 Bob")
		c.indexed("hr")
		c.hand(`DELETE FROM {userDataSyncRecordsResources} WHERE resource = 'users' AND [resourcePk] = '2'`)
		c.pushBy("username", "hr", users(`{"nickname":"Bob","uid":"b","username":"bob"}`))
		c.wantUsers("id, nickname", "1 Ann", "2 Bob")
		c.indexed("hr")
	})
}

func TestALinkThatSomebodyMovedIsFollowed(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		c.make("users", "nickname", "'Robert'")
		c.hand(`UPDATE {userDataSyncRecordsResources} SET [resourcePk] = '3' WHERE resource = 'users' AND [resourcePk] = '2'`)
		c.push("hr", users(bob))
		c.wantUsers("id, nickname", "1 Ann", "2 Bob", "3 Bob")
		c.wantIndex("hr", slices.Concat(c.list(`SELECT 'department', uid, record_id, row_id, 'made' FROM {records} WHERE type = 'department' ORDER BY record_id`),
			[]string{"user a 3 1 made", "user b 4 3 adopted"})...)
		// One of another record is not.
		c.hand(`UPDATE {userDataSyncRecordsResources} SET [resourcePk] = '1' WHERE resource = 'users' AND [resourcePk] = '3'`)
		c.push("hr", users(ann, bob))
		c.wantUsers("id, nickname", "1 Ann", "2 Bob", "3 Bob", "4 Bob")
		c.indexed("hr")
	})
}

// hostTables are NocoBase's that a backup of it has; ownTables are Roster's.
var (
	hostTables = []string{"users", "departments", "main_departments_path", "departmentsUsers", "rolesUsers", "userDataSyncRecords", "userDataSyncRecordsResources"}
	ownTables  = []string{"records", "pending", "kept_memberships", "conflicts", "runs", "chunks", "plan_users", "plan_departments", "plan_memberships", "counters", "host", "cursors"}
)

// backup keeps what tables hold, to be restored; ids go on from there then.
func (c *company) backup(tables []string) (restore func()) {
	c.Helper()
	for i, table := range tables {
		c.hand(fmt.Sprintf(`CREATE TABLE backup_%d AS SELECT * FROM {%s}`, i, table))
	}
	return func() {
		for i, table := range tables {
			c.hand(`DELETE FROM {` + table + `}`)
			c.hand(fmt.Sprintf(`INSERT INTO {%s} SELECT * FROM backup_%d`, table, i))
		}
		for _, table := range []string{"users", "userDataSyncRecords", "userDataSyncRecordsResources"} {
			switch {
			case !slices.Contains(tables, table):
			case c.db.Dialect() == "sqlite":
				c.hand(`UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM {`+table+`}) WHERE name = ?`, table)
			default:
				c.hand(`SELECT setval(pg_get_serial_sequence('` + c.db.SQL("{"+table+"}") + `', 'id'), (SELECT max(id) FROM {` + table + `}))`)
			}
		}
	}
}

func TestABackupOfNocoBaseIsRestored(t *testing.T) {
	each(t, func(c *company) {
		c.push("it", users(`{"nickname":"Ida","uid":"i"}`))
		told(c)
		restore := c.backup(hostTables)
		later := []engine.Body{
			departments(sales, east, `{"title":"West","uid":"w"}`),
			users(`{"departments":["w"],"nickname":"Anna","uid":"a"}`, `{"uid":"b","isDeleted":true}`, `{"departments":["w"],"nickname":"Cid","uid":"c"}`, `{"nickname":"Dan","uid":"d"}`),
		}
		c.push("hr", later...)
		c.push("it", users(`{"nickname":"Joe","uid":"j"}`))
		restore()
		// Ids are given out again, to others.
		r := c.push("it", departments(`{"title":"Computers","uid":"x"}`), users(`{"departments":["x"],"nickname":"Kim","uid":"k"}`, `{"nickname":"Lea","uid":"l"}`, `{"nickname":"Mo","uid":"m"}`))
		c.same("warnings", r.Warnings, "NocoBase's tables are not the ones that were there before, as after a backup was restored: of the index of all sources 4 records were forgotten, 2 corrected and 0 taken in")
		c.wantUsers("nickname", "Ida", "Ann", "Bob", "Kim", "Lea", "Mo")
		r = c.push("hr", later...)
		c.same("warnings", r.Warnings)
		c.wantUsers("nickname", "Ida", "Anna", "Kim", "Lea", "Mo", "Cid", "Dan")
		c.wantTree("Sales", "  East", "Computers", "West")
		c.wantMembers("Anna in West, main", "Cid in West, main", "Kim in Computers, main")
		c.push("it", users(`{"nickname":"Joe","uid":"j"}`))
		c.indexed("hr")
		c.indexed("it")
		before := c.dump("runs", "cursors")
		c.push("hr", later...)
		c.unchanged(before, "runs", "cursors")
	})
}

// Records that a backup brings back and the index does not have are taken in.
func TestABackupOfRosterIsRestored(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		restore := c.backup(ownTables)
		later := []engine.Body{
			departments(sales, east, `{"title":"West","uid":"w"}`),
			users(`{"departments":["w"],"nickname":"Anna","uid":"a"}`, `{"uid":"b","isDeleted":true}`, `{"departments":["w"],"nickname":"Cid","uid":"c"}`, `{"nickname":"Dan","uid":"d"}`),
		}
		c.push("hr", later...)
		restore()
		people, tree := c.list(`SELECT * FROM {users} ORDER BY id`), c.tree()
		r := c.push("hr", later...)
		c.same("warnings", r.Warnings)
		c.same("users", c.list(`SELECT * FROM {users} ORDER BY id`), people...)
		c.wantTree(tree...)
		c.wantMembers("Anna in West, main", "Cid in West, main")
		c.indexed("hr")
		// Ids of departments go on after those that are there.
		c.push("hr", departments(`{"title":"North","uid":"n"}`))
		c.wantTree("Sales", "  East", "West", "North")
	})
}

// loseAll drops all that Roster knows, as if its schema had been dropped.
func (c *company) loseAll() {
	c.Helper()
	for _, table := range ownTables {
		switch table {
		case "host":
			c.hand(`UPDATE {host} SET witness_id = NULL, witness_at = NULL`)
		case "counters":
			c.hand(`UPDATE {counters} SET next = 1`)
		default:
			c.hand(`DELETE FROM {` + table + `}`)
		}
	}
}

// reindex rebuilds the index, of NocoBase's tables writing none.
func (c *company) reindex(source string) []string {
	c.Helper()
	own := []string{"runs", "records", "pending", "kept_memberships", "cursors", "host"}
	before := c.dump(slices.Clone(own)...)
	done, err := c.engine.Reindex(c.Context(), source)
	if err != nil {
		c.Fatalf("Reindex() = %v", err)
	}
	c.unchanged(before, own...)
	lines := []string{}
	for _, n := range done {
		lines = append(lines, fmt.Sprintf("%s: %d verified, %d forgotten, %d taken in, %d dangling", n.Source, n.Verified, n.Forgotten, n.TakenIn, n.Dangling))
	}
	return lines
}

func TestRostersTablesAreLostAndMadeAgain(t *testing.T) {
	each(t, func(c *company) {
		c.push("it", users(`{"nickname":"Ida","uid":"i"}`))
		c.push("hr", departments(sales, east, `{"title":"West","uid":"w"}`), users(ann, bob))
		c.join("Bob", "West")
		c.join("Bob", "East")
		c.push("hr", users(`{"departments":["w"],"nickname":"Bob","uid":"b"}`))
		c.loseAll()
		if err := c.refused("hr", users(ann)); plugin.KindOf(err) != plugin.Conflict || !strings.Contains(err.Error(), "roster reindex") {
			c.Errorf("Push() = %v, want to be told of roster reindex", err)
		}
		c.same("reindex", c.reindex(""), "hr: 0 verified, 0 forgotten, 5 taken in, 0 dangling", "it: 0 verified, 0 forgotten, 1 taken in, 0 dangling")
		people, departed, members := c.list(`SELECT * FROM {users} ORDER BY id`), c.list(`SELECT * FROM {departments} ORDER BY id`), c.members()
		r := c.push("hr", departments(sales, east, `{"title":"West","uid":"w"}`), users(ann, `{"departments":["w"],"nickname":"Bob","uid":"b"}`))
		c.wantMessage(r, "department: 3 unchanged; user: 2 unchanged")
		c.same("users", c.list(`SELECT * FROM {users} ORDER BY id`), people...)
		c.same("departments", c.list(`SELECT * FROM {departments} ORDER BY id`), departed...)
		c.same("memberships", c.members(), members...)
		c.push("hr", users(`{"departments":[],"nickname":"Ann","uid":"a"}`, `{"departments":[],"nickname":"Bob","uid":"b"}`))
		c.wantMembers("Bob in East", "Bob in West, main")
		c.push("hr", departments(`{"title":"North","uid":"n"}`))
		c.wantTree("Sales", "  East", "West", "North")
	})
}

func TestReindexKeepsWhatOnlyRosterKnows(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username", "'Ann', 'ann'")
		c.pushBy("username", "hr", departments(sales, east), users(`{"nickname":"Ann","uid":"a","username":"ann"}`, bob))
		c.pushAs(engine.Push{Source: "hr", Options: unguarded(engine.Keep)}, users(`{"uid":"b","isDeleted":true}`))
		c.hand(`DELETE FROM {userDataSyncRecords} WHERE [sourceUk] = 'e'`)
		c.same("reindex", c.reindex("hr"), "hr: 3 verified, 1 forgotten, 0 taken in, 0 dangling")
		c.same("index", c.list(`SELECT uid, CASE WHEN adopted THEN 'adopted' ELSE 'made' END, removed, digest FROM {records} ORDER BY uid`), "a adopted - ", "b made kept ", "s made - ")
		c.same("again", c.reindex(""), "hr: 3 verified, 0 forgotten, 0 taken in, 0 dangling")
		c.same("runs", c.list(`SELECT kind, state, message FROM {runs} WHERE kind = 'reindex' ORDER BY id`),
			"reindex success 3 records verified, 1 forgotten, 0 taken in; 0 links dangle", "reindex success 3 records verified, 0 forgotten, 0 taken in; 0 links dangle")
	})
}

// Who has reindexed one source has not looked at the others.
func TestReindexOfAllSourcesEndsWhatARestoredBackupLeft(t *testing.T) {
	for _, source := range []string{"", "it"} {
		t.Run("reindex "+source, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("it", users(`{"nickname":"Ida","uid":"i"}`))
				restore := c.backup(hostTables)
				told(c)
				restore()
				c.reindex(source)
				c.adopt("it")
				warnings := c.push("it", users(`{"nickname":"Ida","uid":"i"}`)).Warnings
				if (len(warnings) > 0) != (source != "") {
					c.Errorf("the next push warns of %q", warnings)
				}
				c.same("warnings", c.push("it", users(`{"nickname":"Ida","uid":"i"}`)).Warnings)
				c.push("hr", departments(sales), users(bob))
				c.indexed("hr")
			})
		})
	}
}

func TestReindexOfWhatNocoBasesEngineLeft(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s := n.department(sales)
		n.user(ann, s, n.department(east, s))
		n.user(ann, s)
		n.link(n.record("user", "b", bob), "users", "4711")
		c.same("reindex", c.reindex(""), "hr: 0 verified, 0 forgotten, 4 taken in, 1 dangling")
		told(c)
		c.wantUsers("nickname", "Ann", "Ann", "Bob")
		c.push("hr", users(`{"departments":[],"nickname":"Ann","uid":"a"}`))
		c.wantMembers("Ann in Sales, main") // the other one
	})
}

func TestReindexOfASourceThatNobodyKnows(t *testing.T) {
	each(t, func(c *company) {
		told(c)
		if _, err := c.engine.Reindex(c.Context(), "rh"); plugin.KindOf(err) != plugin.NotFound {
			c.Errorf("Reindex() = %v, want an error of kind not-found", err)
		}
	})
}

// However fresh the tables, and unknown to the planner what they hold: to verify
// one record nothing is read from end to end.
func TestARecordIsVerifiedByKeysAlone(t *testing.T) {
	db := schematest.Open(t, schematest.Migrated(t))
	c := newCompany(t, db)
	if _, err := c.engine.Push(t.Context(), companyPush(t, writeCompany(t, 20_000, 500, 0)), nil); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	x := db.On(conn)
	if err := x.Script(t.Context(), `CREATE TEMP TABLE staged_user (uid text)`, `INSERT INTO staged_user VALUES ('u7')`, `ANALYZE staged_user`); err != nil {
		t.Fatal(err)
	}
	for what, q := range engine.Lookups {
		var plan []string
		if err := x.Select(t.Context(), &plan, `EXPLAIN `+q); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, step := range plan {
			if strings.Contains(step, `Seq Scan on "userDataSync`) || strings.Contains(step, "Seq Scan on records") {
				t.Errorf("to %s a table is read from end to end:\n%s", what, strings.Join(plan, "\n"))
			}
		}
	}
}
