package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// What others do between the plan of a run and its writing: each test has it
// happen at the moment when the plan is made and nothing is written, or between
// two chunks.

// planned is the moment when the plan is made and nothing of it is written.
func planned(p engine.Progress) bool { return p.State == engine.Applying && p.Done == 0 }

// departmentsWritten is the moment when departments are written and people are not.
func departmentsWritten(p engine.Progress) bool {
	return p.State == engine.Applying && p.Type == plugin.Department && p.Done == p.Total
}

// meanwhile pushes, and has something happen once at a moment.
func (c *company) meanwhile(p engine.Push, is func(engine.Progress) bool, happens func(), list ...engine.Body) *engine.Report {
	c.Helper()
	p.Bodies = bodies(list)
	happened := false
	r, err := c.engine.Push(c.Context(), p, once(is, func() { happened = true; happens() }))
	if err != nil {
		c.Fatalf("Push() = %v", err)
	}
	if !happened {
		c.Fatal("the moment did not come")
	}
	c.soundTree()
	return r
}

func TestMeanwhileARowIsEdited(t *testing.T) {
	for _, edit := range []struct {
		name, set, record, want string
		removal                 string
	}{
		{"a column that the record states", "nickname = 'By hand'", `{"uid":"a","nickname":"Anna","phone":"1"}`, "Anna 1 -", ""},
		{"a column that it does not state", "email = 'hand@example.com'", `{"uid":"a","nickname":"Anna","phone":"1"}`, "Anna 1 hand@example.com", ""},
		{"to what the record says", "nickname = 'Anna', phone = '1'", `{"uid":"a","nickname":"Anna","phone":"1"}`, "Anna 1 -", ""},
		{"the row of somebody who is unlinked", "nickname = 'By hand'", `{"uid":"a","isDeleted":true}`, "By hand - -", engine.Unlink},
		{"the row of somebody who is disabled", "nickname = 'By hand'", `{"uid":"a","isDeleted":true}`, "By hand left -", engine.Disabling},
	} {
		t.Run(edit.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
				o := unguarded(edit.removal)
				o.Removal.Disable = engine.Disable{Field: "phone", Value: "left"}
				push := engine.Push{Source: "hr", Options: o}
				r := c.meanwhile(push, planned, func() { c.edit("users", edit.set, "id = 1") }, users(edit.record))
				c.wantFailed(r)
				c.wantUsers("nickname, phone, email", edit.want)
				if r.Task.State != engine.Success || r.Task.Counts["user"].Total != 1 {
					c.Errorf("the run is %s with %+v, want success with one user", r.Task.State, r.Task.Counts["user"])
				}
				before := c.dump("runs")
				c.pushAs(push, users(edit.record))
				c.unchanged(before, "runs")
			})
		})
	}
}

// Who is removed while an operator edits the row is removed as it is then.
func TestMeanwhileARowThatGoesIsEdited(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`))
		r := c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
			c.edit("users", "nickname = 'By hand'", "id = 1")
			c.hand(`INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId]) SELECT [createdAt], [updatedAt], 'root', id FROM {users} WHERE id = 2`)
			c.edit("users", "nickname = 'Root'", "id = 2")
		}, users(`{"uid":"a","isDeleted":true}`, `{"uid":"b","isDeleted":true}`))
		c.wantUsers("nickname", "Root")
		c.wantCounts(r, "user", engine.Counts{Total: 2, Deleted: 1, Kept: 1})
	})
}

// So is who goes without a tombstone: the absent, and what is below a
// department that goes.
func TestMeanwhileARowThatGoesUnnamedIsEdited(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`))
		r := c.meanwhile(engine.Push{Source: "hr", Snapshot: whole(), Options: unguarded(engine.Delete)}, planned, func() {
			c.edit("users", "nickname = 'By hand'", "id = 1")
		}, users(`{"uid":"b","nickname":"Bob"}`))
		c.wantUsers("nickname", "Bob")
		c.wantCounts(r, "user", engine.Counts{Total: 2, Deleted: 1, Unchanged: 1})
		forest(c)
		r = c.meanwhile(engine.Push{Source: "hr", Options: children("remove")}, planned, func() {
			c.edit("departments", "title = 'By hand'", "title = 'Field'")
			c.edit("departments", "title = 'Also'", "title = 'East'")
		}, gone("2"))
		c.wantTree("Company", "  West")
		c.wantCounts(r, "department", engine.Counts{Total: 4, Deleted: 4})
	})
}

func TestMeanwhileARowIsDeleted(t *testing.T) {
	for _, record := range []struct {
		name, record string
		want         []string
	}{
		{"of somebody who is renamed", `{"uid":"a","nickname":"Anna","departments":["s","o"]}`, []string{"3 Anna member"}},
		{"of somebody whose departments change", `{"uid":"a","nickname":"Ann","departments":["s","o"]}`, []string{"3 Ann member"}},
		{"of somebody who goes", `{"uid":"a","isDeleted":true}`, nil},
	} {
		t.Run(record.name, func(t *testing.T) {
			each(t, func(c *company) {
				offices(c, "hr")
				c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s"]}`, `{"uid":"b","nickname":"Bob"}`))
				r := c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
					c.hand(`DELETE FROM {departmentsUsers} WHERE [userId] = 1`)
					c.hand(`DELETE FROM {rolesUsers} WHERE [userId] = 1`)
					c.hand(`DELETE FROM {users} WHERE id = 1`)
				}, users(record.record))
				c.wantFailed(r)
				c.same("Ann", c.list(`SELECT u.id, u.nickname, r.[roleName] FROM {users} u LEFT JOIN {rolesUsers} r ON r.[userId] = u.id WHERE nickname <> 'Bob'`), record.want...)
				if record.want != nil {
					c.same("memberships", c.list(`SELECT d.title FROM {departmentsUsers} m JOIN {departments} d ON d.id = m.[departmentId] ORDER BY 1`), "Ops", "Sales")
				}
				before := c.dump("runs")
				c.push("hr", users(record.record))
				c.unchanged(before, "runs")
			})
		})
	}
}

func TestMeanwhileADepartmentIsDeleted(t *testing.T) {
	each(t, func(c *company) {
		forest(c)
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		drop := func() {
			c.hand(`DELETE FROM {main_departments_path} WHERE [nodePk] = (SELECT id FROM {departments} WHERE title = 'Team')`)
			c.hand(`DELETE FROM {departments} WHERE title = 'Team'`)
		}
		c.meanwhile(engine.Push{Source: "hr"}, planned, drop, departments(`{"uid":"5","title":"Team","parentUid":"6"}`), users(`{"uid":"a","nickname":"Ann","departments":["5"]}`))
		c.wantTree("Company", "  East", "    Sales", "      Field", "  West", "    Team")
		c.wantMembers("Ann in Team, main")
	})
}

// A department that goes between departments and people is none to put them in.
func TestMeanwhileADepartmentIsDeletedBeforeItsPeopleAreWritten(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		r := c.meanwhile(engine.Push{Source: "hr"}, departmentsWritten, func() {
			c.hand(`DELETE FROM {main_departments_path} WHERE [nodePk] = (SELECT id FROM {departments} WHERE title = 'Selling')`)
			c.hand(`DELETE FROM {departments} WHERE title = 'Selling'`)
		}, departments(`{"uid":"s","title":"Selling"}`), users(`{"uid":"a","nickname":"Ann","departments":[{"uid":"s","isMain":true},"o"]}`))
		c.wantFailed(r)
		c.wantMembers("Ann in Ops, main")
		c.push("hr", departments(`{"uid":"s","title":"Selling"}`), users(`{"uid":"a","nickname":"Ann","departments":[{"uid":"s","isMain":true},"o"]}`))
		c.same("memberships", c.list(`SELECT d.title FROM {departmentsUsers} m JOIN {departments} d ON d.id = m.[departmentId] ORDER BY 1`), "Ops", "Selling")
	})
}

func TestMeanwhileADepartmentIsMoved(t *testing.T) {
	for _, push := range []struct {
		name   string
		moves  [][2]string // of what, below what
		record string
		failed []string
		want   []string
	}{
		{
			"one that the push moves",
			[][2]string{{"Sales", "West"}},
			`{"uid":"3","title":"Sales"}`, nil,
			[]string{"Company", "  East", "  West", "Sales", "  Field", "    Team"},
		},
		{
			"one that the push renames",
			[][2]string{{"Sales", "West"}},
			`{"uid":"3","title":"Selling","parentUid":"2"}`, nil,
			[]string{"Company", "  East", "    Selling", "      Field", "        Team", "  West"},
		},
		{
			"the one below which the push puts another",
			[][2]string{{"West", "East"}},
			`{"uid":"4","title":"Field","parentUid":"6"}`, nil,
			[]string{"Company", "  East", "    Sales", "    West", "      Field", "        Team"},
		},
		{
			"so that the push would close a circle",
			[][2]string{{"West", "Field"}},
			`{"uid":"3","title":"Sales","parentUid":"6"}`,
			[]string{"3 (data, parentUid): its parents go round in a circle: 3 → 6 → 4 → 3"},
			[]string{"Company", "  East", "    Sales", "      Field", "        Team", "        West"},
		},
		{
			"the children of one that goes",
			[][2]string{{"Field", "West"}},
			`{"uid":"3","isDeleted":true}`, nil,
			[]string{"Company", "  East", "  West", "    Field", "      Team"},
		},
		{
			"into one that goes",
			[][2]string{{"West", "Sales"}},
			`{"uid":"3","isDeleted":true}`, nil,
			[]string{"Company", "  East", "    Field", "      Team", "    West"},
		},
		{
			"the one above one that goes",
			[][2]string{{"East", "West"}},
			`{"uid":"3","isDeleted":true}`, nil,
			[]string{"Company", "  West", "    East", "      Field", "        Team"},
		},
		{
			"what takes the children of one that goes, below them",
			[][2]string{{"Sales", "Company"}, {"East", "Team"}},
			`{"uid":"3","isDeleted":true}`, nil,
			[]string{"Company", "  Field", "    Team", "      East", "  West"},
		},
	} {
		t.Run(push.name, func(t *testing.T) {
			each(t, func(c *company) {
				forest(c)
				r := c.meanwhile(engine.Push{Source: "hr", Options: unguarded("")}, planned, func() {
					for _, m := range push.moves {
						c.move(m[0], m[1])
					}
				}, departments(push.record))
				c.wantFailed(r, push.failed...)
				c.wantTree(push.want...)
			})
		})
	}
}

func TestMeanwhileAnotherSourceLinksARowThatWasToGo(t *testing.T) {
	for _, policy := range []string{engine.Disabling, engine.Delete} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				c.column("departments", "status", "varchar(255)")
				c.push("hr", departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","username":"ann","departments":["1"]}`))
				r := c.meanwhile(engine.Push{Source: "hr", Options: removing(policy)}, planned, func() {
					c.pushAs(engine.Push{Source: "it", MatchKey: "username", Options: with(func(o *engine.Options) { o.DepartmentMatch = "title" })},
						departments(`{"uid":"x","title":"Sales"}`), users(`{"uid":"z","username":"ann","departments":["x"]}`))
				}, gone("1"), users(`{"uid":"a","isDeleted":true}`))
				c.wantCounts(r, "user", engine.Counts{Total: 1, Unlinked: 1})
				c.wantCounts(r, "department", engine.Counts{Total: 1, Unlinked: 1})
				c.wantUsers("nickname, status", "Ann -")
				c.wantTree("Sales")
				c.wantMembers("Ann in Sales, main")
				c.wantLinks("it: x is Sales", "it: z is Ann")
				c.wantClaims("it: z in Sales")
			})
		})
	}
}

// And the other way round: whoever lets go last removes the row.
func TestMeanwhileAnotherSourceLetsGoOfTheRow(t *testing.T) {
	for policy, want := range map[string][]string{engine.Unlink: {"Ann -"}, engine.Disabling: {"Ann left"}, engine.Delete: nil} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				c.column("departments", "status", "varchar(255)")
				o := removing(policy)
				o.DepartmentMatch = "title"
				for _, source := range []string{"hr", "it"} {
					c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: o}, departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
				}
				bodies := []engine.Body{gone("1"), users(`{"uid":"a","isDeleted":true}`)}
				c.meanwhile(engine.Push{Source: "hr", Options: o}, planned, func() { c.pushAs(engine.Push{Source: "it", Options: o}, bodies...) }, bodies...)
				c.wantUsers("nickname, status", want...)
				c.same("departments", c.list(`SELECT replace(title, 'Sales', 'Ann'), status FROM {departments}`), want...)
			})
		})
	}
}

func TestTwoSourcesLetGoAtOnce(t *testing.T) {
	two(t, func(c, other *company) {
		o := unguarded(engine.Delete)
		o.DepartmentMatch = "title"
		for _, source := range []string{"hr", "it"} {
			c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: o},
				departments(some(20, `{"uid":"d#","title":"d#"}`)...), users(some(200, `{"uid":"u#","username":"u#","departments":["d1"]}`)...))
		}
		err := atOnce([]*company{c, other}, 2, func(i int) engine.Push {
			return engine.Push{Source: []string{"hr", "it"}[i], Options: o, Bodies: bodies([]engine.Body{
				departments(some(20, `{"uid":"d#","isDeleted":true}`)...), users(some(200, `{"uid":"u#","isDeleted":true}`)...),
			})}
		})
		if err != nil {
			c.Fatal(err)
		}
		c.soundTree()
		c.same("people and departments left", c.list(`SELECT (SELECT count(*) FROM {users}), (SELECT count(*) FROM {departments})`), "0 0")
		c.same("what hangs on nothing", c.list(`SELECT * FROM {departmentsUsers}`))
	})
}

// Of the last two claims of a membership, dropped at the same time, the one
// that goes last takes it along, and the main department with it.
func TestMeanwhileAnotherSourceDropsItsClaim(t *testing.T) {
	each(t, func(c *company) {
		shared := func(source, uid string, said string) {
			c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: with(func(o *engine.Options) { o.DepartmentMatch = "title" })},
				departments(`{"uid":"1","title":"Sales"}`, `{"uid":"2","title":"Ops"}`), users(`{"uid":"`+uid+`","nickname":"Ann","username":"ann","departments":`+said+`}`))
		}
		shared("hr", "a", `["1","2"]`)
		shared("it", "z", `["1","2"]`)
		c.wantMembers("Ann in Ops", "Ann in Sales, main")
		c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
			c.push("it", users(`{"uid":"z","departments":["2"]}`))
		}, users(`{"uid":"a","departments":["2"]}`))
		c.wantMembers("Ann in Ops, main")
		c.wantClaims("hr: a in Ops", "it: z in Ops")
	})
}

func TestMeanwhileAnotherSourceClaimsAMembershipThatWasToEnd(t *testing.T) {
	each(t, func(c *company) {
		o := with(func(o *engine.Options) { o.DepartmentMatch = "title" })
		for _, source := range []string{"hr", "it"} {
			c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: o}, departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		}
		c.push("hr", users(`{"uid":"a","departments":["1"]}`))
		c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
			c.push("it", users(`{"uid":"a","departments":["1"]}`))
		}, users(`{"uid":"a","departments":[]}`))
		c.wantMembers("Ann in Sales, main")
		c.wantClaims("it: a in Sales")
	})
}

func TestTwoSourcesDropTheLastClaimsAtOnce(t *testing.T) {
	two(t, func(c, other *company) {
		o := with(func(o *engine.Options) { o.DepartmentMatch = "title" })
		const n = 200
		for _, source := range []string{"hr", "it"} {
			c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: o}, departments(`{"uid":"1","title":"Sales"}`),
				users(some(n, `{"uid":"u#","nickname":"u#","username":"u#","departments":["1"]}`)...))
		}
		err := atOnce([]*company{c, other}, 2, func(i int) engine.Push {
			return engine.Push{Source: []string{"hr", "it"}[i], Options: guarded(engine.Guards{}), Bodies: bodies([]engine.Body{users(some(n, `{"uid":"u#","departments":[]}`)...)})}
		})
		if err != nil {
			c.Fatal(err)
		}
		c.wantMembers()
		c.wantClaims()
	})
}

// An operator edits a row between two chunks: the rest of the run is as planned.
func TestMeanwhileARowOfALaterChunkIsEdited(t *testing.T) {
	const n = 2500
	each(t, func(c *company) {
		c.push("hr", users(some(n, `{"uid":"u#","nickname":"Person #"}`)...))
		last := func(p engine.Progress) bool { return p.State == engine.Applying && p.Done > 0 }
		r := c.meanwhile(engine.Push{Source: "hr"}, last, func() {
			c.edit("users", "phone = '1', nickname = 'By hand'", fmt.Sprintf("id = %d", n))
			c.hand(`DELETE FROM {rolesUsers} WHERE [userId] = ?`, n-1)
			c.hand(`DELETE FROM {users} WHERE id = ?`, n-1)
		}, users(some(n, `{"uid":"u#","nickname":"Renamed #"}`)...))
		c.wantFailed(r)
		c.same("the last", c.list(`SELECT id, nickname, phone FROM {users} WHERE id >= ? ORDER BY id`, n-2),
			fmt.Sprintf("%d Renamed %d -", n-2, n-3), fmt.Sprintf("%d Renamed %d 1", n, n-1), fmt.Sprintf("%d Renamed %d -", n+1, n-2))
		c.same("not renamed", c.list(`SELECT id FROM {users} WHERE nickname NOT LIKE 'Renamed%'`))
		c.wantCounts(r, "user", engine.Counts{Total: n, Created: 1, Updated: n - 1})
	})
}

// A row that somebody changes whenever it is planned fails in the end, and
// holds nobody up.
func TestMeanwhileARowIsEditedAgainAndAgain(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`))
		edits := 0
		p := engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Anna"}`, `{"uid":"b","nickname":"Bobby"}`)})}
		r, err := c.engine.Push(c.Context(), p, func(p engine.Progress) {
			if planned(p) {
				edits++
				c.hand(`UPDATE {users} SET phone = ?, [updatedAt] = ? WHERE id = 1`, itoa(edits), c.db.Time(later(edits)))
			}
		})
		if err != nil {
			c.Fatal(err)
		}
		c.wantFailed(r, "a (stale, ): its row was changed again and again while it was written")
		c.wantUsers("nickname, phone", "Ann "+itoa(edits), "Bobby -")
		c.wantFailed(c.push("hr", users(`{"uid":"a","nickname":"Anna"}`)))
		c.wantUsers("nickname, phone", "Anna "+itoa(edits), "Bobby -")
	})
}

// later is a time that differs from others by its number.
func later(n int) time.Time { return time.Date(2030, 1, 1, 0, 0, n, 0, time.UTC) }
