package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestConflictSaysWhatBecomesOfARowOfAnotherSource(t *testing.T) {
	for _, policy := range []struct {
		name, users string
		links       []string
		failed      []string
		message     string
	}{
		{"link", "Annie", []string{"hr: a is Annie", "it: z is Annie"}, nil, "user: 1 linked"},
		{"skip", "Ann", []string{"hr: a is Ann"}, nil, "user: 1 skipped"},
		{
			"fail", "Ann",
			[]string{"hr: a is Ann"},
			[]string{"z (conflict, username): row 1, which it matches, is another source's, and options.sync.conflict says to fail"},
			"0 of 1 applied, 1 failed; user: 1 failed",
		},
	} {
		t.Run(policy.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
				o := with(func(o *engine.Options) { o.Conflict = policy.name })
				for range 2 {
					r := c.pushAs(engine.Push{Source: "it", MatchKey: "username", Options: o}, users(`{"uid":"z","nickname":"Annie","username":"ann"}`))
					c.wantFailed(r, policy.failed...)
					c.wantUsers("nickname", policy.users)
					c.wantLinks(policy.links...)
					if r.Task.ID == "2" {
						c.wantMessage(r, policy.message)
					}
				}
			})
		})
	}
}

func TestConflictSkipSaysWhy(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","username":"ann"}`))
		r := c.pushAs(engine.Push{Source: "it", MatchKey: "username", Options: with(func(o *engine.Options) { o.Conflict = "skip" })}, users(`{"uid":"z","username":"ann"}`))
		c.same("items", c.items(r), "skip user z: the row that it matches is another source's, and options.sync.conflict says to skip it")
	})
}

// Only a match is a conflict: a link decides before it.
func TestConflictIsNoneForARowOfOnesOwn(t *testing.T) {
	for _, policy := range []string{"skip", "fail"} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.make("users", "nickname, username", "'Bob', 'bob'")
				o := with(func(o *engine.Options) { o.Conflict = policy })
				c.pushBy("username", "hr", users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
				c.pushBy("username", "it", users(`{"uid":"z","username":"ann"}`))
				r := c.pushAs(engine.Push{Source: "it", MatchKey: "username", Options: o}, users(`{"uid":"z","nickname":"Annie","username":"ann"}`, `{"uid":"y","username":"bob","nickname":"Robert"}`))
				c.wantMessage(r, "user: 1 linked, 1 updated")
				c.wantUsers("nickname", "Robert", "Annie")
			})
		})
	}
}

// A source that has let go of a row has no say in who links it.
func TestConflictIsNoneForARowThatTheOtherSourceLetGo(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","username":"ann"}`))
		c.pushAs(engine.Push{Source: "hr", Options: unguarded(engine.Unlink)}, users(`{"uid":"a","isDeleted":true}`))
		c.pushAs(engine.Push{Source: "it", MatchKey: "username", Options: with(func(o *engine.Options) { o.Conflict = "fail" })}, users(`{"uid":"z","username":"ann"}`))
		c.wantLinks("it: z is Ann")
	})
}

func TestConflictHoldsForDepartmentsAsWell(t *testing.T) {
	for _, policy := range []struct {
		name          string
		links, failed []string
	}{
		{"link", []string{"hr: c is Company", "it: x is Company"}, nil},
		{"skip", []string{"hr: c is Company"}, nil},
		{"fail", []string{"hr: c is Company"}, []string{"x (conflict, title): row 1, which it matches, is another source's, and options.sync.conflict says to fail"}},
	} {
		t.Run(policy.name, func(t *testing.T) {
			each(t, func(c *company) {
				rooms(c)
				o := with(func(o *engine.Options) { o.Conflict, o.DepartmentMatch = policy.name, "title" })
				body := func(uid string) engine.Body { return departments(`{"uid":"` + uid + `","title":"Company"}`) }
				c.pushAs(engine.Push{Source: "hr", Options: o}, body("c"))
				r := c.pushAs(engine.Push{Source: "it", Options: o}, body("x"))
				c.wantFailed(r, policy.failed...)
				c.wantTree("Company", "  Works", "    Desk", "  Office", "    Desk")
				c.wantLinks(policy.links...)
			})
		})
	}
}

// rooms are departments that were there before any source: Company with Works
// and Office below, each with a Desk.
func rooms(c *company) {
	c.Helper()
	c.make("departments", `id, title, sort, [isLeaf]`, "1, 'Company', 1, true")
	c.make("departments", `id, title, sort, [isLeaf]`, "2, 'Works', 2, true")
	c.make("departments", `id, title, sort, [isLeaf]`, "3, 'Desk', 3, true")
	c.make("departments", `id, title, sort, [isLeaf]`, "4, 'Office', 4, true")
	c.make("departments", `id, title, sort, [isLeaf]`, "5, 'Desk', 5, true")
	c.hand(`UPDATE {departments} SET [parentId] = CASE id WHEN 2 THEN 1 WHEN 3 THEN 2 WHEN 4 THEN 1 WHEN 5 THEN 4 END`)
	c.move("Company", "nothing")
}

func TestDepartmentsAreMatched(t *testing.T) {
	const top, works, office = `{"uid":"c","title":"Company"}`, `{"uid":"w","title":"Works","parentUid":"c"}`, `{"uid":"o","title":"Office","parentUid":"c"}`
	const worksDesk, officeDesk = `{"uid":"wd","title":"Desk","parentUid":"w"}`, `{"uid":"od","title":"Desk","parentUid":"o"}`
	same := []string{"Company", "  Works", "    Desk", "  Office", "    Desk"}
	for _, match := range []struct {
		name, by   string
		ignoreCase bool
		pushes     [][]string
		links      []string // "uid row"
		failed     []string // of the last push
		tree       []string
	}{
		{
			"not at all", "", false,
			[][]string{{top}},
			[]string{"c new"},
			nil,
			append(append([]string{}, same...), "Company"),
		},
		{
			"by title, two of one title are a conflict", "title", false,
			[][]string{{top, works, worksDesk}},
			[]string{"c 1", "w 2"},
			[]string{"wd (conflict, title): 2 rows match it, the first is row 3: have only one match, then retry"},
			same,
		},
		{
			"by path, all in one push", "path", false,
			[][]string{{top, works, office, worksDesk, officeDesk}},
			[]string{"c 1", "o 4", "od 5", "w 2", "wd 3"},
			nil,
			same,
		},
		{
			"by path, children first", "path", false,
			[][]string{{officeDesk, worksDesk, office, works, top}},
			[]string{"c 1", "o 4", "od 5", "w 2", "wd 3"},
			nil,
			same,
		},
		{
			"by path, parents in an earlier push", "path", false,
			[][]string{{top, office}, {officeDesk}},
			[]string{"c 1", "o 4", "od 5"},
			nil,
			same,
		},
		{
			"by path, below a parent that is new", "path", false,
			[][]string{{top, `{"uid":"n","title":"New","parentUid":"c"}`, `{"uid":"d","title":"Desk","parentUid":"n"}`}},
			[]string{"c 1", "d new", "n new"},
			nil,
			[]string{"Company", "  Works", "    Desk", "  Office", "    Desk", "  New", "    Desk"},
		},
		{
			"by path, whose parent is not known", "path", false,
			[][]string{{worksDesk}},
			[]string{"wd new"},
			nil,
			append(append([]string{}, same...), "Desk"),
		},
		{
			"by path, in another case", "path", false,
			[][]string{{`{"uid":"c","title":"COMPANY"}`}},
			[]string{"c new"},
			nil,
			append(append([]string{}, same...), "COMPANY"),
		},
		{
			"by path, heedless of case", "path", true,
			[][]string{{`{"uid":"c","title":"COMPANY"}`, `{"uid":"w","title":"works","parentUid":"c"}`, worksDesk}},
			[]string{"c 1", "w 2", "wd 3"},
			nil,
			[]string{"COMPANY", "  works", "    Desk", "  Office", "    Desk"},
		},
		{
			"by title, heedless of case", "title", true,
			[][]string{{`{"uid":"o","title":"oFFice"}`}},
			[]string{"o 4"},
			nil,
			[]string{"Company", "  Works", "    Desk", "oFFice", "  Desk"},
		},
		{
			"by title, without one", "title", false,
			[][]string{{`{"uid":"o","title":null}`, `{"uid":"p"}`}},
			[]string{"o new", "p new"},
			nil,
			append(append([]string{}, same...), "-", "p"),
		},
		{
			"by title, two records for one row", "title", false,
			[][]string{{top, `{"uid":"d","title":"Company"}`}},
			[]string{"c 1"},
			[]string{"d (conflict, title): row 1, which it matches, is matched by an earlier record of the push"},
			same,
		},
		{
			"by path, a row that stands for another record", "path", false,
			[][]string{{top}, {`{"uid":"d","title":"Company"}`}},
			[]string{"c 1"},
			[]string{"d (conflict, path): row 1, which it matches, stands for record c of the same source"},
			same,
		},
	} {
		t.Run(match.name, func(t *testing.T) {
			each(t, func(c *company) {
				rooms(c)
				o := with(func(o *engine.Options) { o.DepartmentMatch, o.IgnoreCase = match.by, match.ignoreCase })
				var r *engine.Report
				for _, push := range match.pushes {
					r = c.pushAs(engine.Push{Source: "hr", Options: o}, departments(push...))
				}
				c.wantFailed(r, match.failed...)
				c.wantTree(match.tree...)
				c.same("links", c.list(`SELECT uid, CASE WHEN row_id < 10 THEN CAST(row_id AS text) ELSE 'new' END FROM {records} ORDER BY uid`), match.links...)
			})
		})
	}
}

func TestDepartmentsWithOnePathAreAConflict(t *testing.T) {
	each(t, func(c *company) {
		rooms(c)
		c.make("departments", `id, title, sort, [isLeaf]`, "6, 'Company', 6, true")
		c.move("Company", "nothing")
		r := c.pushAs(engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.DepartmentMatch = "path" })}, departments(`{"uid":"c","title":"Company"}`, `{"uid":"w","title":"Works","parentUid":"c"}`))
		c.wantFailed(r, "c (conflict, path): 2 rows match it, the first is row 1: have only one match, then retry")
	})
}

func TestDepartmentsMatchByAColumnThatIsThere(t *testing.T) {
	each(t, func(c *company) {
		c.column("departments", "code", "varchar(255)")
		rooms(c)
		c.hand(`UPDATE {departments} SET code = 'D' || id`)
		byCode := with(func(o *engine.Options) { o.DepartmentMatch = "code" })
		c.pushAs(engine.Push{Source: "hr", Options: byCode}, departments(`{"uid":"c","code":"D1"}`, `{"uid":"x","title":"Table","code":"D5","parentUid":"c"}`))
		c.wantTree("Company", "  Works", "    Desk", "  Office", "  Table")
		for _, column := range []string{"colour", "parentId", "isLeaf", "id"} {
			err := c.rejected(engine.Push{Source: "it", Options: with(func(o *engine.Options) { o.DepartmentMatch = column })}, departments(`{"uid":"c"}`))
			c.wantError(err, "config", "/sync/departmentMatch")
		}
	})
}

// People find the departments that are matched in the same push.
func TestDepartmentsThatAreMatchedTakeTheirPeopleIn(t *testing.T) {
	each(t, func(c *company) {
		rooms(c)
		c.pushAs(engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.DepartmentMatch = "path" })},
			departments(`{"uid":"c","title":"Company"}`, `{"uid":"w","title":"Works","parentUid":"c"}`), users(`{"uid":"a","nickname":"Ann","departments":["w"]}`))
		c.wantMembers("Ann in Works, main")
		c.same("in", c.list(`SELECT [departmentId] FROM {departmentsUsers}`), "2")
	})
}

func TestMatchKeysThatTakeNoHeedOfCase(t *testing.T) {
	for _, key := range []struct{ name, record string }{
		{"username", `{"uid":"a","username":"ANN","nickname":"Ann of HR"}`},
		{"email", `{"uid":"a","email":"Ann@Example.com","nickname":"Ann of HR"}`},
	} {
		t.Run(key.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.make("users", "nickname, username, email", "'Ann', 'ann', 'ann@example.com'")
				o := with(func(o *engine.Options) { o.IgnoreCase = true })
				r := c.pushAs(engine.Push{Source: "hr", MatchKey: key.name, Options: o}, users(key.record))
				c.wantMessage(r, "user: 1 linked")
				c.wantUsers("id, nickname", "1 Ann of HR")
			})
		})
	}
}

func TestTwoRowsThatDifferInCaseAreAConflict(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username", "'Ann', 'ann'")
		c.make("users", "nickname, username", "'Anna', 'Ann'")
		o := with(func(o *engine.Options) { o.IgnoreCase = true })
		ann := users(`{"uid":"a","username":"ann","nickname":"HR"}`)
		r := c.pushAs(engine.Push{Source: "hr", MatchKey: "username", Options: o}, ann)
		c.wantFailed(r, "a (conflict, username): 2 rows match it, the first is row 1: have only one match, then retry")
		r = c.pushBy("username", "hr", ann)
		c.wantMessage(r, "user: 1 linked")
		c.wantUsers("nickname", "HR", "Anna")
	})
}

// Of two reasons to refuse a record it is told one.
func TestTwoRowsOfAnotherSourceThatDifferInCaseAreAConflict(t *testing.T) {
	for policy, want := range map[string]string{
		"link": "2 rows match it, the first is row 1: have only one match, then retry",
		"fail": "row 1, which it matches, is another source's, and options.sync.conflict says to fail",
	} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("it", users(`{"uid":"x","nickname":"Ann","username":"ann"}`, `{"uid":"y","nickname":"Anna","username":"Ann"}`))
				o := with(func(o *engine.Options) { o.IgnoreCase, o.Conflict = true, policy })
				r := c.pushAs(engine.Push{Source: "hr", MatchKey: "username", Options: o}, users(`{"uid":"a","username":"ann","nickname":"HR"}`))
				c.wantFailed(r, "a (conflict, username): "+want)
				c.wantUsers("nickname", "Ann", "Anna")
			})
		})
	}
}

// Two records of one push that differ in case only want one row: the first has it.
func TestTwoRecordsThatDifferInCaseAreAConflict(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username", "'Ann', 'ann'")
		o := with(func(o *engine.Options) { o.IgnoreCase = true })
		r := c.pushAs(engine.Push{Source: "hr", MatchKey: "username", Options: o}, users(`{"uid":"a","username":"Ann"}`, `{"uid":"b","username":"aNN"}`))
		c.wantFailed(r, "b (conflict, username): row 1, which it matches, is matched by an earlier record of the push")
		c.wantUsers("username", "Ann")
		c.wantLinks("hr: a is Ann")
	})
}
