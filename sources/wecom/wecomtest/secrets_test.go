package wecomtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func (v *visitor) gettoken(corpID, secret string) int {
	v.t.Helper()
	query := url.Values{}
	for name, value := range map[string]string{"corpid": corpID, "corpsecret": secret} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return v.ask(http.MethodGet, "gettoken", query, "").code()
}

func TestATokenIsGivenForTheRightSecretOnly(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	for _, c := range []struct {
		corpID, secret string
		want           wecomtest.Code
	}{
		{corpID, appSecret, 0},
		{corpID, "wrong", wecomtest.BadSecret},
		{"ww0000000000000000", appSecret, wecomtest.BadCorpID},
		{"", appSecret, wecomtest.NoCorpID},
		{corpID, "", wecomtest.NoSecret},
	} {
		if got := v.gettoken(c.corpID, c.secret); got != int(c.want) {
			t.Errorf("gettoken of %q and %q answers %d, want %v", c.corpID, c.secret, got, c.want)
		}
	}
}

func TestWhoComesWithWrongSecretsAgainAndAgainIsBlocked(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	for range 10 {
		if got := v.gettoken(corpID, "wrong"); got != int(wecomtest.BadSecret) {
			t.Fatalf("gettoken answers %d", got)
		}
	}
	if got := v.gettoken(corpID, appSecret); got != int(wecomtest.CallLimit) {
		t.Errorf("gettoken with the right secret answers %d after ten wrong ones, want %v", got, wecomtest.CallLimit)
	}
	if got := v.get("department/list"); got.code() != 0 {
		t.Errorf("a token from before does not work any more: %v", got)
	}
}

func TestTheTokenIsTheSameWhileItIsValid(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	first := v.token
	if v.login(appSecret); v.token != first {
		t.Error("gettoken gives another token while the first is valid")
	}
	v.ExpireTokens()
	v.refused("department/list", wecomtest.TokenExpired)
	if v.login(appSecret); v.token == first {
		t.Error("gettoken gives a token that has expired")
	}
	second := v.token
	v.RevokeTokens()
	v.refused("department/list", wecomtest.BadToken)
	if v.login(appSecret); v.token == second {
		t.Error("gettoken gives a token that was revoked")
	}
	if got := v.get("department/list"); got.code() != 0 {
		t.Errorf("department/list answers %v with a new token", got)
	}
}

func TestATokenEndsWithItsSecret(t *testing.T) {
	c := acme(t)
	v := visit(t, c, appSecret)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: "reset", Departments: []int64{2}})
	v.refused("department/list", wecomtest.BadToken)
}

func TestTheTokenIsTakenFromTheQueryOnly(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	r := v.request(http.MethodPost, "department/list", nil, "access_token="+v.token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+v.token)
	response, err := v.http.Do(r)
	must(t, err)
	defer response.Body.Close()
	var got answer
	must(t, decode(response, &got))
	if got.code() != int(wecomtest.NoToken) {
		t.Errorf("department/list answers %v, want %v", got, wecomtest.NoToken)
	}
}

func TestErrorsComeWithStatus200AndEmptyLists(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	v.token = "made up"
	for call, list := range map[string]string{
		"department/list": "department", "department/simplelist": "department_id",
		"user/list": "userlist", "user/simplelist": "userlist", "user/list_id": "dept_user",
	} {
		got := v.get(call)
		if got.code() != int(wecomtest.BadToken) || !cmp.Equal(got[list], []any{}) {
			t.Errorf("%s answers %v, want %v and an empty %s", call, got, wecomtest.BadToken, list)
		}
	}
	v.refused("no/such/call", wecomtest.BadAddress)
}

func TestAnAddressThatIsNotTrustedIsToldAtTheFirstCall(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{2}, TrustedIPs: []string{"192.0.2.1"}})
	v := visit(t, c, appSecret) // gettoken does not look
	got := v.get("department/list")
	text, _ := got["errmsg"].(string)
	if got.code() != int(wecomtest.NotTrustedIP) || !strings.Contains(text, "from ip: 127.0.0.1,") || !strings.Contains(text, "hint: [") {
		t.Errorf("department/list answers %v, want %v and the address", got, wecomtest.NotTrustedIP)
	}
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{2}, TrustedIPs: []string{"192.0.2.1", "127.0.0.1"}})
	if got := v.get("department/list"); got.code() != 0 {
		t.Errorf("department/list answers %v from a trusted address", got)
	}
}

func TestAnAppKnowsItselfOnly(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1000003, Secret: "of another"})
	v := visit(t, c, appSecret)
	v.expect("agent/get?agentid=1000002", `{"errcode":0,"errmsg":"ok","agentid":1000002,"name":"Directory","close":0,"allow_partys":{"partyid":[2]}}`)
	v.refused("agent/get?agentid=1000003", wecomtest.OtherApp)
	v.refused("agent/get?agentid=7", wecomtest.BadAgent)
	v.refused("agent/get?agentid=x", wecomtest.BadAgent)
	v.refused("agent/get", wecomtest.NoAgent)
}

func TestADisabledAppMayAskAboutItselfOnly(t *testing.T) {
	c := acme(t)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{2}, Disabled: true})
	v := visit(t, c, appSecret)
	if got := v.get("agent/get?agentid=1000002"); got["close"] != 1.0 {
		t.Errorf("agent/get answers %v, want close: 1", got)
	}
	for _, call := range []string{"department/list", "department/get?id=2", "user/list?department_id=2", "user/get?userid=lisi", "tag/get?tagid=1"} {
		v.refused(call, wecomtest.AppDisabled)
	}
}
