package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// standing lists departments with their parents, and users with their departments.
const (
	standingDepartments = `SELECT d.title, p.title FROM {departments} d LEFT JOIN {departments} p ON p.id = d.[parentId] ORDER BY d.title`
	standingUsers       = `SELECT u.nickname, d.title FROM {users} u LEFT JOIN {departmentsUsers} m ON m.[userId] = u.id
		LEFT JOIN {departments} d ON d.id = m.[departmentId] ORDER BY u.nickname, d.title`
)

// options are the defaults, without guards, as set changes them.
func options(set func(*engine.Options)) *engine.Options {
	o := engine.DefaultOptions()
	o.Guards = engine.Guards{}
	set(&o)
	return &o
}

func TestPlanOfAPartOfASnapshot(t *testing.T) {
	each(t, func(c *company) {
		for _, id := range []string{"one", "another"} { // the second gives up the first
			_, err := c.engine.Plan(c.Context(), engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"u1"}`)}), Snapshot: &engine.Snapshot{ID: id}}, nil)
			if err != nil {
				c.Errorf("Plan() of a part of snapshot %s = %v", id, err)
			}
		}
	})
}

func TestPlanOfASnapshotThatGivesUpAnother(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"u1"}`, `{"uid":"u2"}`))
		c.pushAs(engine.Push{Source: "hr", Snapshot: &engine.Snapshot{ID: "given up"}}, users(`{"uid":"u2"}`))
		p := engine.Push{Source: "hr", Snapshot: whole(), Options: unguarded("delete"), Bodies: bodies([]engine.Body{users(`{"uid":"u1"}`)})}
		plan, err := c.engine.Plan(c.Context(), p, nil)
		if err != nil {
			c.Fatalf("Plan() = %v", err)
		}
		if n := plan.Task.Counts["user"].Deleted; n != 1 {
			c.Errorf("the plan deletes %d users, want 1: what the other snapshot had does not count", n)
		}
	})
}

func TestRecordThatIsGoneWaitsForNothing(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) {
			o.Removal.User, o.Removal.Disable = "disable", engine.Disable{Field: "phone", Value: "0"}
		})
		push := func(list ...engine.Body) { c.Helper(); c.pushAs(engine.Push{Source: "hr", Options: o}, list...) }
		push(users(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`))
		push(users(`{"uid":"u1","isDeleted":true}`))
		push(departments(`{"uid":"d1","title":"Sales"}`))
		c.wantUsers("nickname, phone", "Ann 0")
		c.same("memberships", c.list(standingUsers), "Ann -")
		push(users(`{"uid":"u1","nickname":"Ann"}`))
		c.wantUsers("nickname, phone", "Ann -")
		c.same("memberships", c.list(standingUsers), "Ann Sales")
	})
}

func TestDepartmentThatIsLetGoOfIsNobodysToNameInTheSamePush(t *testing.T) {
	each(t, func(c *company) {
		push := func() *engine.Report {
			return c.pushAs(engine.Push{Source: "hr", Options: unguarded("unlink")},
				departments(`{"uid":"d1","isDeleted":true}`, `{"uid":"d2","title":"East","parentUid":"d1"}`), users(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`))
		}
		c.push("hr", departments(`{"uid":"d1","title":"Sales"}`))
		push()
		c.same("departments", c.list(standingDepartments), "East -", "Sales -")
		c.same("memberships", c.list(standingUsers), "Ann -")
		c.wantMessage(push(), "department: 2 unchanged; user: 1 unchanged")
	})
}

func TestRowOfARecordThatWasGoneIsTakenOver(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) {
			o.Removal.User, o.Removal.Disable = "disable", engine.Disable{Field: "nickname", Value: "left"}
		})
		push := func(list ...string) {
			c.Helper()
			c.pushAs(engine.Push{Source: "hr", MatchKey: "email", Options: o}, users(list...))
		}
		push(`{"uid":"old","nickname":"Ann","email":"a@x"}`)
		push(`{"uid":"old","isDeleted":true}`)
		c.wantUsers("nickname, email", "left a@x")
		push(`{"uid":"new","email":"a@x"}`)
		c.wantUsers("nickname, email", "Ann a@x")
		c.same("links", c.list(`SELECT s.[sourceUk], l.resource FROM {userDataSyncRecordsResources} l JOIN {userDataSyncRecords} s ON s.id = l.[recordId]`), "new users")
		checkInvariants(c, c.db)
	})
}

func TestRemovalStandsWhereWhoWouldTakeTheRowIsRefused(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) {
			o.Removal.User, o.Removal.Disable = "disable", engine.Disable{Field: "nickname", Value: "left"}
		})
		c.push("hr", users(`{"uid":"old","nickname":"Ann","email":"a@x"}`, `{"uid":"u2","nickname":"Bob","phone":"1"}`))
		c.pushAs(engine.Push{Source: "hr", MatchKey: "email", Options: o}, users(`{"uid":"old","isDeleted":true}`, `{"uid":"new","email":"a@x","phone":"1"}`))
		c.wantUsers("nickname, email, phone", "left a@x -", "Bob - 1")
	})
}

func TestUserMadeAgainHasNoClaimsOfBefore(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) { o.Drift = "keep" })
		push := func(user string) { c.Helper(); c.pushAs(engine.Push{Source: "hr", Options: o}, users(user)) }
		c.push("hr", departments(`{"uid":"d1","title":"Sales"}`))
		push(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`)
		c.hand(`DELETE FROM {departmentsUsers}`)
		c.hand(`DELETE FROM {rolesUsers}`)
		c.hand(`DELETE FROM {users}`)
		push(`{"uid":"u1","nickname":"Ann"}`)
		c.same("memberships", c.list(standingUsers), "Ann -")
		checkInvariants(c, c.db)
		push(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`)
		c.same("memberships", c.list(standingUsers), "Ann Sales")
	})
}

func TestHandMadeMembershipOfAMatchIsNotEndedByAnOldClaim(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"d1","title":"Sales"}`), users(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`))
		c.hand(`DELETE FROM {departmentsUsers}`)
		c.hand(`DELETE FROM {rolesUsers}`)
		c.hand(`DELETE FROM {users}`)
		c.make("users", `nickname, email`, `'Anna', 'a@x'`)
		c.join("Anna", "Sales")
		c.pushBy("email", "hr", users(`{"uid":"u1","email":"a@x","departments":[]}`))
		c.same("memberships", c.list(standingUsers), "Anna Sales")
	})
}

func TestDriftKeptLetsAParentThatArrivesAttach(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) { o.Drift = "keep" })
		child := `{"uid":"d2","title":"East","parentUid":"d1"}`
		c.pushAs(engine.Push{Source: "hr", Options: o}, departments(child))
		c.pushAs(engine.Push{Source: "hr", Options: o}, departments(child, `{"uid":"d1","title":"Sales"}`))
		c.same("departments", c.list(standingDepartments), "East Sales", "Sales -")
	})
}

func TestDriftKeptKeepsHandMadeMemberships(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) { o.Drift, o.Memberships = "keep", "all" })
		push := func(user string) { c.Helper(); c.pushAs(engine.Push{Source: "hr", Options: o}, users(user)) }
		c.push("hr", departments(`{"uid":"d1","title":"Sales"}`, `{"uid":"d2","title":"East"}`))
		push(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`)
		c.join("Ann", "East")
		push(`{"uid":"u1","nickname":"Ann","departments":["d1"]}`)
		c.same("memberships, the record as it was", c.list(standingUsers), "Ann East", "Ann Sales")
		push(`{"uid":"u1","nickname":"Ann","departments":[]}`)
		c.same("memberships, the record changed", c.list(standingUsers), "Ann -")
	})
}

func TestRecordThatStandsAgainComesBackToItsRow(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) { o.Conflict = "skip" })
		push := func(user string) { c.Helper(); c.pushAs(engine.Push{Source: "hr", Options: o}, users(user)) }
		push(`{"uid":"u1","nickname":"Ann","email":"a@x"}`)
		c.pushBy("email", "crm", users(`{"uid":"7","email":"a@x"}`))
		push(`{"uid":"u1","isDeleted":true}`)
		push(`{"uid":"u1","nickname":"Anna","email":"a@x"}`)
		c.wantUsers("nickname, email", "Anna a@x")
	})
}

func TestPathOfADepartmentBelowOneWithoutTitle(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) { o.DepartmentMatch = "path" })
		c.make("departments", `id, title`, `1, 'Sales'`)
		c.hand(`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) VALUES (1, '/1', 1)`)
		c.hand(`UPDATE {departments} SET [isLeaf] = true`)
		c.pushAs(engine.Push{Source: "hr", Options: o}, departments(`{"uid":"d1"}`))
		c.pushAs(engine.Push{Source: "hr", Options: o}, departments(`{"uid":"d2","title":"Sales","parentUid":"d1"}`))
		c.same("rows called Sales", c.list(`SELECT count(*) FROM {departments} WHERE title = 'Sales'`), "2")
	})
}

func TestPathOfADepartmentWhoseTitleIsNotStated(t *testing.T) {
	each(t, func(c *company) {
		o := options(func(o *engine.Options) { o.DepartmentMatch = "path" })
		c.pushAs(engine.Push{Source: "hr", Options: o}, departments(`{"uid":"d1","title":"Sales"}`))
		c.pushAs(engine.Push{Source: "crm", Options: o}, departments(`{"uid":"s","title":"Sales"}`, `{"uid":"e","title":"East","parentUid":"s"}`))
		r := c.pushAs(engine.Push{Source: "hr", Options: o}, departments(`{"uid":"d1"}`, `{"uid":"d2","title":"East","parentUid":"d1"}`))
		c.wantMessage(r, "department: 1 linked, 1 unchanged")
	})
}

func TestDepartmentThatWaitsNoMore(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"d2","title":"East","parentUid":"d1"}`))
		c.push("hr", departments(`{"uid":"d2","title":"East"}`, `{"uid":"d1","title":"Sales","parentUid":"d1"}`)) // which fails
		c.push("hr", departments(`{"uid":"d1","title":"Sales"}`))
		c.same("departments", c.list(standingDepartments), "East -", "Sales -")
	})
}

func TestRowThatChangesHandsIsWrittenWhole(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"d1","title":"Sales"}`, `{"uid":"d2","title":"East"}`), users(`{"uid":"z","nickname":"Ann","email":"a@x","departments":["d1"]}`))
		push := func(new string) {
			c.pushAs(engine.Push{Source: "hr", MatchKey: "email", Options: unguarded("unlink")}, users(`{"uid":"z","isDeleted":true}`, new))
		}
		push(`{"uid":"u2","nickname":"Anna","email":"a@x"}`)
		c.wantUsers(`nickname, [mainDepartmentId] IS NULL`, "Anna 1")
		checkInvariants(c, c.db)
		c.push("hr", users(`{"uid":"u2","nickname":"Anna","email":"a@x","departments":["d1"]}`))
		c.pushAs(engine.Push{Source: "hr", MatchKey: "email", Options: unguarded("unlink")}, users(`{"uid":"u2","isDeleted":true}`, `{"uid":"u3","nickname":"Anne","email":"a@x","departments":["d2"]}`))
		c.wantUsers(`nickname, [mainDepartmentId] = (SELECT id FROM {departments} WHERE title = 'East')`, "Anne 1")
		c.same("memberships", c.list(standingUsers), "Anne East")
		checkInvariants(c, c.db)
	})
}
