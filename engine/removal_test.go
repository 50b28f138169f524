package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// removing are the options of a source that removes in that way, where "status"
// is the column that says so of a disabled row.
func removing(policy string) *engine.Options {
	o := unguarded(policy)
	o.Removal.Disable = engine.Disable{Field: "status", Value: "left"}
	return o
}

// shop is a push of two departments and two people, with a column for their status.
func shop(c *company) {
	c.Helper()
	c.column("users", "status", "varchar(255)")
	c.column("departments", "status", "varchar(255)")
	c.push("hr", departments(`{"uid":"s","title":"Sales"}`, `{"uid":"o","title":"Ops","parentUid":"s","status":"open"}`),
		users(`{"uid":"a","nickname":"Ann","status":"here","departments":["o"]}`, `{"uid":"b","nickname":"Bob","departments":["s"]}`))
}

// causes are the ways in which Ann and Ops, or one of them, come to be gone.
var causes = []struct {
	name             string
	push             engine.Push
	user, department []engine.Body
}{
	{
		"a tombstone",
		engine.Push{Source: "hr"},
		[]engine.Body{users(`{"uid":"a","isDeleted":true}`)},
		[]engine.Body{departments(`{"uid":"o","isDeleted":true}`)},
	},
	{
		"absence",
		engine.Push{Source: "hr", Snapshot: whole()},
		[]engine.Body{users(`{"uid":"b","nickname":"Bob","departments":["s"]}`)},
		[]engine.Body{departments(`{"uid":"s","title":"Sales"}`)},
	},
}

func TestRemovalOfAUser(t *testing.T) {
	for _, policy := range []struct {
		name, users     string
		members, claims []string
		linked          bool
		counts          engine.Counts
	}{
		{engine.Keep, "Ann here", []string{"Ann in Ops, main"}, []string{"hr: a in Ops"}, true, engine.Counts{Kept: 1}},
		{engine.Unlink, "Ann here", nil, nil, false, engine.Counts{Unlinked: 1}},
		{engine.Disabling, "Ann left", []string{"Ann in Ops, main"}, []string{"hr: a in Ops"}, true, engine.Counts{Disabled: 1}},
		{engine.Delete, "", nil, nil, false, engine.Counts{Deleted: 1}},
	} {
		for _, cause := range causes {
			t.Run(policy.name+" by "+cause.name, func(t *testing.T) {
				each(t, func(c *company) {
					shop(c)
					push := cause.push
					push.Options = removing(policy.name)
					r := c.pushAs(push, cause.user...)
					c.wantFailed(r)
					if policy.users == "" {
						c.wantUsers("nickname, status", "Bob -")
					} else {
						c.wantUsers("nickname, status", policy.users, "Bob -")
					}
					c.wantMembers(append(policy.members, "Bob in Sales, main")...)
					c.wantClaims(append(policy.claims, "hr: b in Sales")...)
					links := []string{"hr: a is Ann", "hr: b is Bob", "hr: o is Ops", "hr: s is Sales"}
					if !policy.linked {
						links = links[1:]
					}
					c.wantLinks(links...)
					want := policy.counts
					want.Total, want.Unchanged = 1, 0
					if push.Snapshot != nil {
						want.Total, want.Unchanged = 2, 1
					}
					c.wantCounts(r, "user", want)
				})
			})
		}
	}
}

func TestRemovalOfADepartment(t *testing.T) {
	for _, policy := range []struct {
		name    string
		tree    []string
		status  []string
		members []string
		linked  bool
		counts  engine.Counts
	}{
		{engine.Keep, []string{"Sales", "  Ops"}, []string{"-", "open"}, []string{"Ann in Ops, main"}, true, engine.Counts{Kept: 1}},
		{engine.Unlink, []string{"Sales", "  Ops"}, []string{"-", "open"}, []string{"Ann in Ops, main"}, false, engine.Counts{Unlinked: 1}},
		{engine.Disabling, []string{"Sales", "  Ops"}, []string{"-", "left"}, []string{"Ann in Ops, main"}, true, engine.Counts{Disabled: 1}},
		{engine.Delete, []string{"Sales"}, []string{"-"}, nil, false, engine.Counts{Deleted: 1}},
	} {
		for _, cause := range causes {
			t.Run(policy.name+" by "+cause.name, func(t *testing.T) {
				each(t, func(c *company) {
					shop(c)
					push := cause.push
					push.Options = removing(policy.name)
					r := c.pushAs(push, cause.department...)
					c.wantFailed(r)
					c.wantUsers("nickname", "Ann", "Bob")
					c.wantTree(policy.tree...)
					c.same("status", c.list(`SELECT status FROM {departments} ORDER BY sort`), policy.status...)
					c.wantMembers(append(policy.members, "Bob in Sales, main")...)
					links := []string{"hr: a is Ann", "hr: b is Bob", "hr: s is Sales"}
					if policy.linked {
						links = slices.Insert(links, 2, "hr: o is Ops")
					}
					c.wantLinks(links...)
					want := policy.counts
					want.Total, want.Unchanged = 1, 0
					if push.Snapshot != nil {
						want.Total, want.Unchanged = 2, 1
					}
					c.wantCounts(r, "department", want)
				})
			})
		}
	}
}

func TestRemovalByDefaultDeletesForATombstoneAndKeepsForAbsence(t *testing.T) {
	each(t, func(c *company) {
		shop(c)
		r := c.pushAs(engine.Push{Source: "hr", Snapshot: whole()}, users(`{"uid":"b","nickname":"Bob","departments":["s"]}`), departments(`{"uid":"s","title":"Sales"}`))
		c.wantMessage(r, "department: 1 kept, 1 unchanged; user: 1 kept, 1 unchanged")
		c.wantMembers("Ann in Ops, main", "Bob in Sales, main")
		r = c.push("hr", users(`{"uid":"a","isDeleted":true}`), departments(`{"uid":"o","isDeleted":true}`))
		c.wantMessage(r, "department: 1 deleted; user: 1 deleted")
		c.wantUsers("nickname", "Bob")
		c.wantTree("Sales")
	})
}

func TestRemovalIsDoneOnce(t *testing.T) {
	for _, policy := range []string{engine.Keep, engine.Unlink, engine.Disabling, engine.Delete} {
		for _, cause := range causes {
			t.Run(policy+" by "+cause.name, func(t *testing.T) {
				each(t, func(c *company) {
					shop(c)
					push := cause.push
					push.Options = removing(policy)
					gone := slices.Concat(cause.department, cause.user)
					c.pushAs(push, gone...)
					before := c.dump("runs")
					r := c.pushAs(push, gone...)
					c.unchanged(before, "runs")
					for _, of := range []string{"user", "department"} {
						if n := r.Task.Counts[of]; n.Unchanged != n.Total {
							c.Errorf("counts of %s: %s, want that all is as it was", of, n)
						}
					}
				})
			})
		}
	}
}

// Who was kept at first goes once the source says more, or the operator does.
func TestRemovalMayGoFurtherThanBefore(t *testing.T) {
	each(t, func(c *company) {
		shop(c)
		for _, step := range []struct{ policy, want string }{
			{engine.Keep, "Ann here"}, {engine.Disabling, "Ann left"}, {engine.Unlink, "Ann left"}, {engine.Delete, "Ann left"},
		} {
			c.pushAs(engine.Push{Source: "hr", Options: removing(step.policy)}, users(`{"uid":"a","isDeleted":true}`))
			c.wantUsers("nickname, status", step.want, "Bob -")
		}
		c.wantLinks("hr: b is Bob", "hr: o is Ops", "hr: s is Sales")
	})
}

func TestRemovalTakesWhatHangsOnARow(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"b","nickname":"Bob","departments":["s"]}`, `{"uid":"a","nickname":"Ann"}`))
		c.join("Ann", "Ops")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s","o","new"]}`)) // Ops is marked: it was there before
		c.same("marks", c.list(`SELECT count(*) FROM {kept_memberships}`), "1")
		c.hand(`INSERT INTO {departmentsRoles} ([createdAt], [updatedAt], [departmentId], [roleName]) SELECT [createdAt], [updatedAt], id, 'member' FROM {departments} WHERE title IN ('Sales', 'Ops')`)
		c.push("hr", users(`{"uid":"a","isDeleted":true}`))
		c.wantMembers("Bob in Sales, main")
		c.wantClaims("hr: b in Sales")
		c.wantWaiting()
		c.same("marks", c.list(`SELECT count(*) FROM {kept_memberships}`), "0")
		c.same("roles of users", c.list(`SELECT [userId], [roleName] FROM {rolesUsers}`), "1 member")
		c.push("hr", departments(`{"uid":"s","isDeleted":true}`))
		c.wantMembers()
		c.wantClaims()
		c.same("roles of departments", c.list(`SELECT d.title FROM {departmentsRoles} r JOIN {departments} d ON d.id = r.[departmentId]`), "Ops")
		c.same("roles of nothing", c.list(`SELECT * FROM {departmentsRoles} WHERE [departmentId] NOT IN (SELECT id FROM {departments})`))
		c.wantLinks("hr: b is Bob", "hr: l is Legal", "hr: o is Ops")
	})
}

func TestRemovalKeepsTheRecord(t *testing.T) {
	each(t, func(c *company) {
		shop(c)
		c.push("hr", users(`{"uid":"a","isDeleted":true,"reason":"left"}`))
		record, err := c.engine.Record(c.Context(), "hr", plugin.User, "a")
		if err != nil {
			c.Fatal(err)
		}
		c.same("record", []string{string(record.MetaData), string(record.LastMetaData)},
			`{"isDeleted":true,"reason":"left","uid":"a"}`, `{"departments":["o"],"nickname":"Ann","status":"here","uid":"a"}`)
		if len(record.Resources) != 0 {
			c.Errorf("the record is linked to %v, want nothing", record.Resources)
		}
	})
}

func TestRemovalNeedsAFieldThatTellsWhoIsDisabled(t *testing.T) {
	for _, field := range []struct {
		name    string
		disable engine.Disable
		want    string
	}{
		{"none", engine.Disable{}, "/sync/removal/disable/field"},
		{"one that is not there", engine.Disable{Field: "left", Value: true}, "/sync/removal/disable/field"},
		{"one that no sync writes", engine.Disable{Field: "password", Value: "x"}, "/sync/removal/disable/field"},
		{"a value that it does not take", engine.Disable{Field: "nickname", Value: []any{}}, "/sync/removal/disable/value"},
	} {
		t.Run(field.name, func(t *testing.T) {
			each(t, func(c *company) {
				shop(c)
				before := c.dump("runs")
				o := unguarded(engine.Disabling)
				o.Removal.Disable = field.disable
				_, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Options: o, Bodies: bodies([]engine.Body{users(`{"uid":"a","isDeleted":true}`)})}, nil)
				c.wantError(err, plugin.Config, field.want)
				c.unchanged(before, "runs")
			})
		})
	}
}

// cling has the database refuse to delete a row with that text, as a table that
// refers to it would.
func (c *company) cling(table, column, text string) {
	c.Helper()
	if c.db.Dialect() == "postgres" {
		c.hand(`CREATE FUNCTION cling() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			IF old.` + column + ` = ''` + text + `'' THEN RAISE EXCEPTION USING ERRCODE = ''23503'', MESSAGE = ''referred to''; END IF; RETURN old; END'`)
		c.hand(`CREATE TRIGGER cling BEFORE DELETE ON {` + table + `} FOR EACH ROW EXECUTE FUNCTION cling()`)
		return
	}
	c.hand(`CREATE TRIGGER cling BEFORE DELETE ON {` + table + `} WHEN old.` + column + ` = '` + text + `' BEGIN SELECT RAISE(ABORT, 'referred to'); END`)
}

func (c *company) unclasp(table string) {
	c.Helper()
	c.hand(map[string]string{"postgres": `DROP TRIGGER cling ON {` + table + `}`, "sqlite": `DROP TRIGGER cling`}[c.db.Dialect()])
}

// A row that the database does not let go fails alone, with all that hangs on
// it, is said to have, and goes when the task is retried.
func TestRemovalThatTheDatabaseRefusesFailsAlone(t *testing.T) {
	for _, cause := range []struct {
		name    string
		push    engine.Push
		records engine.Body
		failed  []string
		message string
	}{
		{
			"a tombstone",
			engine.Push{Source: "hr"},
			users(`{"uid":"a","isDeleted":true}`, `{"uid":"b","isDeleted":true}`),
			[]string{"a"},
			"1 of 2 applied, 1 failed; user: 1 deleted, 1 failed",
		},
		{
			"absence",
			engine.Push{Source: "hr", Snapshot: whole()},
			users(`{"uid":"c","nickname":"Cid"}`),
			nil, "2 of 3 applied, 1 failed; user: 1 deleted, 1 unchanged, 1 failed",
		},
	} {
		t.Run(cause.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", departments(`{"uid":"1","title":"Sales"}`),
					users(`{"uid":"a","nickname":"Ann","departments":["1"]}`, `{"uid":"b","nickname":"Bob"}`, `{"uid":"c","nickname":"Cid"}`))
				c.cling("users", "nickname", "Ann")
				push := cause.push
				push.Options = unguarded(engine.Delete)
				r := c.pushAs(push, cause.records)
				c.wantMessage(r, cause.message)
				if len(failures(r)) != len(cause.failed) || r.Task.State != engine.Partial {
					c.Errorf("failed records %q of a run that is %s, want %q of one that is partial", failures(r), r.Task.State, cause.failed)
				}
				failed, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, Failed: true})
				if err != nil || len(failed) != 1 || failed[0].UID != "a" || !strings.HasPrefix(failed[0].Reason, "it is gone, but the database refuses the row") {
					c.Errorf("items that failed: %+v, %v; want Ann's", failed, err)
				}
				c.wantUsers("nickname", "Ann", "Cid")
				c.wantMembers("Ann in Sales, main")
				c.same("roles", c.list(`SELECT count(*) FROM {rolesUsers}`), "2")
				c.wantLinks("hr: 1 is Sales", "hr: a is Ann", "hr: c is Cid")
				c.unclasp("users")
				r, err = c.engine.Retry(c.Context(), r.Task.ID, nil)
				if err != nil {
					c.Fatal(err)
				}
				c.wantMessage(r, "user: 1 deleted")
				c.wantUsers("nickname", "Cid")
				c.wantMembers()
			})
		})
	}
}
