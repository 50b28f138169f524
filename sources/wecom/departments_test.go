package wecom_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// In WeCom the bigger order comes first, in NocoBase the smaller.
func TestDepartmentsComeParentsFirstAndRanked(t *testing.T) {
	c := newCompany(t)
	c.department(5, "Retail", 2, 4294967295)
	g := c.mustRead(t)
	g.expect(t, "")
	if got, want := g.tree(), "1<#1 Acme, 3<1#1 Research, 4<3#1 Lab, 2<1#2 Sales, 5<2#1 Retail"; got != want {
		t.Errorf("Read() = %s, want %s", got, want)
	}
}

func TestDepartmentsAreChosen(t *testing.T) {
	for name, c := range map[string]struct {
		options object
		tree    string
		users   string
		ofBob   string // his departments
	}{
		"all":             {nil, "1<#1, 3<1#1, 4<3#1, 2<1#2", "ann bob carl dora", "2 4"},
		"the top is left": {object{"topDepartment": "promote"}, "3<#1, 4<3#1, 2<#2", "ann bob carl dora", "2 4"},
		"a root":          {object{"rootDepartment": 3}, "3<#1, 4<3#1", "bob carl", "4"},
		"a root promoted": {object{"rootDepartment": "3", "topDepartment": "promote"}, "4<#1", "bob carl", "4"},
		"included":        {object{"includeDepartments": []any{4, "2"}}, "4<#1, 2<#2", "bob dora", "2 4"},
		"excluded":        {object{"excludeDepartments": []int{3}}, "1<#1, 2<1#1", "ann bob dora", "2"},
		"both":            {object{"includeDepartments": []int{3}, "excludeDepartments": []int{4}}, "3<#1", "carl", ""},
	} {
		t.Run(name, func(t *testing.T) {
			company := newCompany(t)
			company.member("ann", 1)
			company.member("bob", 2, 4)
			company.member("carl", 3)
			company.member("dora", 2)
			for name, v := range c.options {
				company.options[name] = v
			}
			company.options["fields"] = object{"departments": object{"title": ""}}
			g := company.mustRead(t)
			g.expect(t, "")
			if got := strings.ReplaceAll(g.tree(), " <nil>", ""); got != c.tree || g.users() != c.users {
				t.Errorf("Read() = %s with %s, want %s with %s", got, g.users(), c.tree, c.users)
			}
			if got := departmentsOf(g, "bob"); got != c.ofBob {
				t.Errorf("bob is in %q, want %q", got, c.ofBob)
			}
			again := company.mustRead(t, user("ann"), user("bob"), user("carl"), user("dora"), department("2"), department("3"))
			for _, r := range again.records {
				if got, want := again.record(r.Type, r.UID), g.record(r.Type, r.UID); got != want {
					t.Errorf("a look-up gives %s, and a reading %s", got, want)
				}
			}
			if came, gone := len(again.records), len(again.Gone); came+gone != 6 {
				t.Errorf("a look-up of 6 gives %d, and %d as gone", came, gone)
			}
		})
	}
}

// departmentsOf gives the departments that a user's record names.
func departmentsOf(g *got, uid string) string {
	var ids []string
	for _, r := range g.records {
		if r.Type == plugin.User && r.UID == uid {
			for _, d := range r.Attrs["departments"].([]any) {
				ids = append(ids, d.(object)["uid"].(string))
			}
		}
	}
	return strings.Join(ids, " ")
}

func TestAnOptionThatNamesADepartmentThatIsNotThere(t *testing.T) {
	c := newCompany(t)
	c.options["rootDepartment"] = 77
	expectKind(t, c.read(t).err, plugin.Config, "/rootDepartment")
	delete(c.options, "rootDepartment")
	c.options["includeDepartments"] = []int{2, 77}
	c.mustRead(t).expect(t, "includeDepartments of department 77")
}

// department/list is refused when it is too much; the same comes department by
// department then.
func TestDepartmentsTooManyForOneAnswer(t *testing.T) {
	for _, code := range []int{45029, -1} {
		c := newCompany(t)
		want := c.mustRead(t).tree()
		c.wecom.Fail("department/list", code, -1)
		g := c.mustRead(t)
		g.expect(t, "")
		if g.tree() != want || c.wecom.Calls("department/get") != 4 {
			t.Errorf("%d: Read() = %s with %d calls, want %s with 4", code, g.tree(), c.wecom.Calls("department/get"), want)
		}
	}
}

// Above the visible range WeCom lists departments without a name: what they are
// called in NocoBase stays.
func TestADepartmentWithoutANameShowsWhereOthersHang(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 4)
	c.member("bob", 3)
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{4}, Outline: true})
	g := c.mustRead(t)
	g.expect(t, "")
	if got, want := g.tree(), "1<#1 <nil>, 3<1#1 <nil>, 4<3#1 Lab"; got != want || g.users() != "ann" {
		t.Errorf("Read() = %s with %s, want %s with ann", got, g.users(), want)
	}
}

func TestWhatOnlyShowsWhereOthersHangMayFailOtherwise(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 4)
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{4}, Outline: true})
	c.wecom.Fail("user/list?department_id=3", 99999, -1)
	c.mustRead(t).expect(t, "user/list of department 3: WeCom answered 99999")
}

func TestALeaderOfADepartmentIsAField(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 2)
	must(c.PutDepartment(wecomtest.Department{ID: 2, Name: "Sales", ParentID: 1, Leaders: []string{"ann"}}))
	c.options["fields"] = object{"departments": object{"head": "department_leader.0"}}
	if g := c.mustRead(t); !strings.Contains(g.record(plugin.Department, "2"), `"head":"ann"`) {
		t.Errorf("Read() = %s, want its head to be ann", g.record(plugin.Department, "2"))
	}
}

func TestADepartmentWithoutANameAndWithNobodyIsLeftOut(t *testing.T) {
	c := newCompany(t)
	c.department(5, "", 2, 2)
	c.department(6, "", 2, 1)
	c.member("ann", 6)
	g := c.mustRead(t)
	g.expect(t, "")
	c.wecom.Fail("user/list?department_id=6", 99999, -1)
	c.mustRead(t).expect(t, "user/list of department 6: WeCom answered 99999")
	if got := g.tree(); strings.Contains(got, "5<") || !strings.Contains(got, "6<2#1 <nil>") || g.users() != "ann" {
		t.Errorf("Read() = %s with %s", got, g.users())
	}
}

func TestADepartmentThatVanishesIsADoubt(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 2)
	c.member("bob", 4, 2)
	c.wecom.Before("user/list?department_id=4", func() { must(c.RemoveDepartment(4)) })
	g := c.mustRead(t)
	g.expect(t, "user/list of department 4: WeCom answered 60003")
	if g.users() != "ann bob" {
		t.Errorf("Read() = %s, want those who are in another department all the same", g.users())
	}
}

// What is wrong with one department is a doubt, and what is wrong with all ends it.
func TestFaultsOfOneDepartment(t *testing.T) {
	for _, code := range []int{60003, 60123, 60011, 45029, 99999} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			c := newCompany(t)
			c.member("ann", 2)
			c.member("bob", 3)
			c.wecom.Fail("user/list?department_id=3", code, -1)
			g := c.mustRead(t)
			g.expect(t, fmt.Sprintf("user/list of department 3: WeCom answered %d", code))
			if g.users() != "ann" || g.Counts[plugin.User] != 1 {
				t.Errorf("Read() = %s, %+v", g.users(), g.Reading)
			}
		})
	}
	for code, kind := range map[int]plugin.Kind{48002: plugin.Auth, 60020: plugin.Auth, 50003: plugin.Auth, 301007: plugin.Auth, -1: plugin.Transient, 6000: plugin.Transient, 45033: plugin.RateLimited} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			c := newCompany(t)
			c.wecom.Fail("user/list?department_id=3", code, -1)
			g := c.read(t)
			expectKind(t, g.err, kind, fmt.Sprintf("ask user/list: WeCom answered %d", code))
			if g.Complete || g.Confirm || g.Counts != nil {
				t.Errorf("Read() = %+v with an error, want the zero Reading", g.Reading)
			}
		})
	}
}

func TestAnEmptyRangeIsAnError(t *testing.T) {
	c := newCompany(t)
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret})
	expectKind(t, c.read(t).err, plugin.Config, "visible range of the application is empty")
}
