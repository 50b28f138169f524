package engine_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestANewDepartmentIsAsNocoBaseMakesOne(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Sales","parentUid":"1"}`))
		c.same("departments", c.list(`
			SELECT title, CASE WHEN [parentId] IS NULL THEN 'top' ELSE 'below' END, [isLeaf], sort, [createdById] FROM {departments} ORDER BY id`),
			"Company top 0 1 -", "Sales below 1 2 -")
		// NocoBase's form: seconds since 2020-11-11, 2^21 of them each, and one it never makes again.
		c.same("seconds of the ids", c.list(`SELECT DISTINCT id / 2097152 FROM {departments}`), "86400")
		c.wantLinks("hr: 1 is Company", "hr: 2 is Sales")
	})
}

// NocoBase would show nothing where it stands.
func TestADepartmentThatComesWithoutATitleIsCalledByItsUID(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"7"}`, `{"uid":"8","title":"Works"}`))
		c.wantTree("7", "Works")
		c.edit("departments", `title = 'Head office'`, `title = '7'`)
		c.push("hr", departments(`{"uid":"7"}`, `{"uid":"8","parentUid":"7"}`))
		c.wantTree("Head office", "  Works")
	})
}

func TestSortGoesOnFromTheGreatest(t *testing.T) {
	each(t, func(c *company) {
		c.make("departments", `id, title, sort, [isLeaf]`, "7, 'Made by hand', 40, true")
		c.hand(`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) VALUES (7, '/7', 7)`)
		c.push("hr", departments(`{"uid":"1","title":"A"}`, `{"uid":"2","title":"B"}`))
		c.same("sort", c.list(`SELECT title, sort FROM {departments} ORDER BY sort`), "Made by hand 40", "A 41", "B 42")
	})
}

func TestAChildMayComeBeforeItsParent(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(
			`{"uid":"3","title":"North","parentUid":"2"}`, `{"uid":"2","title":"Sales","parentUid":1}`, `{"uid":1,"title":"Company"}`))
		c.wantTree("Company", "  Sales", "    North")
	})
}

func TestAParentThatArrivesLaterTakesItsChildrenIn(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"3","title":"North","parentUid":"2"}`))
		c.wantTree("Sales", "  North")
		c.wantWaiting("hr: 2 awaits 1")
		c.push("other", departments(`{"uid":"1","title":"Somebody else's"}`))
		c.wantWaiting("hr: 2 awaits 1")
		c.push("hr", departments(`{"uid":"1","title":"Company"}`))
		c.wantTree("Somebody else's", "Company", "  Sales", "    North")
		c.wantWaiting()
	})
}

func TestADepartmentThatWaitsMayChangeItsMind(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"2","title":"Sales","parentUid":"1"}`))
		c.push("hr", departments(`{"uid":"2","title":"Sales"}`))
		c.wantWaiting()
		c.push("hr", departments(`{"uid":"2","title":"Sales","parentUid":"9"}`))
		c.wantWaiting("hr: 2 awaits 9")
		c.push("hr", departments(`{"uid":"1","title":"Company"}`))
		c.wantTree("Sales", "Company")
	})
}

func TestBranchesMove(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(
			`{"uid":"1","title":"East"}`, `{"uid":"2","title":"West"}`,
			`{"uid":"3","title":"Sales","parentUid":"1"}`, `{"uid":"4","title":"Field","parentUid":"3"}`, `{"uid":"5","title":"Team","parentUid":"4"}`))
		c.push("hr", departments(`{"uid":"3","title":"Sales","parentUid":"2"}`))
		c.wantTree("East", "West", "  Sales", "    Field", "      Team")
		c.push("hr", departments(`{"uid":"3","title":"Sales"}`, `{"uid":"5","title":"Team","parentUid":"1"}`))
		c.wantTree("East", "  Team", "West", "Sales", "  Field")
		c.push("hr", departments(`{"uid":"2","title":"West","parentUid":"5"}`, `{"uid":"3","title":"Sales","parentUid":"2"}`))
		c.wantTree("East", "  Team", "    West", "      Sales", "        Field")
	})
}

func TestAParentAndItsChildSwap(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"A"}`, `{"uid":"2","title":"B","parentUid":"1"}`, `{"uid":"3","title":"C","parentUid":"2"}`))
		r := c.push("hr", departments(`{"uid":"1","title":"A","parentUid":"2"}`, `{"uid":"2","title":"B"}`))
		c.wantFailed(r)
		c.wantTree("B", "  A", "  C")
	})
}

func TestCirclesAreRefusedAndNothingElseIsHeldUp(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", departments(
			`{"uid":"1","title":"A","parentUid":"3"}`, `{"uid":"2","title":"B","parentUid":"1"}`, `{"uid":"3","title":"C","parentUid":"2"}`,
			`{"uid":"4","title":"Own parent","parentUid":"4"}`,
			`{"uid":"5","title":"Below the circle","parentUid":"2"}`, `{"uid":"6","title":"Apart"}`))
		c.wantFailed(r,
			"1 (data, parentUid): its parents go round in a circle: 1 → 3 → 2 → 1",
			"2 (data, parentUid): its parents go round in a circle: 1 → 3 → 2 → 1",
			"3 (data, parentUid): its parents go round in a circle: 1 → 3 → 2 → 1",
			"4 (data, parentUid): its parents go round in a circle: 4 → 4")
		c.wantTree("Below the circle", "Apart")
		c.wantWaiting("hr: 5 awaits 2")
		c.push("hr", departments(`{"uid":"1","title":"A"}`, `{"uid":"2","title":"B","parentUid":"1"}`))
		c.wantTree("Apart", "A", "  B", "    Below the circle")
	})
}

func TestAMoveBelowOneselfIsRefused(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"A"}`, `{"uid":"2","title":"B","parentUid":"1"}`, `{"uid":"3","title":"C","parentUid":"2"}`))
		r := c.push("hr", departments(`{"uid":"1","title":"Renamed","parentUid":"3"}`))
		c.wantFailed(r, "1 (data, parentUid): its parents go round in a circle: 1 → 3 → 2 → 1")
		c.wantTree("A", "  B", "    C")
	})
}

func TestCirclesThatAnOperatorsMoveWouldCloseAreFound(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"A"}`, `{"uid":"2","title":"B"}`))
		c.move("A", "B")
		r := c.push("hr", departments(`{"uid":"2","title":"B","parentUid":"1"}`))
		c.wantFailed(r, "2 (data, parentUid): its parents go round in a circle: 1 → 2 → 1")
		c.wantTree("B", "  A")
	})
}

func TestATreeTooDeepForNocoBasesPathIsRefusedWhereItIsTooDeep(t *testing.T) {
	each(t, func(c *company) {
		var chain []string
		for i := range 100 { // 78 ids of 12 digits, each after a slash, are 1,014 characters
			chain = append(chain, fmt.Sprintf(`{"uid":"%d","title":"%d","parentUid":"%d"}`, i, i, i-1))
		}
		chain[0] = `{"uid":"0","title":"0"}`
		r := c.push("hr", departments(append(chain, `{"uid":"apart","title":"Apart"}`)...))
		failed := failures(r)
		if len(failed) == 0 || !strings.HasPrefix(failed[0], "78 (data, parentUid): the department would stand deeper than the 1024 characters") {
			c.Errorf("failed records %q, want 78 first", failed)
		}
		if tree := c.tree(); tree[len(tree)-1] != "Apart" {
			c.Errorf("the tree ends with %q, want Apart", tree[len(tree)-1])
		}
	})
}

func TestDepartmentsOfOneNameAreTwo(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"Sales"}`, `{"uid":"2","title":"Sales"}`))
		c.push("it", departments(`{"uid":"1","title":"Sales"}`))
		c.wantTree("Sales", "Sales", "Sales")
	})
}

func TestTheChildOfADepartmentThatTheDatabaseRefusesStandsAtTheTop(t *testing.T) {
	each(t, func(c *company) {
		c.column("departments", "code", "varchar(255) CHECK (code <> 'bad')")
		children := departments(`{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"3","title":"North","parentUid":"2"}`)
		c.push("hr", departments(`{"uid":"1","title":"Refused","code":"bad"}`), children)
		c.wantTree("Sales", "  North")
		c.push("hr", departments(`{"uid":"1","title":"Accepted","code":"good"}`), children)
		c.wantTree("Accepted", "  Sales", "    North")
	})
}
