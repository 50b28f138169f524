package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// guarded are options with only the guards given.
func guarded(g engine.Guards) *engine.Options {
	return with(func(o *engine.Options) {
		o.Guards = g
		o.Removal.Disable = engine.Disable{Field: "status", Value: "left"}
	})
}

// crew is n people of one department, and n departments below a Company.
func crew(n int) []engine.Body {
	people, offices := make([]string, n), []string{`{"uid":"top","title":"Company"}`}
	for i := range people {
		people[i] = fmt.Sprintf(`{"uid":"u%d","nickname":"Person %d","departments":["top"]}`, i, i)
		offices = append(offices, fmt.Sprintf(`{"uid":"d%d","title":"Office %d","parentUid":"top"}`, i, i))
	}
	return []engine.Body{departments(offices...), users(people...)}
}

// some are records made of a pattern with the numbers from 0 to n.
func some(n int, pattern string) []string {
	records := make([]string, n)
	for i := range records {
		records[i] = strings.ReplaceAll(pattern, "#", itoa(i))
	}
	return records
}

// Each guard lets through what is at its limit and holds one more.
func TestGuards(t *testing.T) {
	const n = 20 // people and, below the Company, departments of the source
	count := func(c int) *engine.Limit { return &engine.Limit{Count: c} }
	for _, guard := range []struct {
		name   string
		guards engine.Guards
		body   func(n int) engine.Body
		max    int
		path   string
		want   string
	}{
		{
			"users deleted",
			engine.Guards{UsersRemoved: count(3)},
			func(n int) engine.Body { return users(some(n, `{"uid":"u#","isDeleted":true}`)...) },
			3, "usersRemoved", "the run would remove or disable 4 of 20 users, more than the guard usersRemoved allows; nothing was written",
		},
		{
			"users updated",
			engine.Guards{UsersChanged: count(3)},
			func(n int) engine.Body { return users(some(n, `{"uid":"u#","nickname":"Renamed"}`)...) },
			3, "usersChanged", "the run would create or update 4 users, of 20 there are, more than the guard usersChanged allows; nothing was written",
		},
		{
			"users created",
			engine.Guards{UsersChanged: count(3)},
			func(n int) engine.Body { return users(some(n, `{"uid":"n#","nickname":"New"}`)...) },
			3, "usersChanged", "the run would create or update 4 users, of 20 there are, more than the guard usersChanged allows; nothing was written",
		},
		{
			"memberships that records drop",
			engine.Guards{MembershipsRemoved: count(3)},
			func(n int) engine.Body {
				return users(some(n, `{"uid":"u#","nickname":"Person #","departments":[]}`)...)
			},
			3, "membershipsRemoved", "the run would end 4 of 20 memberships, more than the guard membershipsRemoved allows; nothing was written",
		},
		{
			"departments deleted",
			engine.Guards{DepartmentsRemoved: count(3)},
			func(n int) engine.Body { return departments(some(n, `{"uid":"d#","isDeleted":true}`)...) },
			3, "departmentsRemoved", "the run would remove or move to the top 4 of 21 departments, more than the guard departmentsRemoved allows; nothing was written",
		},
		{
			"departments moved to the top",
			engine.Guards{DepartmentsRemoved: count(3)},
			func(n int) engine.Body { return departments(some(n, `{"uid":"d#","title":"Office #"}`)...) },
			3, "departmentsRemoved", "the run would remove or move to the top 4 of 21 departments, more than the guard departmentsRemoved allows; nothing was written",
		},
		{
			"a percentage",
			engine.Guards{UsersRemoved: &engine.Limit{Percent: 15}},
			func(n int) engine.Body { return users(some(n, `{"uid":"u#","isDeleted":true}`)...) },
			3, "usersRemoved", "the run would remove or disable 4 of 20 users, more than the guard usersRemoved allows; nothing was written",
		},
		{
			"a percentage of at least so many",
			engine.Guards{UsersRemoved: &engine.Limit{Percent: 1, Least: 6}},
			func(n int) engine.Body { return users(some(n, `{"uid":"u#","isDeleted":true}`)...) },
			5, "usersRemoved", "the run would remove or disable 6 of 20 users, more than the guard usersRemoved allows; nothing was written",
		},
		{
			"a percentage among that many",
			engine.Guards{UsersRemoved: &engine.Limit{Percent: 10, Among: 20}},
			func(n int) engine.Body { return users(some(n, `{"uid":"u#","isDeleted":true}`)...) },
			2, "usersRemoved", "the run would remove or disable 3 of 20 users, more than the guard usersRemoved allows; nothing was written",
		},
		{
			"a count beside a percentage that is not passed",
			engine.Guards{UsersRemoved: &engine.Limit{Count: 2, Percent: 90}},
			func(n int) engine.Body { return users(some(n, `{"uid":"u#","isDeleted":true}`)...) },
			2, "usersRemoved", "the run would remove or disable 3 of 20 users, more than the guard usersRemoved allows; nothing was written",
		},
	} {
		t.Run(guard.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", crew(n)...)
				push := engine.Push{Source: "hr", Options: guarded(guard.guards)}
				before := c.dump("runs")
				err := c.rejected(push, guard.body(guard.max+1))
				c.wantError(err, plugin.Guard, "/sync/guards/"+guard.path)
				if e, ok := errors.AsType[*plugin.Error](err); ok {
					if e.Msg != guard.want {
						c.Errorf("error:\n got %q\nwant %q", e.Msg, guard.want)
					}
					if want := "plan the same to see what it would do; if it is meant, give the push options.sync.guards." + guard.path + " that allow it, or null for none"; e.Hint != want {
						c.Errorf("hint:\n got %q\nwant %q", e.Hint, want)
					}
				}
				c.unchanged(before, "runs")
				c.same("states", c.list(`SELECT state, message LIKE '%guard%' FROM {runs} ORDER BY id`), "success 0", "failed 1")
				c.wantFailed(c.pushAs(push, guard.body(guard.max)))
				c.wantFailed(c.pushAs(engine.Push{Source: "hr", Options: guarded(engine.Guards{})}, guard.body(n)))
			})
		})
	}
}

func TestGuardsThatAreNotMet(t *testing.T) {
	for name, limit := range map[string]*engine.Limit{
		"off": nil, "no numbers": {}, "fewer there than among": {Percent: 1, Among: 21}, "fewer than least": {Percent: 1, Least: 21},
		"at the percentage": {Percent: 100}, "at the count": {Count: 20},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", crew(20)...)
				c.pushAs(engine.Push{Source: "hr", Options: guarded(engine.Guards{UsersRemoved: limit})}, users(some(20, `{"uid":"u#","isDeleted":true}`)...))
				c.wantUsers("nickname")
			})
		})
	}
}

func TestGuardsByDefault(t *testing.T) {
	for _, guard := range []struct {
		name   string
		people int
		passes engine.Body
		holds  engine.Body
	}{
		{
			"at least 5 people and over 10 %", 20,
			users(some(4, `{"uid":"u#","isDeleted":true}`)...),
			users(some(5, `{"uid":"u#","isDeleted":true}`)...),
		},
		{
			"10 % of many people", 50,
			users(some(5, `{"uid":"u#","isDeleted":true}`)...),
			users(some(6, `{"uid":"u#","isDeleted":true}`)...),
		},
		{
			"memberships", 50,
			users(some(5, `{"uid":"u#","nickname":"Person #","departments":[]}`)...),
			users(some(6, `{"uid":"u#","nickname":"Person #","departments":[]}`)...),
		},
		{
			"10 % of at least 10 departments", 19, // and the Company
			departments(some(2, `{"uid":"d#","isDeleted":true}`)...),
			departments(some(3, `{"uid":"d#","isDeleted":true}`)...),
		},
		{
			"any of fewer than 10 departments", 8,
			departments(some(8, `{"uid":"d#","isDeleted":true}`)...),
			engine.Body{},
		},
		{
			"people who are renamed", 20,
			users(some(20, `{"uid":"u#","nickname":"Renamed"}`)...),
			engine.Body{},
		},
	} {
		t.Run(guard.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", crew(guard.people)...)
				if guard.holds.Records != nil {
					if kind := plugin.KindOf(c.refused("hr", guard.holds)); kind != plugin.Guard {
						c.Errorf("Push() = an error of kind %s, want guard", kind)
					}
				}
				c.wantFailed(c.push("hr", guard.passes))
			})
		})
	}
}

// What is disabled counts as removed, what is unlinked or kept does not.
func TestGuardsCountWhoIsDeletedOrDisabled(t *testing.T) {
	for policy, held := range map[string]bool{engine.Keep: false, engine.Unlink: false, engine.Disabling: true, engine.Delete: true} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				c.column("departments", "status", "varchar(255)")
				c.push("hr", crew(10)...)
				for field, body := range map[string]engine.Body{
					"users":       users(some(2, `{"uid":"u#","isDeleted":true}`)...),
					"departments": departments(some(2, `{"uid":"d#","isDeleted":true}`)...),
				} {
					o := guarded(engine.Guards{UsersRemoved: &engine.Limit{Count: 1}, DepartmentsRemoved: &engine.Limit{Count: 1}})
					o.Removal.User, o.Removal.Department = policy, policy
					_, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Options: o, Bodies: bodies([]engine.Body{body})}, nil)
					if got := plugin.KindOf(err) == plugin.Guard; got != held || err != nil && !got {
						c.Errorf("Push() of %s = %v, want held: %v", field, err, held)
					}
				}
			})
		})
	}
}

func TestGuardsWatchAbsenceAsWell(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", crew(20)...)
		o := with(func(o *engine.Options) { o.Removal.User = engine.Delete })
		before := c.dump("runs")
		err := c.rejected(engine.Push{Source: "hr", Snapshot: whole(), Options: o}, users(some(15, `{"uid":"u#","nickname":"Person #","departments":["top"]}`)...))
		c.wantError(err, plugin.Guard, "/sync/guards/usersRemoved")
		c.unchanged(before, "runs")
	})
}

// A department that goes ends the memberships in it, each once.
func TestGuardsCountTheMembershipsOfDepartmentsThatGo(t *testing.T) {
	for _, push := range []struct {
		name  string
		users []string
	}{
		{"nothing is said of the people", nil},
		{"they are said to be elsewhere", some(4, `{"uid":"u#","nickname":"Person #","departments":["other"]}`)},
		{"they are said to be in it still", some(4, `{"uid":"u#","nickname":"Renamed","departments":["d"]}`)},
	} {
		t.Run(push.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", departments(`{"uid":"d","title":"Goes"}`, `{"uid":"other","title":"Other"}`),
					users(append(some(4, `{"uid":"u#","nickname":"Person #","departments":["d"]}`), `{"uid":"x","departments":["other"]}`)...))
				list := []engine.Body{gone("d")}
				if push.users != nil {
					list = append(list, users(push.users...))
				}
				for limit, held := range map[int]bool{3: true, 4: false} {
					r, err := c.engine.Plan(c.Context(), engine.Push{Source: "hr", Options: guarded(engine.Guards{MembershipsRemoved: &engine.Limit{Count: limit}}), Bodies: bodies(list)}, nil)
					if err != nil {
						c.Fatal(err)
					}
					if got := strings.Contains(r.Task.Message, "held: it would end 4 of 5 memberships"); got != held || !held && strings.Contains(r.Task.Message, "held") {
						c.Errorf("at %d: %q, want held: %v", limit, r.Task.Message, held)
					}
				}
			})
		})
	}
}

// Departments come to the top when the one above goes, and when a record that
// says nothing of a parent takes over a row that has one.
func TestGuardsCountWhatComesToTheTopByTheWay(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", crew(10)...)
		o := guarded(engine.Guards{DepartmentsRemoved: &engine.Limit{Count: 10}})
		c.wantError(c.rejected(engine.Push{Source: "hr", Options: o}, gone("top")), plugin.Guard, "/sync/guards/departmentsRemoved")
		o.DepartmentMatch = "title"
		o.Guards.DepartmentsRemoved.Count = 9
		c.wantError(c.rejected(engine.Push{Source: "it", Options: o}, departments(some(10, `{"uid":"x#","title":"Office #"}`)...)), plugin.Guard, "/sync/guards/departmentsRemoved")
		o.Guards.DepartmentsRemoved.Count = 10
		c.pushAs(engine.Push{Source: "it", Options: o}, departments(some(10, `{"uid":"x#","title":"Office #"}`)...))
	})
}

func TestGuardsHoldAPlanInWordsOnly(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", crew(20)...)
		own := []string{"runs", "plan_users", "plan_departments", "plan_memberships", "counters"}
		before := c.dump(append([]string{}, own...)...)
		r := c.plan("hr", users(some(5, `{"uid":"u#","isDeleted":true}`)...))
		c.unchanged(before, own...)
		c.wantMessage(r, "planned, nothing written; a push would be held: it would remove or disable 5 of 20 users, more than the guard usersRemoved allows; user: 5 deleted")
		if len(r.Items) != 5 {
			c.Errorf("the plan has %d items, want the 5 that it is held for", len(r.Items))
		}
	})
}

// What was let through is carried out, also when somebody edits a row meanwhile
// and the rest is planned again among fewer people.
func TestGuardsAreAskedOnce(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", crew(50)...)
		c.meanwhile(engine.Push{Source: "hr"}, planned, func() { c.edit("users", "phone = '1'", "id = 1") }, users(some(5, `{"uid":"u#","isDeleted":true}`)...))
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "45")
	})
}
