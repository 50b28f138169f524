package engine_test

import (
	"slices"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// What operators do to what a source said, and what a push of the same makes of
// it, is for the option drift to say.

func drift(policy string) engine.Push {
	return engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.Drift = policy })}
}

// pair is what hr says of two people in a tree of departments.
func pair(nickname string) []engine.Body {
	return []engine.Body{
		departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"3","title":"Ops","parentUid":"1"}`),
		users(`{"uid":"a","nickname":"`+nickname+`","phone":"1","departments":["2",{"uid":"3","isMain":true}]}`, `{"uid":"b","nickname":"Bob"}`),
	}
}

func TestDriftOfARowIsRepairedOrKept(t *testing.T) {
	for policy, want := range map[string]string{"repair": "Ann 1", "keep": "Annabel 2"} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", pair("Ann")...)
				c.edit("users", "nickname = 'Annabel', phone = '2'", "id = 1")
				c.edit("departments", "title = 'Selling'", "title = 'Sales'")
				c.pushAs(drift(policy), pair("Ann")...)
				c.wantUsers("nickname, phone", want, "Bob -")
				title := map[string]string{"repair": "Sales", "keep": "Selling"}[policy]
				c.wantTree("Company", "  "+title, "  Ops")
			})
		})
	}
}

// What was edited stays until the record says something new; then all that it
// says counts.
func TestDriftIsKeptUntilTheRecordSaysSomethingNew(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", pair("Ann")...)
		c.edit("users", "phone = '2'", "id = 1")
		c.edit("users", "nickname = 'Robert'", "id = 2")
		c.leave("Ann", "Sales")
		c.pushAs(drift("keep"), pair("Anna")...)
		c.wantUsers("nickname, phone", "Anna 1", "Robert -")
		c.wantMembers("Anna in Ops, main")
		c.pushAs(drift("keep"), users(`{"uid":"a","nickname":"Anna","departments":["3","2"]}`))
		c.wantMembers("Anna in Ops, main", "Anna in Sales")
	})
}

func TestDriftOfMemberships(t *testing.T) {
	for _, policy := range []struct {
		name string
		want []string
	}{
		{"repair", []string{"Ann in Company", "Ann in Ops", "Ann in Sales, main"}},
		{"keep", []string{"Ann in Company", "Ann in Sales, main"}},
	} {
		t.Run(policy.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", pair("Ann")...)
				c.leave("Ann", "Ops")
				c.join("Ann", "Company")
				c.edit("users", `[mainDepartmentId] = (SELECT id FROM {departments} WHERE title = 'Sales')`, "id = 1")
				for range 2 {
					c.pushAs(drift(policy.name), pair("Ann")...)
					c.wantMembers(policy.want...)
				}
				before := c.dump("runs")
				c.pushAs(drift(policy.name), pair("Ann")...)
				c.unchanged(before, "runs")
			})
		})
	}
}

func TestDriftOfTheTree(t *testing.T) {
	for policy, want := range map[string][]string{
		"repair": {"Company", "  Sales", "  Ops"},
		"keep":   {"Company", "  Ops", "    Sales"},
	} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", pair("Ann")...)
				c.move("Sales", "Ops")
				c.pushAs(drift(policy), pair("Ann")...)
				c.wantTree(want...)
				before := c.dump("runs")
				c.pushAs(drift(policy), pair("Ann")...)
				c.unchanged(before, "runs")
			})
		})
	}
}

// A department moved by hand comes back when its record says something new, and
// one whose record says the same stays though others move.
func TestDriftOfTheTreeIsKeptRecordByRecord(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", pair("Ann")...)
		c.move("Sales", "Ops")
		c.pushAs(drift("keep"), departments(`{"uid":"1","title":"Firm"}`, `{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"3","title":"Operations","parentUid":"1"}`))
		c.wantTree("Firm", "  Operations", "    Sales")
		c.pushAs(drift("keep"), departments(`{"uid":"2","title":"Selling","parentUid":"1"}`))
		c.wantTree("Firm", "  Selling", "  Operations")
	})
}

// A circle that what is kept and what is said would close is none of what is kept.
func TestDriftThatIsKeptClosesNoCircle(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", pair("Ann")...)
		c.move("Sales", "Ops")
		r := c.pushAs(drift("keep"), departments(`{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"3","title":"Ops","parentUid":"2"}`))
		c.wantFailed(r, "3 (data, parentUid): its parents go round in a circle: 2 → 3 → 2")
		c.wantTree("Company", "  Ops", "    Sales")
	})
}

func TestDriftNeverKeepsARowDeleted(t *testing.T) {
	for _, policy := range []string{"repair", "keep"} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", pair("Ann")...)
				before := c.members()
				c.hand(`DELETE FROM {departmentsUsers}`)
				c.hand(`DELETE FROM {main_departments_path} WHERE [nodePk] = (SELECT id FROM {departments} WHERE title = 'Company')`)
				c.hand(`DELETE FROM {departments} WHERE title = 'Company'`)
				c.hand(`DELETE FROM {rolesUsers}`)
				c.hand(`DELETE FROM {users}`)
				c.pushAs(drift(policy), pair("Ann")...)
				c.wantUsers("nickname", "Ann", "Bob")
				tree := c.tree()
				slices.Sort(tree)
				c.same("tree", tree, "  Ops", "  Sales", "Company")
				c.same("memberships", c.members(), before...)
			})
		})
	}
}

func TestMembershipsPolicy(t *testing.T) {
	const before = `"departments":["s"]`
	for _, step := range []struct {
		name   string
		record string // what is said after Ann was put into Ops by hand
		want   map[string][]string
	}{
		{
			"the same again", `{"uid":"a","nickname":"Ann",` + before + `}`,
			map[string][]string{
				"own":   {"Ann in Ops", "Ann in Sales, main"},
				"adopt": {"Ann in Ops", "Ann in Sales, main"},
				"all":   {"Ann in Sales, main"},
			},
		},
		{
			"nothing of departments", `{"uid":"a","nickname":"Ann"}`,
			map[string][]string{
				"own":   {"Ann in Ops", "Ann in Sales, main"},
				"adopt": {"Ann in Ops", "Ann in Sales, main"},
				"all":   {"Ann in Ops", "Ann in Sales, main"},
			},
		},
		{
			"an empty list", `{"uid":"a","nickname":"Ann","departments":[]}`,
			map[string][]string{"own": {"Ann in Ops, main"}, "adopt": {"Ann in Ops, main"}, "all": nil},
		},
		{
			"another department", `{"uid":"a","nickname":"Ann","departments":["l"]}`,
			map[string][]string{
				"own":   {"Ann in Legal, main", "Ann in Ops"},
				"adopt": {"Ann in Legal, main", "Ann in Ops"},
				"all":   {"Ann in Legal, main"},
			},
		},
	} {
		for policy, want := range step.want {
			t.Run(policy+" "+step.name, func(t *testing.T) {
				each(t, func(c *company) {
					offices(c, "hr")
					push := engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.Memberships = policy })}
					c.pushAs(push, users(`{"uid":"a","nickname":"Ann",`+before+`}`))
					c.join("Ann", "Ops")
					c.pushAs(push, users(step.record))
					c.wantMembers(want...)
					again := c.dump("runs")
					c.pushAs(push, users(step.record))
					c.unchanged(again, "runs")
				})
			})
		}
	}
}

// What was there before the source named it ends with its claim where the
// source adopts it, and stays where it does not.
func TestMembershipsThatWereThereBefore(t *testing.T) {
	for policy, want := range map[string][]string{"own": {"Ann in Ops, main"}, "adopt": nil, "all": nil} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				offices(c, "hr")
				push := engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.Memberships = policy })}
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann"}`))
				c.join("Ann", "Ops")
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann","departments":["o"]}`))
				c.wantMembers("Ann in Ops, main")
				c.wantClaims("hr: a in Ops")
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann","departments":[]}`))
				c.wantMembers(want...)
				c.wantClaims()
				c.same("marks", c.list(`SELECT count(*) FROM {kept_memberships}`), map[string]string{"own": "1", "adopt": "0", "all": "0"}[policy])
			})
		})
	}
}

// A mark made while the policy was own goes when the source adopts.
func TestMembershipsAreAdoptedLater(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.join("Ann", "Ops")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["o"]}`))
		adopt := engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.Memberships = "adopt" })}
		c.pushAs(engine.Push{Source: "hr"}, users(`{"uid":"a","nickname":"Ann","departments":[]}`))
		c.pushAs(adopt, users(`{"uid":"a","nickname":"Ann","departments":["o"]}`))
		c.same("marks", c.list(`SELECT count(*) FROM {kept_memberships}`), "0")
		c.pushAs(adopt, users(`{"uid":"a","nickname":"Ann","departments":[]}`))
		c.wantMembers()
	})
}

// The whole truth is one's own: what another source claims goes as well, and
// comes back when that source is pushed.
func TestMembershipsOfOtherSourcesEndWhereOneSpeaksForAll(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann","departments":["s"]}`))
		it := []engine.Body{departments(`{"uid":"x","title":"Computers"}`), users(`{"uid":"z","username":"ann","departments":["x"]}`)}
		c.pushBy("username", "it", it...)
		c.wantMembers("Ann in Computers", "Ann in Sales, main")
		all := engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.Memberships = "all" })}
		r := c.pushAs(all, users(`{"uid":"a","nickname":"Ann","username":"ann","departments":["s"]}`))
		c.wantMembers("Ann in Sales, main")
		c.wantMessage(r, "membership: 1 deleted; user: 1 updated")
		c.push("it", it...)
		c.wantMembers("Ann in Computers", "Ann in Sales, main")
	})
}

func TestMembershipsOfAUserWhoIsLinked(t *testing.T) {
	for policy, want := range map[string][]string{
		"own": {"Ann in Legal, main", "Ann in Ops", "Ann in Sales"}, "adopt": {"Ann in Legal, main", "Ann in Ops", "Ann in Sales"}, "all": {"Ann in Ops", "Ann in Sales, main"},
	} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				offices(c, "hr")
				c.make("users", "nickname, username", "'Ann', 'ann'")
				c.join("Ann", "Ops")
				c.join("Ann", "Legal")
				c.edit("users", `[mainDepartmentId] = (SELECT id FROM {departments} WHERE title = 'Legal')`, "id = 1")
				c.pushAs(engine.Push{Source: "hr", MatchKey: "username", Options: with(func(o *engine.Options) { o.Memberships = policy })},
					users(`{"uid":"a","username":"ann","departments":["s","o"]}`))
				c.wantMembers(want...)
				c.wantClaims("hr: a in Ops", "hr: a in Sales")
			})
		})
	}
}

// Who is unlinked loses what the source claimed and nothing else, also where it
// spoke for all.
func TestMembershipsOfAUserWhoIsUnlinked(t *testing.T) {
	for _, policy := range []string{"own", "adopt", "all"} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				offices(c, "hr")
				c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s"]}`))
				c.join("Ann", "Ops")
				o := unguarded(engine.Unlink)
				o.Memberships = policy
				c.pushAs(engine.Push{Source: "hr", Options: o}, users(`{"uid":"a","isDeleted":true}`))
				c.wantMembers("Ann in Ops, main")
				c.wantClaims()
			})
		})
	}
}
