package engine_test

import (
	"slices"
	"testing"
)

// staff is a push that touches every table.
func staff(c *company) {
	c.Helper()
	c.push("hr",
		departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"3","title":"Lost","parentUid":"9"}`),
		users(`{"uid":"a","nickname":"Ann","username":"ann","email":"ann@example.com","departments":[{"uid":"2","isOwner":true,"isMain":true},"1"]}`,
			`{"uid":"b","nickname":"Bob","departments":["9",{"uid":"3"}],"note":1.50}`, `{"uid":"c"}`))
}

func TestUnchangedWritesNothingButTheRun(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		before := c.dump("runs")
		staff(c)
		c.unchanged(before, "runs")
		// The order of members and of records, and blanks, are not what a record says.
		r := c.push("hr", users(`{"uid":"c"}`, ` { "note" : 1.50, "departments":["9",{"uid":"3"}],"nickname":"B\u006fb", "uid":"b" } `))
		c.unchanged(before, "runs")
		c.wantMessage(r, "user: 2 unchanged")
		c.same("states", c.list(`SELECT state, finished_at IS NULL FROM {runs} ORDER BY id`), "success 0", "success 0", "success 0")
	})
}

func TestARefusedRecordWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		before := c.dump("runs", "plan_users", "plan_departments", "conflicts")
		c.push("hr", users(`{"uid":"a","nickname":7e7,"email":["x"]}`, `{"uid":"new","username":"ann","departments":["2"]}`),
			departments(`{"uid":"1","parentUid":"2","title":"Round"}`))
		c.unchanged(before, "runs", "plan_users", "plan_departments", "conflicts")
	})
}

func TestARowEditedByHandIsRepaired(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		c.edit("users", "nickname = 'Annabel', phone = '123'", "nickname = 'Ann'")
		c.edit("departments", "title = 'Selling'", "title = 'Sales'")
		c.hand(`UPDATE {users} SET email = NULL, [updatedAt] = NULL WHERE nickname = 'Bob'`)
		staff(c)
		c.wantUsers("nickname, phone", "Ann 123", "Bob -", "- -")
		c.wantTree("Company", "  Sales", "Lost")
		before := c.dump("runs")
		staff(c)
		c.unchanged(before, "runs")
	})
}

func TestADepartmentMovedByHandComesBack(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		c.move("Sales", "Lost")
		staff(c)
		c.wantTree("Company", "  Sales", "Lost")
	})
}

func TestAMembershipRemovedByHandComesBack(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		before := c.members()
		c.hand(`DELETE FROM {departmentsUsers}`)
		staff(c)
		c.same("memberships", c.members(), before...)
		c.wantClaims("hr: a in Company", "hr: a in Sales", "hr: b in Lost")
	})
}

func TestAUserDeletedByHandIsCreatedAgain(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		before := c.members()
		for _, table := range []string{"departmentsUsers", "rolesUsers", "users"} { // as NocoBase does; the link stays dangling
			c.hand(`DELETE FROM {` + table + `}`)
		}
		staff(c)
		c.wantUsers("id, nickname", "4 Ann", "5 Bob", "6 -")
		c.same("memberships", c.members(), before...)
		c.same("roles", c.list(`SELECT [userId], [roleName] FROM {rolesUsers} ORDER BY 1`), "4 member", "5 member", "6 member")
		c.wantLinks("hr: 1 is Company", "hr: 2 is Sales", "hr: 3 is Lost", "hr: a is Ann", "hr: b is Bob", "hr: c is ?")
		c.wantClaims("hr: a in Company", "hr: a in Sales", "hr: b in Lost")
		c.same("records", c.list(`SELECT count(*) FROM {userDataSyncRecords}`), "6")
	})
}

func TestADepartmentDeletedByHandIsCreatedAgain(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		before := c.members()
		c.hand(`DELETE FROM {departmentsUsers} WHERE [departmentId] IN (SELECT id FROM {departments} WHERE title IN ('Company', 'Sales'))`)
		c.hand(`DELETE FROM {main_departments_path} WHERE [nodePk] IN (SELECT id FROM {departments} WHERE title IN ('Company', 'Sales'))`)
		c.hand(`DELETE FROM {departments} WHERE title IN ('Company', 'Sales')`)
		staff(c)
		c.wantTree("Lost", "Company", "  Sales")
		c.same("memberships", c.members(), before...)
		c.same("links that dangle", c.list(`SELECT r.[sourceUk], l.resource FROM {userDataSyncRecordsResources} l JOIN {userDataSyncRecords} r ON r.id = l.[recordId]
			WHERE l.resource = 'departments' AND l.[resourcePk] NOT IN (SELECT CAST(id AS text) FROM {departments})`))
		again := c.dump("runs")
		staff(c)
		c.unchanged(again, "runs")
	})
}

func TestOnlyWhatChangedIsWritten(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		before := c.dump("runs")
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann","email":"ann@example.org","departments":[{"uid":"2","isOwner":true,"isMain":true},"1"]}`, `{"uid":"b","nickname":"Bob","departments":["9",{"uid":"3"}],"note":1.50}`))
		c.wantMessage(r, "user: 1 updated, 1 unchanged")
		after := c.dump("runs")
		for table := range after {
			changed := 0
			for _, row := range after[table] {
				if !slices.Contains(before[table], row) {
					changed++
				}
			}
			if changed > 1 {
				c.Errorf("%d rows of %s changed, want at most that of one user", changed, table)
			}
		}
		items, err := c.engine.Items(c.Context(), itemsOf(r))
		if err != nil || len(items) != 1 || len(items[0].Fields) != 1 || items[0].Fields[0] != "email" {
			c.Errorf("items %+v, %v; want one that changes email", items, err)
		}
	})
}

func TestWordedOtherwiseIsRememberedAndChangesNoRow(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		rows := c.list(`SELECT * FROM {users}`)
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","note":"new"}`))
		c.wantMessage(r, "user: 1 unchanged")
		c.same("users", c.list(`SELECT * FROM {users}`), rows...)
		c.same("metaData", c.list(`SELECT CAST([metaData] AS text) FROM {userDataSyncRecords}`), `{"nickname":"Ann","note":"new","uid":"a"}`)
		before := c.dump("runs")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","note":"new"}`))
		c.unchanged(before, "runs")
	})
}
