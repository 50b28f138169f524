package engine_test

import (
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// Whose removal a row outlasts: that of any source but the last, that of what
// was there before, and that of people who are spared.

func TestRemovalIsForTheLastSourceThatClaimsTheRow(t *testing.T) {
	for _, policy := range []string{engine.Disabling, engine.Delete} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				c.column("departments", "status", "varchar(255)")
				o := removing(policy)
				o.DepartmentMatch = "title"
				for _, source := range []string{"hr", "it", "crm"} {
					c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: o},
						departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","username":"ann","departments":["1"]}`))
				}
				gone := []engine.Body{departments(`{"uid":"1","isDeleted":true}`), users(`{"uid":"a","isDeleted":true}`)}
				for _, source := range []string{"it", "hr"} {
					r := c.pushAs(engine.Push{Source: source, Options: o}, gone...)
					c.wantCounts(r, "user", engine.Counts{Total: 1, Unlinked: 1})
					c.wantCounts(r, "department", engine.Counts{Total: 1, Unlinked: 1})
					c.wantUsers("nickname, status", "Ann -")
					c.wantTree("Sales")
				}
				c.pushAs(engine.Push{Source: "crm", Options: o}, gone...)
				if policy == engine.Delete {
					c.wantUsers("nickname, status")
					c.wantTree()
				} else {
					c.wantUsers("nickname, status", "Ann left")
					c.same("status", c.list(`SELECT status FROM {departments}`), "left")
				}
			})
		})
	}
}

func TestRemovalSaysWhoStandsForTheRowAsWell(t *testing.T) {
	each(t, func(c *company) {
		for _, source := range []string{"hr", "it"} {
			c.pushBy("username", source, users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		}
		c.same("items", c.items(c.push("hr", users(`{"uid":"a","isDeleted":true}`))), "unlink user a: source it stands for the row as well")
	})
}

// A row that was there before every source is not Roster's to delete, whichever
// source goes last and however it came to the row.
func TestRemovalNeverDeletesARowThatWasThereBefore(t *testing.T) {
	gone := []engine.Body{departments(`{"uid":"1","isDeleted":true}`), users(`{"uid":"a","isDeleted":true}`)}
	for _, sources := range [][]string{{"hr"}, {"hr", "it"}, {"it", "hr"}} {
		t.Run(fmt.Sprint(sources), func(t *testing.T) {
			each(t, func(c *company) {
				c.make("users", "nickname, username", "'Ann', 'ann'")
				c.make("departments", `id, title, sort, [isLeaf]`, "7, 'Sales', 1, true")
				c.hand(`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) VALUES (7, '/7', 7)`)
				o := unguarded(engine.Delete)
				o.DepartmentMatch = "title"
				for _, source := range []string{"hr", "it"} {
					c.pushAs(engine.Push{Source: source, MatchKey: "username", Options: o},
						departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","username":"ann","departments":["1"]}`))
				}
				for i, source := range sources {
					r := c.pushAs(engine.Push{Source: source, Options: o}, gone...)
					c.wantCounts(r, "user", engine.Counts{Total: 1, Unlinked: 1})
					c.wantCounts(r, "department", engine.Counts{Total: 1, Unlinked: 1})
					if i == 1 {
						c.same("items", c.items(r), "unlink department 1: the row was there before the source", "unlink user a: the row was there before the source")
					}
				}
				c.wantUsers("id, nickname", "1 Ann")
				c.wantTree("Sales")
			})
		})
	}
}

// It stays so when a source comes to the row only after the first has let go.
func TestRemovalRemembersThatARowWasThereBefore(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username", "'Ann', 'ann'")
		for _, source := range []string{"hr", "it"} {
			c.pushBy("username", source, users(`{"uid":"a","username":"ann"}`))
			c.push(source, users(`{"uid":"a","isDeleted":true}`))
		}
		c.wantUsers("id, nickname", "1 Ann")
	})
}

// A row that one source made is Roster's, also when another source that only
// found it goes last.
func TestRemovalDeletesARowThatAnotherSourceMade(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		c.pushBy("username", "it", users(`{"uid":"z","username":"ann"}`))
		c.push("hr", users(`{"uid":"a","isDeleted":true}`))
		c.wantUsers("nickname", "Ann")
		c.push("it", users(`{"uid":"z","isDeleted":true}`))
		c.wantUsers("nickname")
	})
}

func TestRemovalDisablesARowThatWasThereBefore(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "status", "varchar(255)")
		c.make("users", "nickname, username", "'Ann', 'ann'")
		c.pushBy("username", "hr", users(`{"uid":"a","username":"ann"}`))
		c.pushAs(engine.Push{Source: "hr", Options: removing(engine.Disabling)}, users(`{"uid":"a","isDeleted":true}`))
		c.wantUsers("nickname, status", "Ann left")
	})
}

func TestRemovalSparesRootAndWhoRunsTheSync(t *testing.T) {
	for _, cause := range causes {
		for policy, want := range map[string]engine.Counts{
			engine.Keep: {Kept: 3}, engine.Unlink: {Unlinked: 3}, engine.Disabling: {Disabled: 1, Kept: 2}, engine.Delete: {Deleted: 1, Kept: 2},
		} {
			t.Run(policy+" by "+cause.name, func(t *testing.T) {
				each(t, func(c *company) {
					c.column("users", "status", "varchar(255)")
					c.push("hr", users(`{"uid":"r","nickname":"Root"}`, `{"uid":"o","nickname":"Operator"}`, `{"uid":"x","nickname":"Other"}`, `{"uid":"y","nickname":"Stays"}`))
					c.hand(`INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId])
						SELECT [createdAt], [updatedAt], 'root', id FROM {users} WHERE nickname = 'Root'`)
					push := cause.push
					push.Options, push.Actor = removing(policy), 2
					gone := users(`{"uid":"r","isDeleted":true}`, `{"uid":"o","isDeleted":true}`, `{"uid":"x","isDeleted":true}`)
					if push.Snapshot != nil {
						gone = users(`{"uid":"y","nickname":"Stays"}`)
					}
					r := c.pushAs(push, gone)
					want.Total, want.Unchanged = 3, 0
					if push.Snapshot != nil {
						want.Total, want.Unchanged = 4, 1
					}
					c.wantCounts(r, "user", want)
					switch policy {
					case engine.Delete:
						c.wantUsers("nickname", "Root", "Operator", "Stays")
					case engine.Disabling:
						c.wantUsers("nickname, status", "Root -", "Operator -", "Other left", "Stays -")
					}
					if policy == engine.Delete && push.Snapshot == nil {
						c.same("items", c.items(r),
							"keep user r: has the role root, which no sync removes", "keep user o: runs the sync", "delete user x")
					}
				})
			})
		}
	}
}

// The one who ran the sync then is an ordinary user when somebody else does.
func TestRemovalTakesWhoWasSparedOnceNothingSparesHer(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"o","nickname":"Operator"}`))
		gone := users(`{"uid":"o","isDeleted":true}`)
		c.pushAs(engine.Push{Source: "hr", Actor: 1}, gone)
		c.wantUsers("nickname", "Operator")
		c.push("hr", gone)
		c.wantUsers("nickname")
	})
}
