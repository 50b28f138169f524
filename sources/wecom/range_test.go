package wecom_test

import (
	"testing"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// scattered is a company of which an application sees department 4, and some
// people by themselves or through a tag.
func scattered(t *testing.T) *company {
	c := newCompany(t)
	c.member("ann", 2)
	c.member("Bob", 3)
	c.member("carl", 4)
	c.member("dora", 2, 4)
	c.member("eve", 2)
	c.PutTag(wecomtest.Tag{ID: 7, Name: "Board", Members: []string{"Bob", "dora"}})
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{4}, Members: []string{"ann", "carl"}, Tags: []int64{7}})
	return c
}

func TestWhoIsVisibleAloneComesLastAndOnce(t *testing.T) {
	c := scattered(t)
	g := c.mustRead(t)
	g.expect(t, "")
	if got := g.uids(plugin.User); got != "carl dora ann bob" || g.tree() != "4<#1 Lab" || g.Counts[plugin.User] != 4 {
		t.Errorf("Read() = %s in %s, %+v", got, g.tree(), g.Reading)
	}
	for _, ref := range []plugin.Ref{user("ann"), user("bob"), user("carl")} {
		if got, want := c.mustRead(t, ref).record(ref.Type, ref.UID), g.record(ref.Type, ref.UID); got != want || got == "" {
			t.Errorf("a look-up gives %s, and a reading %s", got, want)
		}
	}
	if hidden := c.mustRead(t, user("eve")).Hidden; len(hidden) != 1 {
		t.Errorf("hidden are %v, want eve", hidden)
	}
}

func TestWhoIsVisibleAloneIsNotInADepartmentThatIsNamed(t *testing.T) {
	c := scattered(t)
	c.options["includeDepartments"] = []int{4}
	if g := c.mustRead(t); g.users() != "carl dora" {
		t.Errorf("Read() = %s, want those of department 4", g.users())
	}
}

func TestFaultsOfTheRangeAreDoubts(t *testing.T) {
	for call, code := range map[string]int{"agent/get": 40056, "tag/get": 40068, "user/get": 60011} {
		c := scattered(t)
		c.wecom.Fail(call, code, -1)
		g := c.mustRead(t)
		g.expect(t, call)
		if len(g.users()) < len("carl dora") {
			t.Errorf("%s: Read() = %s, want those of the department at least", call, g.users())
		}
	}
	c := scattered(t)
	c.wecom.Fail("tag/get", -1, -1)
	expectKind(t, c.read(t).err, plugin.Transient, "ask tag/get")
}

func TestWhoIsGoneBeforeBeingAskedForIsNoDoubt(t *testing.T) {
	c := scattered(t)
	c.wecom.Before("user/get?userid=ann", func() { must(c.RemoveMember("ann")) })
	g := c.mustRead(t)
	g.expect(t, "")
	if g.users() != "bob carl dora" {
		t.Errorf("Read() = %s", g.users())
	}
}

// Where the range has no department, that none may be listed is no fault.
func TestOnlyPeopleAreVisible(t *testing.T) {
	c := scattered(t)
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Members: []string{"ann"}, Tags: []int64{7}})
	c.wecom.Fail("department/list", 60011, -1)
	g := c.mustRead(t)
	g.expect(t, "")
	if g.users() != "ann bob dora" || g.tree() != "" {
		t.Errorf("Read() = %s in %q", g.users(), g.tree())
	}
	c.PutTag(wecomtest.Tag{ID: 7, Name: "Board", Members: []string{"Bob"}, Departments: []int64{4}})
	c.mustRead(t).expect(t, "department/list: WeCom answered 60011")
}
