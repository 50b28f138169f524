package wecom_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func TestALookUpTellsWhoIsGoneFromWhoIsHidden(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 4)
	c.member("bob", 2)
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{3}})
	g := c.mustRead(t, user("ann"), user("bob"), user("zoe"), user("no user id!"), department("3"), department("2"), department("77"), department("sales"))
	if g.users() != "ann" || g.uids(plugin.Department) != "3" || g.Complete || g.Confirm {
		t.Errorf("Read() = %s in %s, %+v", g.users(), g.uids(plugin.Department), g.Reading)
	}
	if diff := cmp.Diff([]plugin.Ref{user("bob"), department("2")}, g.Hidden); diff != "" {
		t.Errorf("hidden mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]plugin.Ref{user("zoe"), user("no user id!"), department("77"), department("sales")}, g.Gone); diff != "" {
		t.Errorf("gone mismatch (-want +got):\n%s", diff)
	}
}

func TestCodesOfALookUp(t *testing.T) {
	for code, want := range map[int]string{40003: "gone", 46004: "gone", 60111: "gone", 301021: "gone", 60011: "hidden", 60021: "hidden", 50002: "hidden", 92000: "hidden", 48002: "error", -1: "error"} {
		c := newCompany(t)
		c.wecom.Fail("user/get", code, -1)
		g, got := c.read(t, user("ann")), "error"
		switch {
		case g.err != nil:
		case len(g.Gone) == 1:
			got = "gone"
		case len(g.Hidden) == 1:
			got = "hidden"
		}
		if got != want {
			t.Errorf("%d: %s, want %s", code, got, want)
		}
	}
	for code, gone := range map[int]int{60003: 1, 60123: 1, 60011: 0} {
		c := newCompany(t)
		c.wecom.Fail("department/get", code, -1)
		if g := c.mustRead(t, department("2")); len(g.Gone) != gone || len(g.Hidden) != 1-gone {
			t.Errorf("%d: gone %v, hidden %v", code, g.Gone, g.Hidden)
		}
	}
}

func TestARenameIsFoundByItsNewName(t *testing.T) {
	c := newCompany(t)
	c.member("Ann", 4)
	must(c.RenameMember("Ann", "Anna"))
	g := c.mustRead(t, user("anna"), user("ann"))
	if g.users() != "anna" || len(g.Gone) != 1 {
		t.Errorf("Read() = %s, gone %v", g.users(), g.Gone)
	}
}

// An option that names a department out of sight says nothing of who is below it.
func TestALookUpTakesNobodyForGoneWhoMayBeOutOfSight(t *testing.T) {
	c := newCompany(t)
	c.department(5, "Stores", 1, 0)
	c.member("ann", 3, 5)
	c.member("bob", 4)
	c.options["includeDepartments"] = []int{2, 3}
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{2, 4, 5}})
	g := c.mustRead(t, user("ann"), user("bob"), department("4"))
	if len(g.Gone) > 0 || len(g.Hidden) != 3 {
		t.Errorf("Read() = %+v, want all hidden", g.Reading)
	}
	delete(c.options, "includeDepartments")
	c.options["rootDepartment"] = 3
	expectKind(t, c.read(t, user("bob"), department("4")).err, plugin.Config, "/rootDepartment")
}

// One that WeCom answers with something odd does not keep the others waiting.
func TestALookUpGoesOnWhereOneFails(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 2)
	c.member("bob", 2)
	c.wecom.Fail("user/get?userid=ann", 99999, -1)
	g := c.mustRead(t, user("ann"), user("bob"))
	if g.users() != "bob" || len(g.Gone) > 0 || len(g.Hidden) != 1 || len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "user/get: WeCom answered 99999") {
		t.Errorf("Read() = %s, %+v", g.users(), g.Reading)
	}
}

// An answer about another department, or none, is no record.
func TestALookUpTakesNoOtherDepartment(t *testing.T) {
	g := answering(t, map[string]string{"department/simplelist": `{"errcode":0,"department_id":[{"id":2,"parentid":0}]}`}, department("2"))
	if g.err != nil || len(g.records) > 0 || len(g.Gone) > 0 || len(g.Hidden) != 1 {
		t.Errorf("Read() = %v, %+v, %v", g.records, g.Reading, g.err)
	}
}
