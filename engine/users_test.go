package engine_test

import (
	"testing"
)

func TestANewUserIsAsNocoBaseMakesOne(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann","email":"ann@example.com","phone":"+1 23"}`, `{"uid":"b"}`))
		c.wantUsers(`nickname, username, email, phone, password, [systemSettings], [appLang], [resetToken], [mainDepartmentId], [createdById]`,
			"Ann ann ann@example.com +1 23 - {} - - - -",
			"- - - - - {} - - - -")
		c.same("roles", c.list(`SELECT [userId], [roleName], "default" FROM {rolesUsers} ORDER BY [userId]`), "1 member -", "2 member -")
		c.same("users without sort or times", c.list(`SELECT id FROM {users} WHERE sort IS NULL OR [createdAt] IS NULL OR [updatedAt] IS NULL`))
		c.wantLinks("hr: a is Ann", "hr: b is ?")
	})
}

func TestNewUsersGetTheRoleThatIsDefaultNow(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.hand(`UPDATE {roles} SET "default" = (name = 'admin')`)
		c.push("hr", users(`{"uid":"b","nickname":"Bob"}`))
		c.hand(`UPDATE {roles} SET "default" = false`)
		c.push("hr", users(`{"uid":"c","nickname":"Cid"}`))
		roles := c.list(`SELECT u.nickname, r.[roleName] FROM {users} u LEFT JOIN {rolesUsers} r ON r.[userId] = u.id ORDER BY u.id`)
		c.same("roles", roles, "Ann member", "Bob admin", "Cid -")
	})
}

func TestRolesOfAUserWhoIsThereAreLeftAlone(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.hand(`UPDATE {rolesUsers} SET [roleName] = 'admin'`)
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`))
		c.same("roles", c.list(`SELECT [roleName] FROM {rolesUsers}`), "admin")
	})
}

func TestAbsentLeavesAloneAndNullClears(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann","email":"ann@example.com","phone":"1"}`))
		c.push("hr", users(`{"uid":"a","email":null,"phone":"2"}`))
		c.wantUsers("nickname, username, email, phone", "Ann ann - 2")
		c.push("hr", departments(`{"uid":"1","title":"Sales"}`))
		c.push("hr", departments(`{"uid":"1","title":null}`))
		c.wantTree("-")
	})
}

func TestEmptyTextInAUniqueColumnIsNull(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(`{"uid":"a","nickname":"","email":"","phone":""}`, `{"uid":"b","email":"","phone":""}`))
		c.wantFailed(r)
		c.wantUsers("CASE WHEN nickname = '' THEN 'empty' END, email, phone", "empty - -", "- - -")
	})
}

func TestOnlyStatedColumnsOfALinkedRowAreWritten(t *testing.T) {
	for _, match := range []struct{ key, record string }{
		{"username", `{"uid":"a","username":"ann","nickname":"Ann of HR"}`},
		{"email", `{"uid":"a","email":"ann@example.com","nickname":"Ann of HR"}`},
		{"phone", `{"uid":"a","phone":"1","nickname":"Ann of HR"}`},
	} {
		t.Run(match.key, func(t *testing.T) {
			each(t, func(c *company) {
				c.make("users", "nickname, username, email, phone", "'Ann', 'ann', 'ann@example.com', '1'")
				r := c.pushBy(match.key, "hr", users(match.record))
				c.wantMessage(r, "user: 1 linked")
				c.wantUsers("id, nickname, username, email, phone", "1 Ann of HR ann ann@example.com 1")
				c.same("roles given", c.list(`SELECT * FROM {rolesUsers}`))
				c.wantLinks("hr: a is Ann of HR")
				c.wantMessage(c.push("hr", users(`{"uid":"a","nickname":"Anna"}`)), "user: 1 updated")
			})
		})
	}
}

func TestARecordWithoutTheMatchKeyMatchesNobody(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname", "'No mail'")
		c.pushBy("email", "hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob","email":null}`, `{"uid":"c","nickname":"Cid","email":""}`))
		c.wantUsers("id, nickname", "1 No mail", "2 Ann", "3 Bob", "4 Cid")
	})
}

func TestWithoutAMatchKeyNobodyIsMatched(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username", "'Ann', 'ann'")
		r := c.push("hr", users(`{"uid":"a","username":"ann"}`))
		c.wantFailed(r, "a (conflict, username): username is held by row 1 of users, which keeps it")
		c.wantUsers("nickname", "Ann")
	})
}

func TestARowOfAnotherSourceIsShared(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"ann@example.com"}`))
		c.pushBy("email", "wecom", users(`{"uid":"w","phone":"1","email":"ann@example.com"}`))
		c.wantUsers("nickname, email, phone", "Ann ann@example.com 1")
		c.wantLinks("hr: a is Ann", "wecom: w is Ann")
	})
}

func TestTwoRecordsNeverStandForOneRow(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, email", "'Ann', 'ann@example.com'")
		r := c.pushBy("email", "hr", users(`{"uid":"a","email":"ann@example.com"}`, `{"uid":"b","email":"ann@example.com"}`))
		c.wantFailed(r, "b (conflict, email): email is also stated by record a of the same push, which counts")
		r = c.pushBy("email", "hr", users(`{"uid":"c","email":"ann@example.com"}`))
		c.wantFailed(r, "c (conflict, email): row 1, which it matches, stands for record a of the same source")
		c.wantLinks("hr: a is Ann")
	})
}

func TestALinkDecidesBeforeTheMatchKey(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		c.make("users", "nickname, username", "'Other', 'other'")
		r := c.pushBy("username", "hr", users(`{"uid":"a","username":"other"}`))
		c.wantFailed(r, "a (conflict, username): username is held by row 2 of users, which keeps it")
		c.wantUsers("id, nickname, username", "1 Ann ann", "2 Other other")
	})
}

func TestTheSameUIDIsSomebodyElseInAnotherSource(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"1","nickname":"Ann"}`), departments(`{"uid":"1","title":"Sales"}`))
		c.push("it", users(`{"uid":"1","nickname":"Bob"}`))
		c.push("", users(`{"uid":"1","nickname":"Cid"}`))
		c.wantLinks("api: 1 is Cid", "hr: 1 is Ann", "hr: 1 is Sales", "it: 1 is Bob")
	})
}

func TestAUserMadeAgainByHandIsLinkedAgain(t *testing.T) {
	each(t, func(c *company) {
		person := users(`{"uid":"a","nickname":"Ann","username":"ann"}`)
		c.pushBy("username", "hr", person)
		c.hand(`DELETE FROM {rolesUsers}`)
		c.hand(`DELETE FROM {users}`)
		c.make("users", "nickname, username", "'Annie', 'ann'")
		c.wantMessage(c.pushBy("username", "hr", person), "user: 1 linked")
		c.wantUsers("nickname, username", "Ann ann")
		c.wantLinks("hr: a is Ann")
	})
}

func TestNewUsersHaveTheOrderOfTheirRecords(t *testing.T) {
	each(t, func(c *company) {
		var people, want []string
		for i := range 3000 {
			people = append(people, `{"uid":"`+itoa(i*7919%3000)+`","nickname":"`+itoa(i)+`"}`)
			want = append(want, itoa(i))
		}
		c.push("hr", users(people...))
		c.same("by sort", c.list(`SELECT nickname FROM {users} ORDER BY sort`), want...)
	})
}
