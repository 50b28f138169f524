package wecomtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

const (
	corpID     = "ww5823bf96d3bd56c7"
	appSecret  = "secret-of-the-app"
	syncSecret = "secret-of-contacts-sync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// acme is a small company, which an app of today may read from Sales down.
//
//	1 Acme: boss
//	├── 2 Sales: Lisi (leader), wangwu (also in 4)
//	│   └── 3 Field Sales: zhaoliu
//	└── 4 R&D: wangwu, qianqi
func acme(t *testing.T) *wecomtest.Company {
	t.Helper()
	c := wecomtest.NewCompany(corpID, "Acme")
	must(t,
		c.PutDepartment(wecomtest.Department{ID: 2, Name: "Sales", NameEN: "sales", ParentID: 1, Order: 1 << 31, Leaders: []string{"lisi", "boss"}}),
		c.PutDepartment(wecomtest.Department{ID: 3, Name: "Field Sales", ParentID: 2}),
		c.PutDepartment(wecomtest.Department{ID: 4, Name: "R&D", ParentID: 1}),
		c.PutMember(member("boss", 1)),
		c.PutMember(wecomtest.Member{
			UserID: "Lisi", Name: "李四", Places: []wecomtest.Place{{Department: 2, Order: 7, Leader: true}}, Gender: "2",
			Mobile: "13800000000", Email: "lisi@example.com", BizMail: "lisi@example.wecom.work", Address: "广州", Avatar: "https://example.com/0",
			Position: "Head of Sales", DirectLeaders: []string{"boss"},
			ExtAttr: []wecomtest.Attr{{Name: "工号", Value: "E1"}, {Name: "Blog", Value: "Mine", URL: "https://example.com"}},
		}),
		c.PutMember(member("wangwu", 4, 2)),
		c.PutMember(member("zhaoliu", 3)),
		c.PutMember(member("qianqi", 4)),
	)
	c.PutApp(wecomtest.App{AgentID: 1000002, Name: "Directory", Secret: appSecret, Departments: []int64{2}, Withholds: true})
	return c
}

func member(userID string, departments ...int64) wecomtest.Member {
	m := wecomtest.Member{UserID: userID, Name: "Name of " + userID}
	for _, id := range departments {
		m.Places = append(m.Places, wecomtest.Place{Department: id})
	}
	return m
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A visitor asks the simulator as anybody with a secret would.
type visitor struct {
	*wecomtest.Server
	t     *testing.T
	http  *http.Client
	token string
}

// visit serves the company and gets a token.
func visit(t *testing.T, c *wecomtest.Company, secret string) *visitor {
	t.Helper()
	v := &visitor{Server: wecomtest.Start(c), t: t, http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		v.http.CloseIdleConnections()
		v.Close()
	})
	v.login(secret)
	return v
}

func (v *visitor) login(secret string) {
	v.t.Helper()
	got := v.ask(http.MethodGet, "gettoken", url.Values{"corpid": {corpID}, "corpsecret": {secret}}, "")
	v.token, _ = got["access_token"].(string)
	if v.token == "" {
		v.t.Fatalf("gettoken answers %v", got)
	}
}

// An answer is the body of one.
type answer map[string]any

func (a answer) code() int {
	code, _ := a["errcode"].(float64)
	return int(code)
}

// get makes a call, "department/get?id=2", with the token.
func (v *visitor) get(call string) answer {
	v.t.Helper()
	name, parameters, _ := strings.Cut(call, "?")
	query, err := url.ParseQuery(parameters)
	must(v.t, err)
	query.Set("access_token", v.token)
	return v.ask(http.MethodGet, name, query, "")
}

func (v *visitor) ask(method, call string, query url.Values, body string) answer {
	v.t.Helper()
	response, err := v.http.Do(v.request(method, call, query, body))
	must(v.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(v.t, err)
	var got answer
	if err := json.Unmarshal(text, &got); err != nil || response.StatusCode != http.StatusOK {
		v.t.Fatalf("%s answers %s: %s", call, response.Status, text)
	}
	return got
}

func (v *visitor) request(method, call string, query url.Values, body string) *http.Request {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.URL()+"/cgi-bin/"+call+"?"+query.Encode(), strings.NewReader(body))
	must(v.t, err)
	return r
}

// expect holds what a call answers to JSON.
func (v *visitor) expect(call, want string) {
	v.t.Helper()
	var wanted answer
	must(v.t, json.Unmarshal([]byte(want), &wanted))
	if diff := cmp.Diff(wanted, v.get(call)); diff != "" {
		v.t.Errorf("%s mismatch (-want +got):\n%s", call, diff)
	}
}

// refused holds what a call answers to an errcode.
func (v *visitor) refused(call string, code wecomtest.Code) {
	v.t.Helper()
	if got := v.get(call); got.code() != int(code) {
		v.t.Errorf("%s answers %v, want %v", call, got, code)
	}
}
