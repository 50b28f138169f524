package wecomtest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// change asks /simulator/ for something and gives the status and the body.
func (v *visitor) change(method, path, body string) (int, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.URL()+"/simulator/"+path, strings.NewReader(body))
	must(v.t, err)
	response, err := v.http.Do(r)
	must(v.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(v.t, err)
	return response.StatusCode, string(text)
}

func TestTheCompanyIsChangedOverHTTP(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	r := receive(t, nil)
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "departments", `{"id":9,"name":"Lab","parentId":2,"order":5,"leaders":["newbie"]}`},
		{"DELETE", "departments/3", ""},
		{"PUT", "members", `{"userid":"newbie","name":"New","places":[{"department":9,"leader":true}],"extAttr":[{"name":"No","value":"1"}]}`},
		{"POST", "members/newbie/rename", `{"userid":"oldie"}`},
		{"DELETE", "members/wangwu", ""},
		{"PUT", "tags", `{"id":5,"name":"Board","members":["boss"]}`},
		{"PUT", "apps", `{"agentId":1000002,"name":"Directory","secret":"` + appSecret + `","departments":[2],"tags":[5],"withholds":true}`},
		{"PUT", "contacts", `{"secret":"` + syncSecret + `"}`},
		{"PUT", "callback", `{"url":"` + r.URL + `?source=3","token":"` + callbackToken + `","aesKey":"` + callbackKey + `"}`},
		{"DELETE", "members/qianqi", ""},
	} {
		if status, text := v.change(c.method, c.path, c.body); status != http.StatusNoContent {
			t.Errorf("%s %s answers %d %s", c.method, c.path, status, text)
		}
	}
	v.expect("department/list?id=2", `{"errcode":0,"errmsg":"ok","department":[
		{"id":2,"name":"Sales","name_en":"sales","department_leader":["Lisi","boss"],"parentid":1,"order":2147483648},
		{"id":9,"name":"Lab","department_leader":["oldie"],"parentid":2,"order":5}]}`)
	v.expect("user/simplelist?department_id=9", `{"errcode":0,"errmsg":"ok","userlist":[{"userid":"oldie","name":"New","department":[9]}]}`)
	v.refused("user/get?userid=wangwu", wecomtest.NoMember)
	v.refused("user/get?userid=boss", 0) // by the tag
	if told := r.told(v.Server); len(told) != 1 || told[0] != "delete_user <UserID><![CDATA[qianqi]]></UserID>" {
		t.Errorf("the callback is told %q", told)
	}
	if _, text := v.change("GET", "", ""); !strings.Contains(text, `"people":4,"departments":4,`) || !strings.Contains(text, `"accepted":1,`) {
		t.Errorf("GET /simulator/ answers %s", text)
	}
	v.login(syncSecret)
}

func TestFaultsAreMadeOverHTTP(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	order := func(method, path, body string) {
		t.Helper()
		if status, text := v.change(method, path, body); status != http.StatusNoContent {
			t.Errorf("%s %s answers %d %s", method, path, status, text)
		}
	}
	order("POST", "faults", `{"call":"user/get","code":-1}`)
	v.refused("user/get?userid=lisi", -1)
	v.refused("user/get?userid=lisi", 0)
	order("POST", "faults", `{"call":"user/get","code":45009,"times":-1}`)
	order("POST", "faults", `{"call":"user/list","slowMs":1,"times":1}`)
	order("POST", "faults", `{"call":"user/list","cut":true,"times":0}`)
	v.refused("user/list?department_id=2", 0)
	v.refused("user/get?userid=lisi", wecomtest.CallLimit)
	order("DELETE", "faults", "")
	v.refused("user/get?userid=lisi", 0)
	order("POST", "tokens/expire", "")
	v.refused("user/get?userid=lisi", wecomtest.TokenExpired)
	order("POST", "tokens/revoke", "")
	v.refused("user/get?userid=lisi", wecomtest.BadToken)
}

func TestWhatCannotBeChangedIsSaid(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	for _, c := range []struct{ method, path, body, want string }{
		{"PUT", "departments", `{"id":9,"name":"Lab","parentId":77}`, "60004: parent department not found\n"},
		{"PUT", "departments", `{"id":9,"nome":"Lab"}`, "json: unknown field \"nome\"\n"},
		{"PUT", "departments", `{`, "unexpected EOF\n"},
		{"DELETE", "departments/x", "", "60003: department not found\n"},
		{"DELETE", "members/nobody", "", "60111: userid not found\n"},
		{"PUT", "callback", `{"url":"http://192.0.2.1"}`, "the token is not 1 to 32 letters and digits\n"},
	} {
		if status, text := v.change(c.method, c.path, c.body); status != http.StatusBadRequest || text != c.want {
			t.Errorf("%s %s answers %d %q, want 400 %q", c.method, c.path, status, text, c.want)
		}
	}
}
