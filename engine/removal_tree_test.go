package engine_test

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// forest pushes a tree of departments of hr: Company, below it East and West,
// below East a chain of three.
func forest(c *company) {
	c.Helper()
	c.push("hr", departments(
		`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"East","parentUid":"1"}`, `{"uid":"3","title":"Sales","parentUid":"2"}`,
		`{"uid":"4","title":"Field","parentUid":"3"}`, `{"uid":"5","title":"Team","parentUid":"4"}`, `{"uid":"6","title":"West","parentUid":"1"}`))
}

// gone are tombstones of departments.
func gone(uids ...string) engine.Body {
	var records []string
	for _, uid := range uids {
		records = append(records, `{"uid":"`+uid+`","isDeleted":true}`)
	}
	return departments(records...)
}

func children(policy string) *engine.Options {
	o := unguarded("")
	o.Removal.Children = policy
	return o
}

func TestRemovalAndTheChildren(t *testing.T) {
	for _, push := range []struct {
		name             string
		records          engine.Body
		reparent, remove []string
	}{
		{
			"of a leaf", gone("5"),
			[]string{"Company", "  East", "    Sales", "      Field", "  West"},
			[]string{"Company", "  East", "    Sales", "      Field", "  West"},
		},
		{
			"of one in the middle", gone("3"),
			[]string{"Company", "  East", "    Field", "      Team", "  West"},
			[]string{"Company", "  East", "  West"},
		},
		{
			"of the top", gone("1"),
			[]string{"East", "  Sales", "    Field", "      Team", "West"},
			nil,
		},
		{
			"of a chain, from the top", gone("2", "3", "4"),
			[]string{"Company", "  Team", "  West"},
			[]string{"Company", "  West"},
		},
		{
			"of a chain, from below", gone("4", "3", "2"),
			[]string{"Company", "  Team", "  West"},
			[]string{"Company", "  West"},
		},
		{
			"of a chain with one left between", gone("2", "4"),
			[]string{"Company", "  Sales", "    Team", "  West"},
			[]string{"Company", "  West"},
		},
		{
			"and a child that moves away", departments(`{"uid":"3","title":"Sales","parentUid":"6"}`, `{"uid":"2","isDeleted":true}`),
			[]string{"Company", "  West", "    Sales", "      Field", "        Team"},
			[]string{"Company", "  West", "    Sales", "      Field", "        Team"},
		},
		{
			"and a grandchild that moves away", departments(`{"uid":"2","isDeleted":true}`, `{"uid":"4","title":"Field","parentUid":"6"}`),
			[]string{"Company", "  Sales", "  West", "    Field", "      Team"},
			[]string{"Company", "  West", "    Field", "      Team"},
		},
		{
			"and a child that goes on naming it", departments(`{"uid":"2","isDeleted":true}`, `{"uid":"3","title":"Sales","parentUid":"2"}`),
			[]string{"Company", "  Sales", "    Field", "      Team", "  West"},
			[]string{"Company", "  Sales", "    Field", "      Team", "  West"},
		},
		{
			"and a child whose record fails", departments(`{"uid":"2","isDeleted":true}`, `{"uid":"3","title":["Sales"],"parentUid":"2"}`),
			[]string{"Company", "  Sales", "    Field", "      Team", "  West"},
			[]string{"Company", "  Sales", "    Field", "      Team", "  West"},
		},
		{
			"and a new child", departments(`{"uid":"2","isDeleted":true}`, `{"uid":"7","title":"New","parentUid":"2"}`),
			[]string{"Company", "  Sales", "    Field", "      Team", "  West", "New"},
			[]string{"Company", "  West", "New"},
		},
		{
			"and its parent that moves below its child", departments(`{"uid":"3","isDeleted":true}`, `{"uid":"2","title":"East","parentUid":"4"}`, `{"uid":"4","title":"Field","parentUid":"1"}`),
			[]string{"Company", "  Field", "    East", "    Team", "  West"},
			[]string{"Company", "  Field", "    East", "    Team", "  West"},
		},
	} {
		for policy, want := range map[string][]string{"reparent": push.reparent, "remove": push.remove} {
			t.Run(policy+" "+push.name, func(t *testing.T) {
				each(t, func(c *company) {
					forest(c)
					p := engine.Push{Source: "hr", Options: children(policy)}
					c.pushAs(p, push.records)
					c.wantTree(want...)
					before := c.dump("runs", "plan_departments")
					c.pushAs(p, push.records)
					c.unchanged(before, "runs", "plan_departments")
				})
			})
		}
	}
}

// Where children go with it, only those go that are the source's alone: what
// was made by hand, found, or is another source's stays, and is lifted.
func TestRemovalOfChildrenIsOfTheSourcesOwn(t *testing.T) {
	each(t, func(c *company) {
		c.make("departments", `id, title, sort, [isLeaf]`, "7, 'Found', 1, true")
		c.make("departments", `id, title, sort, [isLeaf]`, "8, 'By hand', 2, true")
		c.move("Found", "nothing")
		byTitle := func(source string) engine.Push {
			o := children("remove")
			o.DepartmentMatch = "title"
			return engine.Push{Source: source, Options: o}
		}
		c.pushAs(byTitle("hr"), departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"East","parentUid":"1"}`,
			`{"uid":"3","title":"Found","parentUid":"2"}`, `{"uid":"4","title":"Shared","parentUid":"2"}`, `{"uid":"5","title":"Own","parentUid":"2"}`, `{"uid":"6","title":"Deep","parentUid":"5"}`))
		c.pushAs(engine.Push{Source: "it", Options: with(func(o *engine.Options) { o.DepartmentMatch, o.Drift = "title", "keep" })}, departments(`{"uid":"s","title":"Shared"}`, `{"uid":"t","title":"Theirs"}`))
		c.move("Shared", "East")
		c.move("Theirs", "Own")
		c.move("By hand", "Deep")
		c.wantTree("Company", "  East", "    Found", "    Shared", "    Own", "      Deep", "        By hand", "      Theirs")
		r := c.pushAs(byTitle("hr"), gone("2"))
		c.wantTree("Company", "  Found", "  By hand", "  Shared", "  Theirs")
		c.wantCounts(r, "department", engine.Counts{Total: 5, Deleted: 3, Unlinked: 2})
		c.wantLinks("hr: 1 is Company", "it: s is Shared", "it: t is Theirs")
	})
}

// Children that are only unlinked or kept with their parent are not looked for:
// children follow a department that is deleted.
func TestRemovalThatLeavesTheRowLeavesTheChildren(t *testing.T) {
	for _, policy := range []string{engine.Keep, engine.Unlink, engine.Disabling} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("departments", "status", "varchar(255)")
				forest(c)
				o := removing(policy)
				o.Removal.Children = "remove"
				before := c.tree()
				c.pushAs(engine.Push{Source: "hr", Options: o}, gone("2"))
				c.wantTree(before...)
				c.pushAs(engine.Push{Source: "hr", Options: o}, departments(`{"uid":"3","title":"Selling","parentUid":"2"}`))
				c.wantTree(strings.Split(strings.ReplaceAll(strings.Join(before, "|"), "Sales", "Selling"), "|")...)
			})
		})
	}
}

// A child that came back to a parent that was removed and lifted it goes below
// it again when the parent stands again.
func TestRemovalIsUndoneForTheChildrenThatStillNameTheirParent(t *testing.T) {
	for _, policy := range []string{"reparent", "remove"} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				forest(c)
				c.pushAs(engine.Push{Source: "hr", Options: children(policy)}, gone("2"), departments(`{"uid":"3","title":"Sales","parentUid":"2"}`))
				c.wantTree("Company", "  Sales", "    Field", "      Team", "  West")
				c.push("hr", departments(`{"uid":"2","title":"East","parentUid":"1"}`))
				c.wantTree("Company", "  West", "  East", "    Sales", "      Field", "        Team")
			})
		})
	}
}

func TestRemovalOfADepartmentRemovesNobody(t *testing.T) {
	each(t, func(c *company) {
		forest(c)
		c.push("hr", users(
			`{"uid":"a","nickname":"Ann","departments":[{"uid":"3","isOwner":true,"isMain":true},"6"]}`,
			`{"uid":"b","nickname":"Bob","departments":["3"]}`))
		c.make("users", "nickname", "'By hand'")
		c.join("By hand", "Sales")
		c.push("hr", gone("3"))
		c.wantUsers("nickname", "Ann", "Bob", "By hand")
		c.wantMembers("Ann in West, main")
		c.wantClaims("hr: a in West")
		c.wantWaiting("hr: a awaits 3", "hr: b awaits 3")
		// The same is said of them: they go on waiting.
		c.push("hr", users(`{"uid":"b","nickname":"Bob","departments":["3"]}`))
		c.wantWaiting("hr: a awaits 3", "hr: b awaits 3")
		c.push("hr", departments(`{"uid":"3","title":"Sales","parentUid":"2"}`))
		c.wantMembers("Ann in Sales, owner, main", "Ann in West", "Bob in Sales, main")
		c.wantClaims("hr: a in Sales", "hr: a in West", "hr: b in Sales")
		c.wantWaiting()
	})
}

func TestRemovalOfADepartmentIsForgottenByWhoNamesItNoMore(t *testing.T) {
	each(t, func(c *company) {
		forest(c)
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["3","6"]}`, `{"uid":"b","nickname":"Bob","departments":["3"]}`, `{"uid":"d","nickname":"Dan","departments":["3"]}`))
		c.push("hr", gone("3"))
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["6"]}`, `{"uid":"b","nickname":"Bob","isDeleted":true}`))
		c.wantWaiting("hr: d awaits 3")
		c.push("hr", departments(`{"uid":"3","title":"Sales","parentUid":"2"}`))
		c.wantMembers("Ann in West, main", "Dan in Sales, main")
	})
}

// A department goes and its people are said to be elsewhere, in one push.
func TestRemovalOfADepartmentWhosePeopleMove(t *testing.T) {
	each(t, func(c *company) {
		forest(c)
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["3"]}`, `{"uid":"b","nickname":"Bob","departments":["3"]}`))
		c.push("hr", gone("3"), users(`{"uid":"a","nickname":"Ann","departments":["6"]}`, `{"uid":"b","nickname":"Bob","departments":["3"]}`, `{"uid":"d","nickname":"Dan","departments":["3","6"]}`))
		c.wantMembers("Ann in West, main", "Dan in West, main")
		c.wantClaims("hr: a in West", "hr: d in West")
		c.wantWaiting("hr: b awaits 3", "hr: d awaits 3")
	})
}

// People of another source that stands for the department as well are in it
// still, since the row is.
func TestRemovalOfADepartmentThatAnotherSourceStandsForLeavesItsPeople(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","departments":["1"]}`))
		it := engine.Push{Source: "it", Options: with(func(o *engine.Options) { o.DepartmentMatch = "title" })}
		c.pushAs(it, departments(`{"uid":"x","title":"Sales"}`), users(`{"uid":"b","nickname":"Bob","departments":["x"]}`))
		c.push("hr", gone("1"))
		c.wantTree("Sales")
		c.same("Bob", c.members()[len(c.members())-1:], "Bob in Sales, main")
		c.pushAs(it, gone("x"))
		c.wantTree()
		c.wantMembers()
	})
}
