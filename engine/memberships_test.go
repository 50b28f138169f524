package engine_test

import "testing"

// offices is a body of three departments.
func offices(c *company, source string) {
	c.Helper()
	c.push(source, departments(`{"uid":"s","title":"Sales"}`, `{"uid":"o","title":"Ops"}`, `{"uid":"l","title":"Legal"}`))
}

func TestMembershipsAreClaimed(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s",{"uid":"o","isOwner":true,"isMain":true}]}`, `{"uid":"b","nickname":"Bob","departments":["l"]}`))
		c.wantMembers("Ann in Ops, owner, main", "Ann in Sales", "Bob in Legal, main")
		c.wantClaims("hr: a in Ops", "hr: a in Sales", "hr: b in Legal")
		c.wantMessage(r, "membership: 3 created; user: 2 created")
	})
}

func TestAMembershipGoesWithItsClaim(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s","o"]}`))
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["o","l"]}`))
		c.wantMembers("Ann in Legal", "Ann in Ops, main")
		c.wantClaims("hr: a in Legal", "hr: a in Ops")
		c.wantMessage(r, "membership: 1 created, 1 deleted; user: 1 updated")
	})
}

func TestARecordWithoutDepartmentsLeavesMembershipsAlone(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s","o"]}`))
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`))
		c.wantMembers("Anna in Ops", "Anna in Sales, main")
		for _, none := range []string{`[]`, `null`} {
			c.push("hr", users(`{"uid":"a","nickname":"Anna","departments":["s","o"]}`))
			c.push("hr", users(`{"uid":"a","nickname":"Anna","departments":`+none+`}`))
			c.wantMembers()
			c.wantClaims()
		}
	})
}

func TestHandMadeMembershipsStay(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s"]}`))
		c.join("Ann", "Ops")
		c.join("Ann", "Legal")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s","o"]}`))
		c.wantClaims("hr: a in Ops", "hr: a in Sales")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":[]}`))
		c.wantMembers("Ann in Legal", "Ann in Ops, main")
		c.wantClaims()
	})
}

func TestAHandMadeMembershipThatWasRemovedAndCameBackIsTheSources(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.join("Ann", "Ops")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["o"]}`))
		c.leave("Ann", "Ops")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["o"]}`))
		c.wantMembers("Ann in Ops, main")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":[]}`))
		c.wantMembers()
	})
}

func TestOfTwoSourcesTheLastClaimEndsAMembership(t *testing.T) {
	each(t, func(c *company) {
		for _, source := range []string{"hr", "it"} {
			c.pushBy("username", source, departments(`{"uid":"s","title":"`+source+`"}`), users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		}
		// Both name one department: somebody has it's record stand for hr's row.
		c.hand(`UPDATE {userDataSyncRecordsResources} SET [resourcePk] = (SELECT CAST(id AS text) FROM {departments} WHERE title = 'hr')
			WHERE [recordId] = (SELECT id FROM {userDataSyncRecords} WHERE [sourceName] = 'it' AND [dataType] = 'department')`)
		c.push("hr", users(`{"uid":"a","departments":["s"]}`))
		c.push("it", users(`{"uid":"a","departments":["s"]}`))
		c.wantClaims("hr: a in hr", "it: a in hr")
		c.push("hr", users(`{"uid":"a","departments":[]}`))
		c.wantMembers("Ann in hr, main")
		c.wantClaims("it: a in hr")
		c.push("it", users(`{"uid":"a","departments":[]}`))
		c.wantMembers()
	})
}

func TestASecondSourceLeavesTheFirstOnesMembershipsAlone(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann","departments":["s","o"]}`))
		c.pushBy("username", "it", departments(`{"uid":"x","title":"Computers"}`), users(`{"uid":"z","username":"ann","departments":["x"]}`))
		c.wantMembers("Ann in Computers", "Ann in Ops", "Ann in Sales, main")
		c.push("it", users(`{"uid":"z","username":"ann","departments":[]}`))
		c.wantMembers("Ann in Ops", "Ann in Sales, main")
	})
}

func TestMainAndOwnerSetByHandStayWhileTheStatementDoes(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		said := `"departments":[{"uid":"s","isMain":true,"isOwner":true},"o"]`
		c.push("hr", users(`{"uid":"a","nickname":"Ann",`+said+`}`))
		c.edit("users", `[mainDepartmentId] = (SELECT id FROM {departments} WHERE title = 'Ops')`, "nickname = 'Ann'")
		c.hand(`UPDATE {departmentsUsers} SET [isOwner] = (NOT [isOwner])`)
		c.push("hr", users(`{"uid":"a","nickname":"Ann",`+said+`}`))
		c.push("hr", users(`{"uid":"a","nickname":"Anna",`+said+`}`))
		c.wantMembers("Anna in Ops, owner, main", "Anna in Sales")
		c.push("hr", users(`{"uid":"a","departments":["o",{"uid":"s","isMain":true,"isOwner":true}]}`))
		c.wantMembers("Anna in Ops", "Anna in Sales, owner, main")
	})
}

func TestTheMainDepartment(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		for _, step := range []struct {
			departments string
			want        []string
		}{
			{`["o","s"]`, []string{"Ann in Ops, main", "Ann in Sales"}},                                             // the first
			{`["s","o"]`, []string{"Ann in Ops, main", "Ann in Sales"}},                                             // the present one
			{`["s",{"uid":"l","isMain":true}]`, []string{"Ann in Legal, main", "Ann in Sales"}},                     // the one marked
			{`[{"uid":"s","isMain":false},"o"]`, []string{"Ann in Ops", "Ann in Sales, main"}},                      // it left: the first
			{`[{"uid":"o","isMain":true},{"uid":"l","isMain":true}]`, []string{"Ann in Legal", "Ann in Ops, main"}}, // of two marked the first
			{`[]`, nil},
		} {
			c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":`+step.departments+`}`))
			c.wantMembers(step.want...)
		}
	})
}

func TestADepartmentNamedTwiceCountsAsNamedLast(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s",{"uid":"s","isOwner":true},"o"]}`))
		c.wantMembers("Ann in Ops", "Ann in Sales, owner, main")
		c.wantClaims("hr: a in Ops", "hr: a in Sales")
	})
}

func TestADepartmentThatIsNotKnownIsAwaited(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s",{"uid":"new","isOwner":true,"isMain":true}]}`, `{"uid":"b","nickname":"Bob","departments":["new"]}`))
		c.wantMessage(r, "membership: 1 created, 2 pending; user: 2 created")
		c.wantMembers("Ann in Sales, main")
		c.wantWaiting("hr: a awaits new", "hr: b awaits new")
		c.push("it", departments(`{"uid":"new","title":"Somebody else's"}`))
		c.wantWaiting("hr: a awaits new", "hr: b awaits new")
		r = c.push("hr", departments(`{"uid":"new","title":"New"}`))
		c.wantMembers("Ann in New, owner, main", "Ann in Sales", "Bob in New, main")
		c.wantClaims("hr: a in New", "hr: a in Sales", "hr: b in New")
		c.wantUsers("nickname", "Ann", "Bob")
		c.wantWaiting()
		c.wantMessage(r, "department: 1 created; membership: 2 created; user: nothing to do")
		before := c.dump("runs")
		c.push("hr", departments(`{"uid":"new","title":"New"}`), users(`{"uid":"a","nickname":"Ann","departments":["s",{"uid":"new","isOwner":true,"isMain":true}]}`, `{"uid":"b","nickname":"Bob","departments":["new"]}`))
		c.unchanged(before, "runs")
	})
}

func TestWhoNoLongerNamesADepartmentNoLongerAwaitsIt(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["new","newer"]}`))
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`))
		c.wantWaiting("hr: a awaits new", "hr: a awaits newer")
		c.push("hr", users(`{"uid":"a","departments":["newer"]}`))
		c.wantWaiting("hr: a awaits newer")
		c.push("hr", departments(`{"uid":"new","title":"New"}`, `{"uid":"newer","title":"Newer"}`))
		c.wantMembers("Anna in Newer, main")
	})
}

func TestAMembershipComesWithItsDepartmentInAPushThatSaysTheSameOfTheUser(t *testing.T) {
	each(t, func(c *company) {
		person := users(`{"uid":"a","nickname":"Ann","departments":["s",{"uid":"new","isMain":true}]}`)
		offices(c, "hr")
		c.push("hr", person)
		c.push("hr", departments(`{"uid":"new","title":"New"}`), person)
		c.wantMembers("Ann in New, main", "Ann in Sales")
		c.wantWaiting()
	})
}

func TestAnEntryThatNamesNoDepartmentFailsItsRecord(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","departments":"s"}`, `{"uid":"b","departments":[[]]}`, `{"uid":"c","departments":[{"isOwner":true}]}`,
			`{"uid":"d","departments":[{"uid":"s","isOwner":1}]}`, `{"uid":"e","departments":[""]}`))
		c.wantFailed(r,
			"a (data, departments): departments must be a list",
			"b (data, departments): each of departments must be a uid or an object with a uid",
			"c (data, departments): each of departments must be a uid or an object with a uid",
			"d (data, departments): isOwner of a department must be true or false",
			"e (data, departments): each of departments must be a uid or an object with a uid")
	})
}

func TestADepartmentThatTheDatabaseRefusesIsAwaited(t *testing.T) {
	each(t, func(c *company) {
		c.column("departments", "code", "varchar(255) CHECK (code <> 'bad')")
		person := users(`{"uid":"a","nickname":"Ann","departments":["1","2"]}`)
		r := c.push("hr", departments(`{"uid":"1","title":"Refused","code":"bad"}`, `{"uid":"2","title":"Sales"}`), person)
		if failed := failures(r); len(failed) != 1 {
			c.Errorf("failed records %q, want the department", failed)
		}
		c.wantTree("Sales")
		c.wantMembers("Ann in Sales, main")
		c.wantWaiting("hr: a awaits 1")
		c.push("hr", departments(`{"uid":"1","title":"Accepted","code":"good"}`))
		c.wantMembers("Ann in Accepted", "Ann in Sales, main")
		c.wantWaiting()
	})
}
