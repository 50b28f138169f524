package wecom_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// full is a member with all that there is.
func full() wecomtest.Member {
	return wecomtest.Member{
		UserID: "ZhangSan", Name: "张三", Places: []wecomtest.Place{{Department: 2, Leader: true}, {Department: 4}}, Main: 4, Position: "工程师",
		Mobile: "13800000000", Email: "z3@example.com", BizMail: "z3@corp.example.com", Gender: "1", Avatar: "http://wx.qlogo.cn/0", Alias: "jack",
		Telephone: "020-1", Address: "广州", DirectLeaders: []string{"lisi"}, ExtAttr: []wecomtest.Attr{{Name: "工号", Value: "E.7"}, {Name: "a.b", Value: "站", URL: "http://example.com"}},
	}
}

func TestMembersAreMapped(t *testing.T) {
	const places = `"departments":[{"isMain":false,"isOwner":true,"uid":"2"},{"isMain":true,"isOwner":false,"uid":"4"}]`
	for name, c := range map[string]struct {
		fields   map[string]string
		withheld bool
		want     string
	}{
		"by default":      {nil, false, `"email":"z3@corp.example.com","nickname":"张三","phone":"13800000000","uid":"zhangsan","username":"ZhangSan"`},
		"withheld":        {nil, true, `"nickname":"张三","uid":"zhangsan","username":"ZhangSan"`},
		"left out":        {map[string]string{"phone": "", "email": "", "nickname": ""}, false, `"uid":"zhangsan","username":"ZhangSan"`},
		"another field":   {map[string]string{"phone": "telephone", "email": "email", "nickname": "{name} ({alias})"}, false, `"email":"z3@example.com","nickname":"张三 (jack)","phone":"020-1","uid":"zhangsan","username":"ZhangSan"`},
		"extended":        {map[string]string{"phone": "", "email": "", "nickname": "", "no": "extattr.工号", "page": "/extattr/a.b", "none": "extattr.none"}, false, `"no":"E.7","page":"http://example.com","uid":"zhangsan","username":"ZhangSan"`},
		"what follows":    {map[string]string{"phone": "", "email": "", "nickname": "", "state": "state", "boss": "direct_leader.0", "sex": "gender"}, false, `"boss":"lisi","sex":"1","state":"active","uid":"zhangsan","username":"ZhangSan"`},
		"what is no more": {map[string]string{"phone": "", "email": "", "nickname": "", "sex": "gender", "face": "avatar", "home": "address"}, true, `"uid":"zhangsan","username":"ZhangSan"`},
		"constants":       {map[string]string{"phone": "", "email": "", "nickname": "", "kind": "=staff", "level": "=3"}, false, `"kind":"staff","level":3,"uid":"zhangsan","username":"ZhangSan"`},
	} {
		t.Run(name, func(t *testing.T) {
			company := newCompany(t)
			company.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}, Withholds: c.withheld})
			company.member("lisi", 2)
			must(company.PutMember(full()))
			company.options["fields"] = object{"users": c.fields}
			g := company.mustRead(t)
			g.expect(t, "")
			var got, want object
			must(json.Unmarshal([]byte(g.record(plugin.User, "zhangsan")), &got))
			must(json.Unmarshal([]byte("{"+places+","+c.want+"}"), &want))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Read() mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAStateFollowsFromTheStatus(t *testing.T) {
	for _, c := range []struct {
		status   int
		disabled string
		state    string // gone: a tombstone
	}{
		{1, "keep", "active"},
		{4, "keep", "active"},
		{-1, "keep", "active"},
		{2, "keep", "disabled"},
		{5, "keep", "gone"},
		{2, "left", "gone"},
		{1, "left", "active"},
		{4, "left", "active"},
		{5, "left", "gone"},
	} {
		company := newCompany(t)
		m := full()
		m.Status = c.status
		must(company.PutMember(m))
		company.options["disabledMembers"] = c.disabled
		company.options["fields"] = object{"users": object{"state": "state"}}
		for _, g := range []*got{company.mustRead(t), company.mustRead(t, user("zhangsan"))} {
			r := g.records[len(g.records)-1]
			state := fmt.Sprint(r.Attrs["state"])
			if r.Deleted {
				state = "gone"
			}
			if r.UID != "zhangsan" || state != c.state {
				t.Errorf("status %d with %s: %s is %s, want %s", c.status, c.disabled, r.UID, state, c.state)
			}
		}
	}
}

func TestAMemberOfManyDepartmentsComesOnce(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 2, 3, 4)
	c.member("Bob", 4, 1)
	g := c.mustRead(t)
	g.expect(t, "")
	if got := g.uids(plugin.User); got != "bob ann" || departmentsOf(g, "ann") != "2 3 4" || g.Counts[plugin.User] != 2 {
		t.Errorf("Read() = %s, %+v", got, g.Reading)
	}
}

// What WeCom's answers are like by its documentation and by what others have met.
func TestMembersAsTheyMayCome(t *testing.T) {
	for name, c := range map[string]struct{ theirs, want string }{
		"nothing but an id":      {`{"userid":"a"}`, `{"uid":"a","username":"a"}`},
		"empty is left out":      {`{"userid":"a","name":"","mobile":"","email":"","biz_mail":null,"department":[1]}`, `{"departments":[{"uid":"1"}],"uid":"a","username":"a"}`},
		"gender withheld":        {`{"userid":"a","gender":"0","department":[1]}`, `{"departments":[{"uid":"1"}],"uid":"a","username":"a"}`},
		"gender as a number":     {`{"userid":"a","gender":2,"department":[1]}`, `{"departments":[{"uid":"1"}],"sex":2,"uid":"a","username":"a"}`},
		"status as text":         {`{"userid":"a","status":"5","department":[1]}`, `{"isDeleted":true,"uid":"a"}`},
		"fewer leads":            {`{"userid":"a","department":[1,2],"is_leader_in_dept":[1]}`, `{"departments":[{"isOwner":true,"uid":"1"},{"uid":"2"}],"uid":"a","username":"a"}`},
		"main not visible":       {`{"userid":"a","department":[1],"main_department":9}`, `{"departments":[{"isMain":false,"uid":"1"}],"uid":"a","username":"a"}`},
		"in one that is to come": {`{"userid":"a","department":[1,9]}`, `{"departments":[{"uid":"1"},{"uid":"9"}],"uid":"a","username":"a"}`},
		"in none that is seen":   {`{"userid":"a","department":[]}`, `{"uid":"a","username":"a"}`},
	} {
		t.Run(name, func(t *testing.T) {
			g := answering(t, map[string]string{
				"department/list": `{"errcode":0,"department":[{"id":1,"name":"Acme","parentid":0,"order":4294967295},{"id":2,"name":"Two","parentid":1}]}`,
				"user/list":       `{"errcode":0,"errmsg":"ok","userlist":[` + c.theirs + `]}`,
			})
			var got, want object
			must(json.Unmarshal([]byte(g.record(plugin.User, "a")), &got))
			must(json.Unmarshal([]byte(c.want), &want))
			if diff := cmp.Diff(want, got); diff != "" || g.err != nil {
				t.Errorf("Read() = %v, mismatch (-want +got):\n%s", g.err, diff)
			}
		})
	}
}

// answering reads a WeCom of these answers.
func answering(t *testing.T, answers map[string]string, refs ...plugin.Ref) *got {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
		answer, ok := answers[call]
		switch {
		case call == "gettoken":
			answer = `{"errcode":0,"access_token":"t","expires_in":7200}`
		case !ok:
			answer = `{"errcode":0}`
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	options := object{"corpId": corpID, "agentId": agentID, "secret": secret, "contactsSecret": answers["contactsSecret"], "baseUrl": server.URL, "fields": object{"users": object{"sex": "gender"}}}
	source, err := open(options, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(source) })
	return readSource(t, source, plugin.Request{Only: refs})
}

// An answer without its list never looks like an empty one.
func TestAnswersWithoutAListAreDoubts(t *testing.T) {
	const departments = `{"errcode":0,"department":[{"id":1,"name":"Acme","parentid":0}]}`
	for _, list := range []string{`{"errcode":0}`, `{"errcode":0,"userlist":null}`, `{"errcode":0,"userlist":{}}`, `{"errcode":0,"userlist":[7]}`, `{"errcode":0,"userlist":[{"name":"x"}]}`} {
		answering(t, map[string]string{"department/list": departments, "user/list": list}).expect(t, "user/list")
	}
	answering(t, map[string]string{"department/list": departments, "user/list": `{"errcode":0,"userlist":[]}`}).expect(t, "")
}

func TestFieldsThatThereAreNone(t *testing.T) {
	for at, fields := range map[string]object{
		"/fields/users/nickname":        {"users": object{"nickname": "names"}},
		"/fields/users/email":           {"users": object{"email": "{name}{mial}"}},
		"/fields/users/phone":           {"users": object{"phone": "{name"}},
		"/fields/users/departments":     {"users": object{"departments": "department"}},
		"/fields/departments/title":     {"departments": object{"title": "extattr.x"}},
		"/fields/departments/isDeleted": {"departments": object{"isDeleted": "=true"}},
	} {
		_, err := open(object{"corpId": corpID, "secret": secret, "fields": fields}, zap.NewNop())
		expectKind(t, err, plugin.Config, at)
	}
}
