package wecom_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// tested is a company of two, of whom much is known.
func tested(t *testing.T) *company {
	c := newCompany(t)
	c.PutContacts(wecomtest.Contacts{Secret: contactsSecret})
	c.options["contactsSecret"] = contactsSecret
	c.options["callbackToken"], c.options["callbackAESKey"] = "token", strings.Repeat("k", 43)
	c.options["fields"] = object{"users": object{"staffNumber": "extattr.工号"}}
	must(c.PutMember(wecomtest.Member{
		UserID: "ada", Name: "Ada", Email: "ada@example.com", Mobile: "13800000000", Gender: "2", Position: "Engineer",
		Places: []wecomtest.Place{{Department: 4}}, ExtAttr: []wecomtest.Attr{{Name: "工号", Value: "7"}},
	}))
	must(c.PutMember(wecomtest.Member{UserID: "ben", Name: "Ben", Places: []wecomtest.Place{{Department: 2}}}))
	return c
}

// check gives the steps of a test of the source, a line each.
func (c *company) check(t *testing.T) (steps map[string]string, sample []plugin.Record) {
	t.Helper()
	checked, err := c.open(t).(plugin.Checker).Check(t.Context())
	if err != nil {
		t.Fatalf("Check() = %v", err)
	}
	steps = map[string]string{}
	for _, s := range checked.Steps {
		steps[s.Name] = fmt.Sprintf("%s: %s (%s)", map[bool]string{true: "ok", false: "failed"}[s.OK], s.Message, s.Hint)
		for _, private := range []string{"s3cr3t", "access_token", "corpsecret", "example.com", "13800000000"} {
			if strings.Contains(steps[s.Name], private) {
				t.Errorf("step %s says %q: %s", s.Name, private, steps[s.Name])
			}
		}
		if !s.OK && s.Hint == "" {
			t.Errorf("step %s failed without a hint", s.Name)
		}
	}
	return steps, checked.Sample
}

func TestCheckSaysWhatItFound(t *testing.T) {
	steps, sample := tested(t).check(t)
	want := map[string]string{
		"token":           "ok: WeCom takes the Corp ID and the Secret ()",
		"trusted IP":      "ok: WeCom answers this machine ()",
		"application":     `ok: "App", AgentId 1000002 ()`,
		"visible range":   "ok: 1 departments with what is below them, 0 people and 0 tags ()",
		"departments":     "ok: 4 can be seen, 4 of them are to be synchronized ()",
		"people":          "ok: 2 in 4 departments were looked at ()",
		"fields":          "ok: name: 2 of 2, alias: 0 of 2, position: 1 of 2, telephone: 0 of 2, direct_leader: 0 of 2, mobile: 1 of 2, email: 1 of 2, biz_mail: 0 of 2, gender: 1 of 2, avatar: 0 of 2, address: 0 of 2, extattr.工号: 1 of 2 ()",
		"mapping":         "ok: email: 1 of 2, nickname: 2 of 2, phone: 1 of 2, staffNumber: 1 of 2, username: 2 of 2 ()",
		"contacts secret": "ok: it gives the ids of all members ()",
		"callback":        "ok: it is set up; WeCom's console tries the address when it is saved there ()",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("Check() mismatch (-want +got):\n%s", diff)
	}
	if len(sample) != 6 {
		t.Errorf("the sample has %d records, want 4 departments and 2 people", len(sample))
	}
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*company)
		step   string // that says so
		want   string
		ends   bool // those after it are not tried
	}{
		"a wrong secret":          {func(c *company) { c.options["secret"] = "guess-s3cr3t" }, "token", "failed: ask gettoken: WeCom answered 40001, the secret is wrong", true},
		"a wrong corp":            {func(c *company) { c.options["corpId"] = "ww0" }, "token", "failed: ask gettoken: WeCom answered 40013, the Corp ID is wrong", true},
		"nobody answers":          {func(c *company) { c.options["baseUrl"] = "http://127.0.0.1:1" }, "token", "failed: ask gettoken: dial tcp", true},
		"a strange machine":       {app(func(a *wecomtest.App) { a.TrustedIPs = []string{"203.0.113.7"} }), "trusted IP", "(add 127.0.0.1 under the application", true},
		"a disabled app":          {app(func(a *wecomtest.App) { a.Disabled = true }), "application", "failed: ask agent/get: WeCom answered 50003, the application is disabled", true},
		"another AgentId":         {func(c *company) { c.options["agentId"] = "7" }, "application", "failed: ask agent/get: WeCom answered", true},
		"no AgentId":              {func(c *company) { delete(c.options, "agentId") }, "application", "ok: its AgentId is not set", false},
		"no range":                {app(func(a *wecomtest.App) { a.Departments = nil }), "visible range", "failed: the visible range of the application is empty", true},
		"a part of the company":   {app(func(a *wecomtest.App) { a.Departments = []int64{3} }), "visible range", "(the company itself, department 1, is not in", false},
		"people alone":            {app(func(a *wecomtest.App) { a.Departments, a.Members = nil, []string{"ada"} }), "people", "ok: 1 who is visible alone", false},
		"a busy system":           {func(c *company) { c.wecom.Fail("department/list", -1, -1) }, "departments", "failed: ask department/list: WeCom answered -1", true},
		"a wrong top":             {func(c *company) { c.options["rootDepartment"] = 9 }, "departments", "failed: option /rootDepartment", true},
		"no such department":      {func(c *company) { c.options["includeDepartments"] = []int{2, 9} }, "departments", "includeDepartments of department 9", false},
		"too many":                {func(c *company) { c.wecom.Fail("department/list", 45029, -1) }, "departments", "(4 came without a name", false},
		"members are refused":     {func(c *company) { c.wecom.Fail("user/list", 60011, -1) }, "people", "failed: ask user/list: WeCom answered 60011", true},
		"nobody":                  {func(c *company) { must(c.RemoveMember("ada")); must(c.RemoveMember("ben")) }, "people", "ok: nobody was found (look at", false},
		"what is withheld":        {app(func(a *wecomtest.App) { a.Withholds = true }), "fields", "email: 0 of 2, biz_mail: 0 of 2, gender: 0 of 2, avatar: 0 of 2, address: 0 of 2, extattr.工号: 1 of 2 (this application was made after 2022-06-20, so WeCom withholds mobile, email", false},
		"a misspelt field":        {func(c *company) { c.options["fields"] = object{"users": object{"staffNumber": "extattr.工"}} }, "mapping", "(nobody who was looked at has what staffNumber is made of", false},
		"a wrong contacts secret": {func(c *company) { c.options["contactsSecret"] = secret }, "contacts secret", "failed: ask user/list_id: WeCom answered 480", true},
		"no contacts secret":      {func(c *company) { delete(c.options, "contactsSecret") }, "contacts secret", "ok: not set", false},
		"half of a callback":      {func(c *company) { delete(c.options, "callbackToken") }, "callback", "failed: callbackToken is missing", false},
		"no callback":             {func(c *company) { delete(c.options, "callbackToken"); delete(c.options, "callbackAESKey") }, "callback", "ok: not set up", false},
	} {
		t.Run(name, func(t *testing.T) {
			company := tested(t)
			c.change(company)
			steps, _ := company.check(t)
			if !strings.Contains(steps[c.step], c.want) {
				t.Errorf("step %s says %s\nwant %s", c.step, steps[c.step], c.want)
			}
			if untried := strings.Contains(fmt.Sprint(steps), "not tried"); untried != (c.ends && c.step != "contacts secret") || len(steps) != 10 {
				t.Errorf("the steps are %v", steps)
			}
		})
	}
}

// app changes the application.
func app(change func(*wecomtest.App)) func(*company) {
	return func(c *company) {
		a := wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}}
		change(&a)
		c.PutApp(a)
	}
}

func TestCheckLooksAtPeopleFromAllOverTheCompany(t *testing.T) {
	c := &company{Company: wecomtest.Crowd(3000, 200)}
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}})
	c.start(t)
	c.options["corpId"] = c.ID()
	steps, sample := c.check(t)
	if !strings.HasPrefix(steps["people"], "ok: 50 in ") || len(sample) != 10 {
		t.Errorf("step people says %s, the sample has %d records", steps["people"], len(sample))
	}
	if n := c.wecom.Calls(""); n > 30 {
		t.Errorf("a test takes %d calls", n)
	}
}
