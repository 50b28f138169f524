package engine_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// adopt adopts a source and wants no error, and of NocoBase's tables only those
// of records and links to be written.
func (c *company) adopt(source string) *engine.Adoption {
	c.Helper()
	before := c.rest()
	a := c.adoption(source, true)
	if diff := cmp.Diff(before, c.rest()); diff != "" {
		c.Errorf("more than records and links changed (-before +after):\n%s", diff)
	}
	return a
}

// rest is the database without what adopting writes.
func (c *company) rest() dump {
	c.Helper()
	d := c.dump("runs", "records", "cursors", "host")
	maps.DeleteFunc(d, func(table string, _ []string) bool { return strings.Contains(table, "userDataSyncRecords") })
	return d
}

// planned is what adopting a source would do; planning it writes nothing.
func (c *company) planned(source string) *engine.Adoption {
	c.Helper()
	before := c.dump()
	a := c.adoption(source, false)
	c.unchanged(before)
	return a
}

func (c *company) adoption(source string, write bool) *engine.Adoption {
	c.Helper()
	a, err := c.engine.Adopt(c.Context(), source, write)
	if err != nil {
		c.Fatalf("Adopt() = %v", err)
	}
	if a.Written != write || (a.TaskID != "") != write {
		c.Errorf("Adopt(write %v) says written %v by task %q", write, a.Written, a.TaskID)
	}
	return a
}

// wantAdopted wants these counts: of departments, of users, of claims.
func (c *company) wantAdopted(a *engine.Adoption, want ...string) {
	c.Helper()
	d, u, m := a.Counts[plugin.Department], a.Counts[plugin.User], a.Memberships
	c.same("counts", []string{
		fmt.Sprintf("departments %+v", d), fmt.Sprintf("users %+v", u), fmt.Sprintf("memberships %+v", m),
	}, want...)
}

// wantFindings wants exactly these findings: "user ann (row 3): what. does".
func (c *company) wantFindings(a *engine.Adoption, want ...string) {
	c.Helper()
	var got []string
	for _, f := range a.Findings {
		got = append(got, fmt.Sprintf("%s %s (row %s): %s. %s", f.Type, f.UID, f.RowID, f.Problem, f.Does))
	}
	c.same("findings", got, want...)
	if a.Total != len(got) {
		c.Errorf("%d findings in all, want %d", a.Total, len(got))
	}
}

// wantIndex wants the index of a source to be this: "user ann 1 2 adopted", by
// the ids of record and row.
func (c *company) wantIndex(source string, want ...string) {
	c.Helper()
	c.same("index", c.list(`SELECT type, uid, record_id, row_id, CASE WHEN adopted THEN 'adopted' ELSE 'made' END FROM {records}
		WHERE source = ? ORDER BY type, record_id`, source), want...)
}

// wantRecords wants NocoBase to keep exactly these records, each with its links.
func (c *company) wantRecords(want ...string) {
	c.Helper()
	got := []string{}
	for _, r := range c.list(`SELECT id, [sourceName], [sourceUk] FROM {userDataSyncRecords} ORDER BY id`) {
		id, _, _ := strings.Cut(r, " ")
		links := c.list(`SELECT resource, [resourcePk] FROM {userDataSyncRecordsResources} WHERE [recordId] = ? ORDER BY resource DESC, [resourcePk]`, id)
		got = append(got, r+": "+strings.Join(links, ", "))
	}
	c.same("records and links", got, want...)
}

const (
	sales  = `{"title":"Sales","uid":"s"}`
	east   = `{"parentUid":"s","title":"East","uid":"e"}`
	ann    = `{"departments":[{"isMain":true,"uid":"s"},"e"],"nickname":"Ann","uid":"a"}`
	bob    = `{"nickname":"Bob","uid":"b"}`
	annOut = `{"departments":[{"isMain":true,"uid":"s"}],"nickname":"Ann","uid":"a"}`
)

func TestAnAdoptedSourceIsPushedWithoutMakingAnythingTwice(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s := n.department(sales)
		n.user(ann, s, n.department(east, s))
		n.user(bob)
		counts := []string{
			"departments {Records:2 Linked:2 Unlinked:0 Duplicates:0 Dangling:0 Known:0}",
			"users {Records:2 Linked:2 Unlinked:0 Duplicates:0 Dangling:0 Known:0}",
			"memberships {Claims:2 Moved:0 Dangling:0}",
		}
		c.wantAdopted(c.planned("hr"), counts...)
		before := c.dump("runs", "records", "cursors", "host")
		a := c.adopt("hr")
		c.unchanged(before, "runs", "records", "cursors", "host")
		c.wantAdopted(a, counts...)
		c.wantFindings(a)
		c.same("times and digests", c.list(`SELECT r.digest, r.memberships, r.row_updated_at, r.seen_at = t.[updatedAt]
			FROM {records} r JOIN {userDataSyncRecords} t ON t.id = r.record_id`), "  - 1", "  - 1", "  - 1", "  - 1")
		c.same("runs", c.list(`SELECT kind, state, message FROM {runs}`),
			"adopt success department: 2 adopted; user: 2 adopted; membership: 2 claims, 0 dangling removed; 0 findings")

		before = c.dump("runs", "chunks", "records", "plan_users", "plan_departments")
		r := c.push("hr", departments(sales, east), users(ann, bob))
		c.unchanged(before, "runs", "chunks", "records", "plan_users", "plan_departments")
		c.wantMessage(r, "department: 2 unchanged; user: 2 unchanged")
		before = c.dump("runs")
		c.push("hr", departments(sales, east), users(ann, bob))
		c.unchanged(before, "runs")
	})
}

// What Roster wrote is what NocoBase would have, so that an index that was lost
// comes back by adopting.
func TestAdoptingGivesALostIndexBack(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, email", "'by hand', 'bob@example.com'")
		staff(c)
		c.pushBy("email", "hr", users(`{"uid":"bob","email":"bob@example.com"}`))
		index := `SELECT uid, source, type, record_id, row_id, adopted FROM {records} ORDER BY type, uid`
		want := c.list(index)
		c.hand(`DELETE FROM {records}`)
		before := c.dump("runs", "records")
		c.adopt("hr")
		c.unchanged(before, "runs", "records")
		c.same("index", c.list(index), want...)
		people := c.list(`SELECT * FROM {users} ORDER BY id`)
		staff(c)
		c.same("users", c.list(`SELECT * FROM {users} ORDER BY id`), people...)
	})
}

func TestASecondAdoptionWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s := n.department(sales)
		n.user(ann, s)
		n.user(ann, s)
		n.link(n.record("user", "gone", "{}"), "users", "4711")
		c.adopt("hr")
		before := c.dump("runs")
		a := c.adopt("hr")
		c.unchanged(before, "runs")
		c.wantAdopted(a,
			"departments {Records:0 Linked:0 Unlinked:0 Duplicates:0 Dangling:0 Known:1}",
			"users {Records:0 Linked:0 Unlinked:0 Duplicates:0 Dangling:0 Known:2}",
			"memberships {Claims:0 Moved:0 Dangling:0}")
		c.wantFindings(a)
		c.push("hr", departments(sales), users(annOut)) // what Roster has written since stays as well
		before = c.dump("runs")
		c.adopt("hr")
		c.unchanged(before, "runs")
	})
}

func TestNineUsersOfOneRecord(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		var records []string
		for range 3 { // each push that came at once kept the record
			records = append(records, n.record("user", "a", ann))
		}
		for i := range 9 { // and made users of all it found
			n.link(records[2-i%3], "users", n.person("Ann"))
		}
		want := []string{"user a (row ): NocoBase keeps the record more than once. the one with row 1 stays; 2 more and their links are removed"}
		for row := 9; row > 1; row-- {
			want = append([]string{fmt.Sprintf("user a (row %d): a further row was made of the record. row 1, the oldest, stays the record's; merge row %d into it by hand", row, row)}, want...)
		}
		c.wantFindings(c.planned("hr"), want...)
		a := c.adopt("hr")
		c.wantFindings(a, want...)
		c.wantAdopted(a, "departments {Records:0 Linked:0 Unlinked:0 Duplicates:0 Dangling:0 Known:0}",
			"users {Records:1 Linked:1 Unlinked:0 Duplicates:2 Dangling:0 Known:0}", "memberships {Claims:0 Moved:0 Dangling:0}")
		c.wantRecords("3 hr a: users 1")
		c.wantIndex("hr", "user a 3 1 made")
		c.push("hr", users(ann))
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "9")
	})
}

// The record that leads to a row stays, be it the youngest.
func TestOfSeveralRecordsTheOneWithARowStays(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		n.record("user", "a", ann)
		n.link(n.record("user", "a", ann), "users", "4711")
		_, row := n.user(ann)
		c.adopt("hr")
		c.wantRecords("3 hr a: users " + row)
		c.wantIndex("hr", "user a 3 "+row+" made")
	})
}

func TestDepartmentsMadeTwice(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		first, second := n.department(sales), n.department(sales)
		a := c.adopt("hr")
		c.wantFindings(a,
			"department s (row "+second+"): a further row was made of the record. row "+first+", the oldest, stays the record's; merge row "+second+" into it by hand",
			"department s (row ): NocoBase keeps the record more than once. the one with row "+first+" stays; 1 more and their links are removed")
		c.wantIndex("hr", "department s 1 "+first+" made")
		c.push("hr", departments(`{"title":"Selling","uid":"s"}`))
		c.wantTree("Selling", "Sales")
	})
}

func TestWhatADuplicateClaimedIsClaimedByWhatStays(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s, e := n.department(sales), n.department(east)
		_, row := n.user(annOut, s)
		second := n.record("user", "a", ann)
		n.link(second, "users", n.person("Ann again"))
		n.joins(row, e)
		west := n.department(`{"title":"West","uid":"w"}`)
		n.user(bob, west) // but she is not
		for _, d := range []string{s, e, west} {
			n.link(second, "departments", d)
		}
		a := c.adopt("hr")
		c.wantAdopted(a, "departments {Records:3 Linked:3 Unlinked:0 Duplicates:0 Dangling:0 Known:0}",
			"users {Records:2 Linked:2 Unlinked:0 Duplicates:1 Dangling:0 Known:0}", "memberships {Claims:3 Moved:1 Dangling:0}")
		c.wantClaims("hr: a in East", "hr: a in Sales", "hr: b in West")
		c.push("hr", users(annOut))
		c.wantMembers("Ann in Sales, main", "Bob in West")
	})
}

func TestWhatIsDeletedByHandIsMadeAgain(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s := n.department(sales)
		e := n.department(east, s)
		_, row := n.user(ann, s, e)
		n.user(bob)
		n.user(`{"departments":["e"],"nickname":"Cid","uid":"c"}`, s, e)
		for _, q := range []string{ // as NocoBase's forms do
			`DELETE FROM {departmentsUsers} WHERE [userId] = ` + row, `DELETE FROM {rolesUsers} WHERE [userId] = ` + row, `DELETE FROM {users} WHERE id = ` + row,
			`DELETE FROM {departmentsUsers} WHERE [departmentId] = ` + e, `DELETE FROM {main_departments_path} WHERE [nodePk] = ` + e, `DELETE FROM {departments} WHERE id = ` + e,
			`UPDATE {departments} SET [isLeaf] = true`,
		} {
			c.hand(q)
		}
		a := c.adopt("hr")
		c.wantAdopted(a,
			"departments {Records:2 Linked:1 Unlinked:1 Duplicates:0 Dangling:1 Known:0}",
			"users {Records:3 Linked:2 Unlinked:1 Duplicates:0 Dangling:1 Known:0}",
			"memberships {Claims:1 Moved:0 Dangling:3}")
		c.wantFindings(a,
			"department e (row "+e+"): its row is gone. the link is removed; a push that brings the record makes a row again",
			"user a (row "+row+"): its row is gone. the link is removed; a push that brings the record makes a row again",
			"user c (row "+e+"): a department that it was put into is gone. the claim on the membership is removed")
		c.wantRecords("1 hr s: departments "+s, "2 hr e: ", "3 hr a: ", "4 hr b: users 2", "5 hr c: users 3, departments "+s)
		c.wantIndex("hr", "department s 1 "+s+" made", "department e 2 - made", "user a 3 - made", "user b 4 2 made", "user c 5 3 made")
		c.push("hr", departments(sales, east), users(ann, bob, `{"departments":["e"],"nickname":"Cid","uid":"c"}`))
		c.wantUsers("id, nickname", "2 Bob", "3 Cid", "4 Ann")
		c.wantTree("Sales", "  East")
		c.wantMembers("Ann in East", "Ann in Sales, main", "Cid in East, main")
		c.wantClaims("hr: a in East", "hr: a in Sales", "hr: c in East")
	})
}

func TestWhoIsGoneForGoodStaysGone(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		n.record("user", "b", bob)
		a := c.adopt("hr")
		c.wantFindings(a, "user b (row ): it never had a row. a push that brings the record finds or makes one")
		c.push("hr", users(ann))
		c.wantUsers("nickname", "Ann")
		c.make("users", "nickname, email", "'Robert', 'bob@example.com'")
		c.pushBy("email", "hr", users(`{"uid":"b","email":"bob@example.com"}`))
		c.wantLinks("hr: a is Ann", "hr: b is Robert")
	})
}

func TestMembershipsMadeByHandOutliveAdoption(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s, e := n.department(sales), n.department(east)
		n.department(`{"title":"West","uid":"w"}`)
		n.user(ann, s, e)
		c.join("Ann", "West")
		c.adopt("hr")
		c.push("hr", users(ann))
		c.wantMembers("Ann in East", "Ann in Sales, main", "Ann in West")
		c.push("hr", users(annOut)) // and a claim that ends takes its membership along
		c.wantMembers("Ann in Sales, main", "Ann in West")
		c.push("hr", users(`{"departments":[],"nickname":"Ann","uid":"a"}`))
		c.wantMembers("Ann in West, main")
	})
}

func TestUIDsAreTexts(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		var want, records []string
		for _, uid := range []string{"7", "007", "7.0", "7e0", " 7", "A", "a", "张"} {
			raw := toJSON(object{"nickname": "is " + uid, "uid": uid})
			record, row := n.user(raw)
			want, records = append(want, "user "+uid+" "+record+" "+row+" made"), append(records, raw)
		}
		c.wantFindings(c.adopt("hr"))
		c.wantIndex("hr", want...)
		c.push("hr", users(records...))
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "8")
	})
}

func TestLinksThatAreNoNumbersLeadNowhere(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s := n.department(sales)
		record, row := n.user(ann, s)
		for _, pk := range []string{"", "x", "0" + row, row + ".0", " " + row, "-" + row, row + "e0", strings.Repeat("9", 40)} {
			n.link(record, "users", pk)
			n.link(record, "departments", pk)
		}
		n.hand(`INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource) VALUES (?, ?, ?, 'users')`, n.db.Time(n.at), n.db.Time(n.at), record)
		n.link(record, "users", row)
		n.link(record, "departments", s)
		n.link(record, "roles", "x")
		a := c.adopt("hr")
		c.wantRecords("1 hr s: departments "+s, record+" hr a: users "+row+", roles x, departments "+s)
		if got := a.Counts[plugin.User].Dangling; got != 9 {
			c.Errorf("%d links dangle, want 9", got)
		}
	})
}

func TestRowsOfTwoRecordsAreTheOlderRecords(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		s, e := n.department(sales), n.department(east)
		first, row := n.user(annOut, s)
		second := n.record("user", "b", bob) // matched by an e-mail that they share
		n.link(second, "users", row)
		n.joins(row, e)
		n.link(second, "departments", e)
		third, other := n.user(`{"nickname":"Cid","uid":"c"}`)
		n.link(third, "users", row)
		a := c.adopt("hr")
		c.wantFindings(a,
			"user b (row "+row+"): its row stands for another record of the source. row "+row+" stays with a; this record has none until it is pushed again",
			"user c (row "+row+"): its row stands for another record of the source. row "+row+" stays with a; this record keeps row "+other)
		c.wantIndex("hr", "department s 1 "+s+" made", "department e 2 "+e+" made",
			"user a "+first+" "+row+" made", "user b "+second+" - made", "user c "+third+" "+other+" made")
		c.wantClaims("hr: a in East", "hr: a in Sales")
		c.push("hr", users(annOut, bob))
		c.wantMembers("Ann in Sales, main")
		c.wantLinks("hr: a is Ann", "hr: b is Bob", "hr: c is Cid", "hr: e is East", "hr: s is Sales")
	})
}

// Who loses a row takes the next of its own, if need be from somebody younger.
func TestRowsGoToTheOldestRecordsThatWantThem(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		rows := []string{n.person("one"), n.person("two"), n.person("three"), n.person("four")}
		for _, leads := range []struct {
			uid string
			to  []int
		}{{"a", []int{0}}, {"b", []int{0, 1}}, {"c", []int{1, 2}}, {"d", []int{0, 1}}, {"e", []int{2, 3}}} {
			record := n.record("user", leads.uid, "{}")
			for _, i := range leads.to {
				n.link(record, "users", rows[i])
			}
		}
		c.adopt("hr")
		c.wantIndex("hr", "user a 1 1 adopted", "user b 2 2 adopted", "user c 3 3 adopted", "user d 4 - made", "user e 5 4 adopted")
	})
}

// What Roster knows stays as it is, whatever NocoBase has written beside it.
func TestWhatIsKnownAlreadyStays(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(sales), users(annOut))
		n := c.before("hr")
		n.user(annOut)
		s := c.list(`SELECT id FROM {departments}`)[0]
		record := n.record("user", "b", bob)
		n.link(record, "users", "1")
		n.link(record, "departments", s)
		want := c.list(`SELECT * FROM {records} ORDER BY type`)
		a := c.adopt("hr")
		c.wantFindings(a,
			"user b (row 1): its row stands for another record of the source. row 1 stays with a; this record has none until it is pushed again",
			"user a (row ): Roster knows the record by another entry of NocoBase's. nothing: both are left as they are, and Roster's counts")
		c.same("index", c.list(`SELECT * FROM {records} WHERE uid <> 'b' ORDER BY type`), want...)
		c.wantRecords("1 hr s: departments "+s, "2 hr a: users 1, departments "+s, "3 hr a: users 2", "4 hr b: ")
	})
}

func TestAnIndexRowWithoutARecordStays(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(ann, bob))
		c.hand(`DELETE FROM {userDataSyncRecords} WHERE [sourceUk] = 'a'`)
		before := c.dump("runs")
		c.wantFindings(c.adopt("hr"))
		c.unchanged(before, "runs")
	})
}

func TestRecordsWithoutAUIDAreLeftAlone(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		n.user(`{"nickname":"Nobody"}`)
		n.user(`{"nickname":"Nobody either"}`)
		before := c.dump("runs", "cursors", "host")
		c.wantFindings(c.adopt("hr"),
			"user  (row ): a record has no uid. nothing: no push can speak of record 1",
			"user  (row ): a record has no uid. nothing: no push can speak of record 2")
		c.unchanged(before, "runs", "cursors", "host")
	})
}

func TestRowsThatWereThereBeforeTheirRecord(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		c.make("users", "nickname", "'older'")
		old := n.record("user", "old", `{"uid":"old"}`)
		n.link(old, "users", "1")
		n.user(ann)
		n.user(bob)
		c.hand(`UPDATE {users} SET [createdAt] = NULL WHERE nickname = 'Bob'`)
		c.hand(`UPDATE {users} SET [createdAt] = (SELECT [createdAt] FROM {userDataSyncRecords} WHERE [sourceUk] = 'a') WHERE nickname = 'Ann'`)
		c.adopt("hr")
		c.wantIndex("hr", "user old 1 1 adopted", "user a 2 2 made", "user b 3 3 adopted")
	})
}

func TestSourcesAreAdoptedOneByOne(t *testing.T) {
	each(t, func(c *company) {
		n, m := c.before("hr"), c.before("wecom")
		s := n.department(sales)
		_, row := n.user(annOut, s)
		n.user(bob)
		m.at = n.at
		record := m.record("user", "a", ann)
		m.link(record, "users", row)
		m.link(record, "departments", s)
		lost := m.record("user", "x", "{}")

		a := c.adopt("hr")
		c.wantFindings(a)
		c.same("not adopted yet", a.Others, "wecom")
		c.wantIndex("wecom")
		a = c.adopt("wecom")
		c.same("not adopted yet", a.Others)
		c.wantIndex("wecom", "user a "+record+" "+row+" adopted", "user x "+lost+" - made")
		// What both claim stays until both let go.
		c.push("hr", users(`{"departments":[],"uid":"a"}`))
		c.wantMembers("Ann in Sales, main")
		c.push("wecom", users(`{"departments":[],"uid":"a"}`))
		c.wantMembers()
	})
}

func TestOfOtherTypesAndResourcesNothingIsLost(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		robot := n.record("robot", "r", "{}")
		n.link(robot, "robots", "1")
		n.link(n.record("robot", "r", "{}"), "robots", "1")
		first, row := n.user(ann)
		second, _ := n.user(ann)
		for _, pk := range []string{"5", "6"} {
			n.link(second, "badges", pk)
		}
		n.link(first, "keys", "7")
		n.link(second, "keys", "8")
		c.adopt("hr")
		c.wantRecords("1 hr r: robots 1", "2 hr r: robots 1", first+" hr a: users "+row+", keys 7, badges 5")
		c.same("links of nobody", c.list(`SELECT resource FROM {userDataSyncRecordsResources} WHERE [recordId] = ?`, second))
	})
}

func TestAnAdoptionNamesTheFirstOfManyFindings(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		n.user(ann)
		n.user(ann)
		at := c.db.TimeLiteral(n.at)
		c.hand(`INSERT INTO {userDataSyncRecords} ([createdAt], [updatedAt], [sourceName], [sourceUk], [dataType])
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
			SELECT ` + at + `, ` + at + `, 'hr', 'u' || i, 'user' FROM n`)
		a := c.planned("hr")
		if len(a.Findings) != engine.FindingsInReport || a.Total != 1102 || a.Findings[0].UID != "a" || a.Findings[2].UID != "u1" {
			c.Errorf("%d findings of %d, the first %+v", len(a.Findings), a.Total, a.Findings[:3])
		}
		c.same("problems", []string{fmt.Sprint(a.Problems)},
			"[{user a further row was made of the record 1} {user NocoBase keeps the record more than once 1} {user it never had a row 1100}]")
	})
}

func TestASourceThatNobodyKnowsIsNotAdopted(t *testing.T) {
	each(t, func(c *company) {
		c.before("hr").user(ann)
		before := c.dump()
		_, err := c.engine.Adopt(c.Context(), "rh", true)
		if plugin.KindOf(err) != plugin.NotFound || !strings.Contains(err.Error(), "they hold records of hr") {
			c.Errorf("Adopt() = %v, want that it is not found, and hr named", err)
		}
		c.unchanged(before)
	})
}

func TestAdoptingWaitsForAPush(t *testing.T) {
	each(t, func(c *company) {
		c.before("hr").user(ann)
		at := c.db.Time(time.Now().Add(-time.Hour)) // a source that was pushed to before is pushed to again
		c.hand(`INSERT INTO {runs} (source, kind, state, owner, beat_at, started_at, finished_at) VALUES ('hr', 'retry', 'success', '', ?, ?, ?)`, at, at, at)
		reading, goOn := make(chan struct{}), make(chan struct{})
		var pushed, adopted error
		var wait sync.WaitGroup
		wait.Go(func() {
			_, pushed = c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: func(yield func(engine.Body, error) bool) {
				close(reading)
				<-goOn
				yield(users(bob), nil)
			}}, nil)
		})
		<-reading
		wait.Go(func() { _, adopted = c.engine.Adopt(c.Context(), "hr", true) })
		close(goOn)
		wait.Wait()
		if pushed != nil || adopted != nil {
			c.Fatalf("Push() = %v, Adopt() = %v", pushed, adopted)
		}
		c.same("runs", c.list(`SELECT r.kind, r.state, r.started_at >= p.finished_at FROM {runs} r JOIN {runs} p ON p.kind = 'push' WHERE r.kind = 'adopt'`), "adopt success 1")
		c.wantIndex("hr", "user a 1 1 made", "user b 2 2 made")
	})
}

// A run of another process holds the source.
func TestAdoptingWaitsForARunElsewhere(t *testing.T) {
	each(t, func(c *company) {
		c.before("hr").user(ann)
		later := c.db.Time(time.Now().Add(time.Hour))
		c.hand(`INSERT INTO {runs} (source, kind, state, owner, beat_at, started_at) VALUES ('hr', 'push', 'applying', 'somebody else', ?, ?)`, later, later)
		ctx, cancel := context.WithTimeout(c.Context(), 300*time.Millisecond)
		defer cancel()
		before := c.dump("runs")
		if _, err := c.engine.Adopt(ctx, "hr", true); plugin.KindOf(err) != plugin.Canceled {
			c.Errorf("Adopt() = %v, want that it was canceled while it waited", err)
		}
		c.unchanged(before, "runs")
		c.same("runs", c.list(`SELECT kind, state FROM {runs} ORDER BY id`), "push applying", "adopt canceled")
		c.planned("hr") // which holds nothing
		c.hand(`UPDATE {runs} SET state = 'success', finished_at = started_at`)
		c.adopt("hr")
	})
}

// What is adopted is adopted whole or not at all.
func TestAnAdoptionThatTheDatabaseRefusesWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		n := c.before("hr")
		n.user(ann)
		n.user(ann)
		if c.db.Dialect() == "sqlite" {
			c.hand(`CREATE TRIGGER no BEFORE INSERT ON roster_records BEGIN SELECT RAISE(ABORT, 'no'); END`)
		} else {
			c.hand(`ALTER TABLE roster.records ADD CHECK (uid <> 'a')`)
		}
		before := c.dump("runs")
		_, err := c.engine.Adopt(c.Context(), "hr", true)
		if plugin.KindOf(err) != plugin.Data {
			c.Errorf("Adopt() = %v, want an error of kind data", err)
		}
		c.unchanged(before, "runs")
		c.same("runs", c.list(`SELECT kind, state FROM {runs}`), "adopt failed")
	})
}

// A run that was taken for dead commits nothing.
func TestAnAdoptionThatWasTakenForDeadWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		c.before("hr").user(ann)
		if c.db.Dialect() == "sqlite" {
			c.hand(`CREATE TRIGGER taken AFTER INSERT ON roster_records BEGIN UPDATE roster_runs SET owner = 'somebody else'; END`)
		} else {
			c.hand(`CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE roster.runs SET owner = 'somebody else'; RETURN NEW; END $$`)
			c.hand(`CREATE TRIGGER taken AFTER INSERT ON roster.records FOR EACH ROW EXECUTE FUNCTION taken()`)
		}
		before := c.dump("runs")
		if _, err := c.engine.Adopt(c.Context(), "hr", true); plugin.KindOf(err) != plugin.Locked {
			c.Errorf("Adopt() = %v, want an error of kind locked", err)
		}
		c.unchanged(before, "runs")
	})
}

// BenchmarkAdopt measures the adoption of BENCH_USERS people in 5,000
// departments, half of them in two, every tenth of them kept twice.
func BenchmarkAdopt(b *testing.B) {
	people := benchUsers()
	schematest.Each(b, func(b *testing.B, db *schema.DB) {
		e := engine.New(db, targets.All(db), zap.NewNop())
		if _, err := e.Push(b.Context(), companyPush(b, writeCompany(b, people, 5_000, 0)), nil); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			b.StopTimer()
			for _, q := range []string{
				`DELETE FROM {records}`,
				`INSERT INTO {userDataSyncRecords} ([createdAt], [updatedAt], [sourceName], [sourceUk], [dataType])
					SELECT [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType] FROM {userDataSyncRecords} WHERE id % 10 = 0`,
			} {
				if _, err := db.On(db).Exec(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
			if _, err := e.Adopt(b.Context(), "hr", true); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestAPushToASourceThatIsNotAdoptedIsRefused(t *testing.T) {
	each(t, func(c *company) {
		c.hand(`INSERT INTO {userDataSyncRecords} (id, [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType]) VALUES (1000, ?, ?, 'wecom', 'a', 'user')`,
			c.db.Time(time.Now()), c.db.Time(time.Now()))
		err := c.refused("wecom", users(`{"uid":"a","nickname":"Ann"}`))
		if plugin.KindOf(err) != plugin.Conflict || !strings.Contains(err.Error(), "roster adopt") {
			c.Errorf("Push() = %v", err)
		}
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.adopt("wecom")
		c.push("wecom", users(`{"uid":"b","nickname":"Bob"}`))
		c.wantUsers("nickname", "Ann", "Bob")
	})
}
