package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestAConflictMendsItselfWhenTheHolderLetsGo(t *testing.T) {
	for _, c := range []struct {
		name   string
		letsGo func(c *company)
	}{
		{"by hand", func(c *company) { c.edit("users", "email = NULL", "nickname = 'Old'") }},
		{"by another source", func(c *company) { c.push("it", users(`{"uid":"o","email":null}`)) }},
		{"by its tombstone", func(c *company) { c.push("it", users(`{"uid":"o","isDeleted":true}`)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(company *company) {
				company.push("it", users(`{"uid":"o","nickname":"Old","email":"a@x"}`))
				r := company.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"n","nickname":"New","email":"a@x","departments":["s"]}`))
				company.wantFailed(r, "n (conflict, email): email is held by row 1 of users, which keeps it")
				r = company.push("hr", users(`{"uid":"z","nickname":"Other"}`))
				company.wantMessage(r, "user: 1 created")
				c.letsGo(company)
				r = company.push("hr", users(`{"uid":"z","nickname":"Other"}`))
				company.wantMessage(r, "membership: 1 created; user: 1 created, 1 unchanged")
				if all := r.Result[0].Detail.Count.All; all != 1 {
					company.Errorf("the push is answered about %d records, want its own", all)
				}
				company.same("of hr", company.list(`SELECT nickname, email FROM {users} WHERE nickname IN ('New', 'Other') ORDER BY nickname`), "New a@x", "Other -")
				company.wantMembers("New in Sales, main")
				company.same("conflicts", company.list(`SELECT uid FROM {conflicts}`))
			})
		})
	}
}

func TestAConflictIsForgottenWhenSomethingNewerIsSaid(t *testing.T) {
	for name, newer := range map[string]string{
		"otherwise": `{"uid":"n","nickname":"New","email":"b@x"}`,
		"as before": `{"uid":"n","nickname":"New"}`,
		"gone":      `{"uid":"n","isDeleted":true}`,
		"bad":       `{"uid":"n","nickname":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("it", users(`{"uid":"o","nickname":"Old","email":"a@x"}`))
				c.push("hr", users(`{"uid":"n","nickname":"New"}`))
				c.push("hr", users(`{"uid":"n","nickname":"New","email":"a@x"}`))
				c.same("conflicts", c.list(`SELECT uid FROM {conflicts}`), "n")
				c.push("hr", users(newer))
				c.same("conflicts", c.list(`SELECT uid FROM {conflicts}`))
				c.edit("users", "email = NULL", "nickname = 'Old'")
				c.push("hr", users(`{"uid":"z"}`))
				c.same("holders of the address", c.list(`SELECT nickname FROM {users} WHERE email = 'a@x'`))
			})
		})
	}
}

func TestAWholeReadingEndsTheConflictsOfWhoIsGone(t *testing.T) {
	each(t, func(c *company) {
		c.push("it", users(`{"uid":"o","nickname":"Old","email":"a@x"}`))
		c.push("hr", users(`{"uid":"n","nickname":"New","email":"a@x"}`))
		c.pushAs(engine.Push{Source: "hr", Snapshot: whole()}, users(`{"uid":"z"}`))
		c.same("conflicts", c.list(`SELECT uid FROM {conflicts}`))
	})
}

func TestWhatAConflictWouldDoIsPlanned(t *testing.T) {
	each(t, func(c *company) {
		c.push("it", users(`{"uid":"o","nickname":"Old","email":"a@x"}`))
		c.push("hr", users(`{"uid":"n","nickname":"New","email":"a@x"}`))
		c.edit("users", "email = NULL", "nickname = 'Old'")
		before := c.dump("runs", "plan_users")
		plan, err := c.engine.Plan(c.Context(), pushBodies("hr", "", users(`{"uid":"z"}`)), nil)
		if err != nil {
			c.Fatal(err)
		}
		var uids []string
		for _, i := range plan.Items {
			uids = append(uids, i.UID)
		}
		c.same("items", uids, "z", "n")
		c.unchanged(before, "runs", "plan_users")
	})
}
