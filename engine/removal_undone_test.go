package engine_test

import (
	"encoding/json"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// A record that stands again undoes what its own removal did.

func TestRemovalOfAUserIsUndone(t *testing.T) {
	for _, policy := range []struct {
		name   string
		counts engine.Counts
		row    string
	}{
		{engine.Keep, engine.Counts{Updated: 0, Unchanged: 1}, "1 Ann here"},
		{engine.Unlink, engine.Counts{Linked: 1}, "1 Ann here"},
		{engine.Disabling, engine.Counts{Updated: 1}, "1 Ann here"},
		{engine.Delete, engine.Counts{Created: 1}, "3 Ann here"},
	} {
		for _, cause := range causes {
			t.Run(policy.name+" by "+cause.name, func(t *testing.T) {
				each(t, func(c *company) {
					shop(c)
					push := cause.push
					push.Options = removing(policy.name)
					c.pushAs(push, cause.user...)
					ann := users(`{"uid":"a","nickname":"Ann","status":"here","departments":["o"]}`)
					r := c.pushAs(engine.Push{Source: "hr", Options: removing(policy.name)}, ann)
					want := policy.counts
					want.Total = 1
					c.wantCounts(r, "user", want)
					c.same("Ann", c.list(`SELECT id, nickname, status FROM {users} WHERE nickname = 'Ann'`), policy.row)
					c.wantMembers("Ann in Ops, main", "Bob in Sales, main")
					c.wantClaims("hr: a in Ops", "hr: b in Sales")
					c.wantLinks("hr: a is Ann", "hr: b is Bob", "hr: o is Ops", "hr: s is Sales")
					before := c.dump("runs")
					c.pushAs(engine.Push{Source: "hr", Options: removing(policy.name)}, ann)
					c.unchanged(before, "runs")
				})
			})
		}
	}
}

func TestRemovalOfADepartmentIsUndone(t *testing.T) {
	for _, policy := range []string{engine.Keep, engine.Unlink, engine.Disabling, engine.Delete} {
		for _, cause := range causes {
			t.Run(policy+" by "+cause.name, func(t *testing.T) {
				each(t, func(c *company) {
					shop(c)
					push := cause.push
					push.Options = removing(policy)
					c.pushAs(push, cause.department...)
					ops := departments(`{"uid":"o","title":"Ops","parentUid":"s","status":"open"}`)
					c.pushAs(engine.Push{Source: "hr", Options: removing(policy)}, ops)
					c.wantTree("Sales", "  Ops")
					c.same("status", c.list(`SELECT status FROM {departments} WHERE title = 'Ops'`), "open")
					c.wantMembers("Ann in Ops, main", "Bob in Sales, main")
					c.wantClaims("hr: a in Ops", "hr: b in Sales")
					c.wantLinks("hr: a is Ann", "hr: b is Bob", "hr: o is Ops", "hr: s is Sales")
					before := c.dump("runs")
					c.pushAs(engine.Push{Source: "hr", Options: removing(policy)}, ops)
					c.unchanged(before, "runs")
				})
			})
		}
	}
}

// The field of a row that was disabled is what it was before, whatever its
// type, unless the record speaks of it.
func TestRemovalByDisablingIsUndoneToWhatTheFieldWas(t *testing.T) {
	for _, field := range []struct {
		typ, before string // as SQL
		value       any    // that disables
		disabled    string // as SQL
		again       string // what the record says besides when it stands again
		after       string // what the field is then; empty for what it was before
	}{
		{"varchar(255)", "'open'", "closed", "state = 'closed'", ``, ""},
		{"varchar(255)", "NULL", "closed", "state = 'closed'", ``, ""},
		{"varchar(255)", "'two\nlines'", "closed", "state = 'closed'", ``, ""},
		{"varchar(255)", "''", "closed", "state = 'closed'", ``, ""},
		{"varchar(255)", "'open'", nil, "state IS NULL", ``, ""},
		{"varchar(255)", "'closed'", "closed", "state = 'closed'", ``, ""},
		{"varchar(255)", "'open'", "closed", "state = 'closed'", `,"state":"ajar"`, "ajar"},
		{"varchar(255)", "'open'", "closed", "state = 'closed'", `,"state":null`, "-"},
		{"boolean", "true", false, "NOT state", ``, ""},
		{"boolean", "NULL", true, "state", ``, ""},
		{"integer", "7", json.Number("0"), "state = 0", ``, ""},
		{"numeric(5,2)", "12.50", json.Number("0"), "state = 0", ``, ""},
		{"date", "'2020-01-02'", "2030-01-02", "state = '2030-01-02'", ``, ""},
		{"date", "NULL", "2030-01-02", "state = '2030-01-02'", ``, ""},
		{"timestamp with time zone", "NULL", "2030-01-02T03:04:05Z", "state IS NOT NULL", ``, ""},
		{"timestamp with time zone", "'2020-01-02 03:04:05.678 +00:00'", nil, "state IS NULL", ``, ""},
		{"json", `'{"a": [1]}'`, map[string]any{"left": true}, `CAST(state AS text) = '{"left":true}'`, ``, ""},
	} {
		t.Run(field.typ+" "+field.before+field.again, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "state", field.typ)
				c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
				c.hand(`UPDATE {users} SET state = ` + field.before)
				o := unguarded(engine.Disabling)
				o.Removal.Disable = engine.Disable{Field: "state", Value: field.value}
				push := engine.Push{Source: "hr", Options: o}
				before := c.list(`SELECT CAST(state AS text) FROM {users}`)
				c.pushAs(push, users(`{"uid":"a","isDeleted":true}`))
				c.same("disabled", c.list(`SELECT CASE WHEN `+field.disabled+` THEN 'yes' ELSE CAST(state AS text) END FROM {users}`), "yes")
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann"`+field.again+`}`))
				if field.after != "" {
					before = []string{field.after}
				}
				c.same("enabled", c.list(`SELECT CAST(state AS text) FROM {users}`), before...)
			})
		})
	}
}

// So it is of each of many, and whoever changed the option meanwhile.
func TestRemovalByDisablingIsUndoneRowByRow(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "state", "varchar(255)")
		c.column("users", "left", "boolean")
		c.push("hr", users(`{"uid":"a","state":"one"}`, `{"uid":"b","state":"two"}`, `{"uid":"c"}`, `{"uid":"d","state":"one"}`))
		o := unguarded(engine.Disabling)
		o.Removal.Disable = engine.Disable{Field: "state", Value: "gone"}
		c.pushAs(engine.Push{Source: "hr", Options: o}, users(`{"uid":"a","isDeleted":true}`, `{"uid":"b","isDeleted":true}`, `{"uid":"c","isDeleted":true}`))
		o.Removal.Disable = engine.Disable{Field: "left", Value: true}
		c.pushAs(engine.Push{Source: "hr", Options: o}, users(`{"uid":"d","isDeleted":true}`))
		c.wantUsers(`state, "left"`, "gone -", "gone -", "gone -", "one 1")
		c.push("hr", users(`{"uid":"a"}`, `{"uid":"b"}`, `{"uid":"c"}`, `{"uid":"d"}`))
		c.wantUsers(`state, "left"`, "one -", "two -", "- -", "one -")
	})
}

func TestRemovalByDisablingIsForgottenWithTheField(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "state", "varchar(255)")
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		o := unguarded(engine.Disabling)
		o.Removal.Disable = engine.Disable{Field: "state", Value: "gone"}
		c.pushAs(engine.Push{Source: "hr", Options: o}, users(`{"uid":"a","isDeleted":true}`))
		c.hand(`ALTER TABLE {users} DROP COLUMN state`)
		c.wantFailed(c.push("hr", users(`{"uid":"a","nickname":"Anna"}`)))
		c.wantUsers("nickname", "Anna")
	})
}

// Who is gone and waits for a department goes on waiting when it arrives.
func TestRemovalOutlastsTheArrivalOfADepartment(t *testing.T) {
	for _, policy := range []struct{ name, ann string }{{engine.Keep, "Ann here"}, {engine.Disabling, "Ann left"}} {
		t.Run(policy.name, func(t *testing.T) {
			each(t, func(c *company) {
				shop(c)
				push := engine.Push{Source: "hr", Options: removing(policy.name)}
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann","status":"here","departments":["o","new"]}`), departments(`{"uid":"x","title":"Below","status":"open","parentUid":"new"}`))
				c.pushAs(push, users(`{"uid":"a","isDeleted":true}`), gone("x"))
				r := c.pushAs(push, departments(`{"uid":"new","title":"New"}`))
				c.wantMessage(r, "department: 1 created")
				c.wantUsers("nickname, status", policy.ann, "Bob -")
				c.wantMembers("Ann in Ops, main", "Bob in Sales, main")
				c.wantTree("Sales", "  Ops", "Below", "New")
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann"}`), departments(`{"uid":"x","title":"Below","parentUid":"new"}`))
				c.wantUsers("nickname, status", "Ann here", "Bob -")
				c.wantMembers("Ann in New", "Ann in Ops, main", "Bob in Sales, main")
				c.wantTree("Sales", "  Ops", "New", "  Below")
				c.wantWaiting()
			})
		})
	}
}

// A row that nobody claims any more is free: another record may take it, and
// who stood for it before makes a row of its own.
func TestRemovalLeavesARowThatAnotherRecordTakes(t *testing.T) {
	for _, policy := range []string{engine.Keep, engine.Unlink, engine.Disabling} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				shop(c)
				push := engine.Push{Source: "hr", MatchKey: "username", Options: removing(policy)}
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
				c.pushAs(push, users(`{"uid":"a","isDeleted":true}`))
				c.pushAs(push, users(`{"uid":"a2","nickname":"Anna","username":"ann","status":"here","departments":["s"]}`))
				c.wantUsers("id, nickname, status", "1 Anna here", "2 Bob -")
				c.wantLinks("hr: a2 is Anna", "hr: b is Bob", "hr: o is Ops", "hr: s is Sales")
				c.wantClaims("hr: a2 in Sales", "hr: b in Sales")
				c.wantMembers("Anna in Sales, main", "Bob in Sales, main")
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann","status":"here"}`))
				c.wantUsers("id, nickname, status", "1 Anna here", "2 Bob -", "3 Ann here")
				c.wantLinks("hr: a is Ann", "hr: a2 is Anna", "hr: b is Bob", "hr: o is Ops", "hr: s is Sales")
			})
		})
	}
}

// So it is when the first record is said to be gone once more beside it.
func TestRemovalLeavesARowToARecordOfThePushThatSaysItAgain(t *testing.T) {
	each(t, func(c *company) {
		push := engine.Push{Source: "hr", MatchKey: "username", Options: unguarded(engine.Keep)}
		c.pushAs(push, users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		c.pushAs(push, users(`{"uid":"a","isDeleted":true}`))
		c.pushAs(push, users(`{"uid":"a2","nickname":"Anna","username":"ann"}`, `{"uid":"a","isDeleted":true}`))
		c.wantUsers("id, nickname", "1 Anna")
		c.wantLinks("hr: a2 is Anna")
	})
}

// Who stands again has her row before another record that matches it.
func TestRemovalIsUndoneBeforeAnotherRecordTakesTheRow(t *testing.T) {
	for _, policy := range []struct{ name, failed string }{
		{engine.Keep, "a2 (conflict, username): row 1, which it matches, stands for record a of the same source"},
		{engine.Disabling, "a2 (conflict, username): row 1, which it matches, stands for record a of the same source"},
		{engine.Unlink, "a2 (conflict, username): row 1, which it matches, is matched by an earlier record of the push"},
	} {
		t.Run(policy.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				push := engine.Push{Source: "hr", MatchKey: "username", Options: removing(policy.name)}
				c.pushAs(push, users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
				c.pushAs(push, users(`{"uid":"a","isDeleted":true}`))
				r := c.pushAs(push, users(`{"uid":"a","nickname":"Ann","phone":"1"}`, `{"uid":"a2","nickname":"Anna","username":"ann"}`))
				c.wantFailed(r, policy.failed)
				c.wantUsers("id, nickname, phone, status", "1 Ann 1 -")
				c.wantLinks("hr: a is Ann")
			})
		})
	}
}

// Of a row that another source takes both have it, as ever.
func TestRemovalIsUndoneForARowThatAnotherSourceTook(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		c.pushAs(engine.Push{Source: "hr", Options: unguarded(engine.Unlink)}, users(`{"uid":"a","isDeleted":true}`))
		c.pushBy("username", "it", users(`{"uid":"z","username":"ann"}`))
		c.push("hr", users(`{"uid":"a","nickname":"Anna","username":"ann"}`))
		c.wantUsers("id, nickname", "1 Anna")
		c.wantLinks("hr: a is Anna", "it: z is Anna")
	})
}

// An operator may delete the row that was left, and the record makes another.
func TestRemovalIsUndoneForARowThatWasDeletedSince(t *testing.T) {
	for _, policy := range []string{engine.Keep, engine.Unlink, engine.Disabling} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				ann := users(`{"uid":"a","nickname":"Ann","status":"here"}`)
				push := engine.Push{Source: "hr", Options: removing(policy)}
				c.pushAs(push, ann)
				c.pushAs(push, users(`{"uid":"a","isDeleted":true}`))
				c.hand(`DELETE FROM {rolesUsers}`)
				c.hand(`DELETE FROM {users}`)
				c.pushAs(push, ann)
				c.wantUsers("id, nickname, status", "2 Ann here")
				c.wantLinks("hr: a is Ann")
			})
		})
	}
}

// Of a tombstone and a record of one uid in one push the last counts.
func TestRemovalAndTheRecordInOnePush(t *testing.T) {
	for _, push := range []struct {
		name    string
		records []string
		want    string
	}{
		{"the record last", []string{`{"uid":"a","isDeleted":true}`, `{"uid":"a","nickname":"Anna"}`}, "1 Anna"},
		{"the tombstone last", []string{`{"uid":"a","nickname":"Anna"}`, `{"uid":"a","isDeleted":true}`}, ""},
		{"one between two", []string{`{"uid":"a","isDeleted":true}`, `{"uid":"a","nickname":"Anna"}`, `{"uid":"a","isDeleted":true}`}, ""},
	} {
		t.Run(push.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
				r := c.push("hr", users(push.records...))
				c.wantFailed(r)
				if push.want == "" {
					c.wantUsers("id, nickname")
				} else {
					c.wantUsers("id, nickname", push.want)
				}
				if n := r.Task.Counts["user"]; n.Skipped != len(push.records)-1 {
					c.Errorf("counts %s, want all but the last to be skipped", n)
				}
			})
		})
	}
}

// A leaver and a new hire with her address, in one push and in either order.
func TestRemovalGivesAnAddressAway(t *testing.T) {
	const leaver, hire = `{"uid":"a","isDeleted":true}`, `{"uid":"b","nickname":"Bob","email":"desk@example.com"}`
	const kept = "b (conflict, email): email is held by row 1 of users, which keeps it"
	const both = "hr: a is Ann"
	for _, removal := range []struct {
		policy, matchKey string
		users            []string
		links            []string
		failed           []string
	}{
		{engine.Delete, "", []string{"2 Bob desk@example.com -"}, []string{"hr: b is Bob"}, nil},
		{engine.Unlink, "", []string{"1 Ann desk@example.com here"}, nil, []string{kept}},
		{engine.Disabling, "", []string{"1 Ann desk@example.com left"}, []string{both}, []string{kept}},
		{engine.Keep, "", []string{"1 Ann desk@example.com here"}, []string{both}, []string{kept}},
		{engine.Delete, "email", []string{"2 Bob desk@example.com -"}, []string{"hr: b is Bob"}, nil},
		{engine.Unlink, "email", []string{"1 Bob desk@example.com here"}, []string{"hr: b is Bob"}, nil},
		{engine.Disabling, "email", []string{"1 Bob desk@example.com here"}, []string{"hr: b is Bob"}, nil},
		{engine.Keep, "email", []string{"1 Bob desk@example.com here"}, []string{"hr: b is Bob"}, nil},
	} {
		for order, records := range map[string][]string{"leaver first": {leaver, hire}, "hire first": {hire, leaver}} {
			t.Run(removal.policy+" by "+removal.matchKey+" "+order, func(t *testing.T) {
				each(t, func(c *company) {
					c.column("users", "status", "varchar(255)")
					c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"desk@example.com","status":"here"}`))
					r := c.pushAs(engine.Push{Source: "hr", MatchKey: removal.matchKey, Options: removing(removal.policy)}, users(records...))
					c.wantFailed(r, removal.failed...)
					c.wantUsers("id, nickname, email, status", removal.users...)
					c.wantLinks(removal.links...)
				})
			})
		}
	}
}

// The same of somebody whom a whole reading does not have any more.
func TestRemovalByAbsenceGivesAnAddressAway(t *testing.T) {
	for matchKey, want := range map[string]string{"": "2 Bob desk@example.com", "email": "2 Bob desk@example.com"} {
		t.Run("by "+matchKey, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"desk@example.com"}`))
				r := c.pushAs(engine.Push{Source: "hr", MatchKey: matchKey, Snapshot: whole(), Options: unguarded(engine.Delete)},
					users(`{"uid":"b","nickname":"Bob","email":"desk@example.com"}`))
				c.wantFailed(r)
				c.wantUsers("id, nickname, email", want)
			})
		})
	}
}

// A new uid for the same person takes over what she has: memberships that both
// name stay, what only the old one claimed goes.
func TestRemovalOfAnOldUIDLeavesThePersonHerMemberships(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"ann@example.com","departments":[{"uid":"s","isOwner":true},{"uid":"o","isMain":true}]}`))
		c.join("Ann", "Legal")
		r := c.pushAs(engine.Push{Source: "hr", MatchKey: "email", Options: unguarded(engine.Keep)},
			users(`{"uid":"a","isDeleted":true}`, `{"uid":"a2","nickname":"Ann","email":"ann@example.com","departments":[{"uid":"s","isOwner":true}]}`))
		c.wantFailed(r)
		c.wantUsers("id, nickname", "1 Ann")
		c.wantMembers("Ann in Legal", "Ann in Sales, owner, main")
		c.wantClaims("hr: a2 in Sales")
		c.wantLinks("hr: a2 is Ann", "hr: l is Legal", "hr: o is Ops", "hr: s is Sales")
		c.pushAs(engine.Push{Source: "hr"}, users(`{"uid":"a2","nickname":"Ann","email":"ann@example.com","departments":[]}`))
		c.wantMembers("Ann in Legal, main")
	})
}

// An address goes round: a leaver's to somebody who gives hers to another.
func TestRemovalIsPartOfAChainOfValues(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"e1"}`, `{"uid":"b","nickname":"Bob","email":"e2"}`, `{"uid":"c","nickname":"Cid","email":"e3"}`))
		r := c.push("hr", users(`{"uid":"d","nickname":"Dan","email":"e3"}`, `{"uid":"c","email":"e2"}`, `{"uid":"b","email":"e1"}`, `{"uid":"a","isDeleted":true}`))
		c.wantFailed(r)
		c.wantUsers("nickname, email", "Bob e1", "Cid e2", "Dan e3")
	})
}

func TestRemovalOfWhoIsSparedGivesNothingAway(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"e1"}`))
		r := c.pushAs(engine.Push{Source: "hr", Actor: 1}, users(`{"uid":"a","isDeleted":true}`, `{"uid":"b","nickname":"Bob","email":"e1"}`))
		c.wantFailed(r, "b (conflict, email): email is held by row 1 of users, which keeps it")
		c.wantUsers("nickname, email", "Ann e1")
	})
}
