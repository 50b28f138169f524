package wecomtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func decode(response *http.Response, into any) error {
	return json.NewDecoder(response.Body).Decode(into)
}

func (v *visitor) listID(body string) answer {
	v.t.Helper()
	return v.ask(http.MethodPost, "user/list_id", url.Values{"access_token": {v.token}}, body)
}

func TestContactsSyncReadsIdsOfTheWholeCompanyAndNoMore(t *testing.T) {
	c := acme(t)
	c.PutContacts(wecomtest.Contacts{Secret: syncSecret})
	v := visit(t, c, syncSecret)
	v.expect("department/simplelist", `{"errcode":0,"errmsg":"ok","department_id":[
		{"id":1,"parentid":0,"order":0},{"id":2,"parentid":1,"order":2147483648},{"id":3,"parentid":2,"order":0},{"id":4,"parentid":1,"order":0}]}`)
	if got := v.listID(`{}`); got.code() != 0 {
		t.Errorf("user/list_id answers %v", got)
	}
	for _, call := range []string{"department/list", "department/get?id=2", "user/list?department_id=2", "user/simplelist?department_id=2", "user/get?userid=lisi", "agent/get?agentid=1000002", "tag/get?tagid=1"} {
		v.refused(call, wecomtest.ContactsOnly)
	}
}

func TestContactsSyncOfBefore2022ReadsEverything(t *testing.T) {
	c := acme(t)
	c.PutContacts(wecomtest.Contacts{Secret: syncSecret, Legacy: true})
	v := visit(t, c, syncSecret)
	if got := v.get("user/get?userid=lisi"); got["mobile"] != "13800000000" {
		t.Errorf("user/get answers %v", got)
	}
	if got := v.get("department/list"); len(got["department"].([]any)) != 4 {
		t.Errorf("department/list answers %v", got)
	}
	v.refused("agent/get?agentid=1000002", wecomtest.OtherApp)
}

func TestContactsSyncHasTrustedAddressesOfItsOwn(t *testing.T) {
	c := acme(t)
	c.PutContacts(wecomtest.Contacts{Secret: syncSecret, TrustedIPs: []string{}})
	v := visit(t, c, syncSecret)
	v.refused("department/simplelist", wecomtest.NotTrustedIP)
}

func TestAnAppMayNotListAllIds(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	if got := v.listID(`{}`); got.code() != int(wecomtest.NoPermission) {
		t.Errorf("user/list_id answers %v, want %v", got, wecomtest.NoPermission)
	}
}

func TestAllIdsComeInPages(t *testing.T) {
	c := acme(t)
	c.PutContacts(wecomtest.Contacts{Secret: syncSecret})
	v := visit(t, c, syncSecret)
	var rows []string
	body := `{"limit":4}`
	for page := 0; ; page++ {
		got := v.listID(body)
		for _, row := range got["dept_user"].([]any) {
			rows = append(rows, fmt.Sprint(row.(map[string]any)["userid"], row.(map[string]any)["department"]))
		}
		cursor, more := got["next_cursor"]
		if !more {
			break
		}
		if page == 0 {
			must(t, c.RemoveMember("boss")) // behind the cursor: nothing is left out
		}
		body = fmt.Sprintf(`{"limit":4,"cursor":%q}`, cursor)
	}
	want := []string{"boss1", "Lisi2", "qianqi4", "wangwu2", "wangwu4", "zhaoliu3"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("user/list_id mismatch (-want +got):\n%s", diff)
	}
}

func TestPagesThatAreNone(t *testing.T) {
	c := acme(t)
	c.PutContacts(wecomtest.Contacts{Secret: syncSecret})
	v := visit(t, c, syncSecret)
	for body, want := range map[string]wecomtest.Code{
		``:                       0,
		`{"cursor":"made up"}`:   wecomtest.BadCursor,
		`{"limit":0}`:            wecomtest.BadParameter,
		`{"limit":10001}`:        wecomtest.BadParameter,
		`{"limit":"a thousand`:   wecomtest.BadParameter,
		`{"limit":10000}`:        0,
		`{"cursor":"","more":1}`: 0,
	} {
		if got := v.listID(body); got.code() != int(want) {
			t.Errorf("user/list_id of %s answers %v, want %d", body, got, int(want))
		}
	}
	v.refused("user/list_id", wecomtest.PostWanted)
}
