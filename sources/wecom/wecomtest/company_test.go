package wecomtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func TestDepartmentsThatWeComDoesNotHave(t *testing.T) {
	c := acme(t)
	for name, d := range map[string]struct {
		department wecomtest.Department
		want       error
	}{
		"no number":             {wecomtest.Department{Name: "x", ParentID: 1}, wecomtest.BadDepartmentID},
		"a number too big":      {wecomtest.Department{ID: 1 << 31, Name: "x", ParentID: 1}, wecomtest.BadDepartmentID},
		"no parent":             {wecomtest.Department{ID: 9, Name: "x", ParentID: 8}, wecomtest.NoParent},
		"a name twice":          {wecomtest.Department{ID: 9, Name: "Sales", ParentID: 1}, wecomtest.SiblingNamed},
		"the name of elsewhere": {wecomtest.Department{ID: 9, Name: "Sales", ParentID: 4}, nil},
		"a name with a slash":   {wecomtest.Department{ID: 9, Name: "A|B", ParentID: 1}, wecomtest.BadDepartmentName},
		"64 characters":         {wecomtest.Department{ID: 9, Name: strings.Repeat("部", 64), ParentID: 1}, nil},
		"65 characters":         {wecomtest.Department{ID: 9, Name: strings.Repeat("部", 65), ParentID: 1}, wecomtest.BadDepartmentName},
		"below itself":          {wecomtest.Department{ID: 2, Name: "Sales", ParentID: 3}, wecomtest.Circle},
		"its own parent":        {wecomtest.Department{ID: 2, Name: "Sales", ParentID: 2}, wecomtest.Circle},
	} {
		if got := c.PutDepartment(d.department); !errors.Is(got, d.want) {
			t.Errorf("%s: PutDepartment() = %v, want %v", name, got, d.want)
		}
	}
}

func TestDepartmentsHave15Levels(t *testing.T) {
	c := wecomtest.NewCompany(corpID, "Acme")
	for i := int64(2); i <= 15; i++ {
		must(t, c.PutDepartment(wecomtest.Department{ID: i, Name: "Level", ParentID: i - 1}))
	}
	if err := c.PutDepartment(wecomtest.Department{ID: 16, Name: "Level", ParentID: 15}); !errors.Is(err, wecomtest.TooDeep) {
		t.Errorf("a 16th level: %v, want %v", err, wecomtest.TooDeep)
	}
	must(t, c.PutDepartment(wecomtest.Department{ID: 20, Name: "Aside", ParentID: 1}), c.PutDepartment(wecomtest.Department{ID: 21, Name: "Below", ParentID: 20}))
	if err := c.PutDepartment(wecomtest.Department{ID: 20, Name: "Aside", ParentID: 14}); !errors.Is(err, wecomtest.TooDeep) {
		t.Errorf("a move to levels 15 and 16: %v, want %v", err, wecomtest.TooDeep)
	}
	must(t, c.PutDepartment(wecomtest.Department{ID: 20, Name: "Aside", ParentID: 13}))
}

func TestACompanyHas30000Departments(t *testing.T) {
	c := wecomtest.Crowd(0, 30_000)
	if err := c.PutDepartment(wecomtest.Department{ID: 30_001, Name: "One more", ParentID: 1}); !errors.Is(err, wecomtest.TooMany) {
		t.Errorf("PutDepartment() = %v, want %v", err, wecomtest.TooMany)
	}
	must(t, c.PutDepartment(wecomtest.Department{ID: 30_000, Name: "The same", ParentID: 1}))
}

func TestADepartmentHas30000ChildrenAndMembers(t *testing.T) {
	c := wecomtest.NewCompany(corpID, "Acme")
	must(t, c.PutDepartment(wecomtest.Department{ID: 2, Name: "Sales", ParentID: 1}))
	for i := range 29_999 {
		must(t, c.PutMember(member(fmt.Sprint(i), 1)))
	}
	if err := c.PutMember(member("more", 1)); !errors.Is(err, wecomtest.TooMany) {
		t.Errorf("PutMember() = %v, want %v", err, wecomtest.TooMany)
	}
	must(t, c.PutMember(member("7", 1, 2)))
}

func TestMembersThatWeComDoesNotHave(t *testing.T) {
	c := acme(t)
	for userID, want := range map[string]error{
		"": wecomtest.BadUserID, ".x": wecomtest.BadUserID, "a b": wecomtest.BadUserID, "王": wecomtest.BadUserID,
		strings.Repeat("x", 65): wecomtest.BadUserID, strings.Repeat("x", 64): nil, "zhang.san-1@example_x": nil,
	} {
		if got := c.PutMember(member(userID, 1)); !errors.Is(got, want) {
			t.Errorf("PutMember(%q) = %v, want %v", userID, got, want)
		}
	}
	if got := c.PutMember(member("x", 99)); !errors.Is(got, wecomtest.NoDepartment) {
		t.Errorf("PutMember() = %v in a department that is not there, want %v", got, wecomtest.NoDepartment)
	}
	if got := c.RemoveMember("nobody"); !errors.Is(got, wecomtest.NoMember) {
		t.Errorf("RemoveMember() = %v, want %v", got, wecomtest.NoMember)
	}
}

func TestUserIDsAreOneWithoutRegardToCase(t *testing.T) {
	c := acme(t)
	before, _ := c.Size()
	must(t, c.PutMember(member("LISI", 4)))
	if people, _ := c.Size(); people != before {
		t.Errorf("%d people after the same came in capitals, want %d", people, before)
	}
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{1}})
	v := visit(t, c, appSecret)
	if got := v.get("user/get?userid=lisi"); got["userid"] != "Lisi" || got["main_department"] != 4.0 {
		t.Errorf("user/get answers %v, want it as it was written first, in department 4", got)
	}
}

func TestAUserIDIsChangedOnceAndEverywhere(t *testing.T) {
	c := acme(t)
	c.PutTag(wecomtest.Tag{ID: 5, Name: "Board", Members: []string{"BOSS"}})
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{2}, Members: []string{"boss"}, Tags: []int64{5}})
	v := visit(t, c, appSecret)
	must(t, c.RenameMember("boss", "chief"))
	v.refused("user/get?userid=boss", wecomtest.NoMember)
	v.expect("tag/get?tagid=5", `{"errcode":0,"errmsg":"ok","tagname":"Board","userlist":[{"userid":"chief","name":"Name of boss"}],"partylist":[]}`)
	v.expect("department/get?id=2", `{"errcode":0,"errmsg":"ok","department":
		{"id":2,"name":"Sales","name_en":"sales","department_leader":["Lisi","chief"],"parentid":1,"order":2147483648}}`)
	if got := v.get("user/get?userid=lisi"); fmt.Sprint(got["direct_leader"]) != "[chief]" {
		t.Errorf("user/get answers %v, want the new userid of the leader", got)
	}
	for _, c := range []struct{ got, want error }{
		{c.RenameMember("chief", "boss"), wecomtest.RenamedBefore},
		{c.RenameMember("boss", "x"), wecomtest.NoMember},
		{c.RenameMember("qianqi", "LISI"), wecomtest.UserIDTaken},
		{c.RenameMember("qianqi", "?"), wecomtest.BadUserID},
		{c.RenameMember("qianqi", "QianQi"), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("RenameMember() = %v, want %v", c.got, c.want)
		}
	}
}

func TestARemovedDepartmentTakesAlongWhatIsBelowIt(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{1}})
	v := visit(t, c, appSecret)
	must(t, c.RemoveDepartment(2))
	v.refused("department/get?id=3", wecomtest.NoDepartment)
	for userID, want := range map[string]string{"lisi": "[1]", "zhaoliu": "[1]", "wangwu": "[4]"} {
		if got := v.get("user/get?userid=" + userID); fmt.Sprint(got["department"]) != want {
			t.Errorf("%s is in %v, want %s", userID, got["department"], want)
		}
	}
	if got := c.RemoveDepartment(1); !errors.Is(got, wecomtest.NoDepartment) {
		t.Errorf("RemoveDepartment(1) = %v, want %v", got, wecomtest.NoDepartment)
	}
}
