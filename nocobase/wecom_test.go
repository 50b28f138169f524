//go:build nocobase

package nocobase_test

import (
	"testing"

	"github.com/nocobase-roster/roster/nocobase/host"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// What the made-up company is read and called with.
const (
	corpID        = "ww5823bf96d3bd56c7"
	corpSecret    = "secret-hush"
	peopleSecret  = "contacts-hush"
	callbackToken = "tokenhush"
	callbackKey   = "hushhushhushhushhushhushhushhushhushhushhus"
)

// A wecom is a made-up company of a department, with a simulated WeCom.
type wecom struct {
	*wecomtest.Company
	server *wecomtest.Server
}

func newWeCom(t *testing.T, people ...string) *wecom {
	t.Helper()
	c := wecomtest.NewCompany(corpID, "Acme")
	if err := c.PutDepartment(wecomtest.Department{ID: 2, Name: "Workshop", ParentID: 1}); err != nil {
		t.Fatal(err)
	}
	w := &wecom{Company: c}
	for _, name := range people {
		w.hires(t, name)
	}
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: corpSecret, Departments: []int64{1}})
	c.PutContacts(wecomtest.Contacts{Secret: peopleSecret})
	w.server = wecomtest.Start(c)
	t.Cleanup(w.server.Close)
	return w
}

func (w *wecom) hires(t *testing.T, name string) {
	t.Helper()
	if err := w.PutMember(wecomtest.Member{UserID: name, Name: "Person " + name, Places: []wecomtest.Place{{Department: 2}}}); err != nil {
		t.Fatal(err)
	}
}

// calls has WeCom tell an address of changes, once that has proved whose it is.
func (w *wecom) calls(t *testing.T, address string) {
	t.Helper()
	if err := w.SetCallback(wecomtest.Callback{URL: address, Token: callbackToken, AESKey: callbackKey}); err != nil {
		t.Fatal(err)
	}
}

func (w *wecom) options() host.Values {
	return host.Values{
		"corpId": corpID, "agentId": 1000002, "secret": corpSecret, "baseUrl": w.server.URL(),
		"callbackToken": callbackToken, "callbackAESKey": callbackKey,
	}
}
