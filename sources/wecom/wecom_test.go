package wecom_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/sources/wecom"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

const (
	units  = 12 // departments below the company
	staff  = 3  // people in each
	inPage = 10

	callbackToken = "QDG6eKofTheTest"
	callbackKey   = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	news          = `<xml><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>delete_user</ChangeType><UserID>User02-0</UserID></xml>`
)

// system is a company for the checks, whose departments are small beside a page,
// as in life.
func system(t plugintest.T) plugintest.System {
	c := &company{Company: wecomtest.NewCompany(corpID, "Acme Corporation")}
	app := wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}}
	c.PutApp(app)
	c.PutContacts(wecomtest.Contacts{Secret: contactsSecret})
	var departments, users []plugin.Record
	put := func(id int, name, parent string, rank int) {
		attrs := object{"title": name, "sort": rank, "parentUid": nil}
		if parent != "" {
			attrs["parentUid"] = parent
			c.department(int64(id), name, 1, 0)
			app.Departments = append(app.Departments, int64(id))
		}
		departments = append(departments, plugin.Record{Type: plugin.Department, UID: fmt.Sprint(id), Attrs: attrs})
	}
	put(1, "Acme Corporation", "", 1)
	for id := 2; id < 2+units; id++ {
		put(id, fmt.Sprintf("Department No. %d", id), "1", id-1)
		for n := range staff {
			uid := fmt.Sprintf("user%02d-%d", id, n)
			must(c.PutMember(wecomtest.Member{UserID: "U" + uid[1:], Name: "Name of " + uid, Email: uid + "@example.com", Places: []wecomtest.Place{{Department: int64(id), Leader: n == 0}}}))
			users = append(users, plugin.Record{Type: plugin.User, UID: uid, Attrs: object{
				"nickname": "Name of " + uid, "username": "U" + uid[1:], "email": uid + "@example.com",
				"departments": []object{{"uid": fmt.Sprint(id), "isMain": true, "isOwner": n == 0}},
			}})
		}
	}
	c.start(t)
	c.options["concurrency"], c.options["contactsSecret"] = 1, contactsSecret
	c.options["callbackToken"], c.options["callbackAESKey"] = callbackToken, callbackKey
	return plugintest.System{
		Type: wecom.Driver().Type,
		Open: func(log *zap.Logger) (plugin.Source, error) {
			source, err := open(c.options, log)
			if err == nil {
				wecom.SetPage(source, inPage)
			}
			return source, err
		},
		Holds: append(departments, users...), Secrets: []string{secret, contactsSecret, callbackToken, callbackKey},
		Served: func() int {
			return (c.wecom.Calls("department/list")*len(departments) + c.wecom.Calls("user/list")*staff) / inPage
		},
		Break:  func(times int) { c.wecom.Fail("", -1, times) },
		Stall:  c.wecom.Stall,
		Remove: func(ref plugin.Ref) { must(c.RemoveMember(ref.UID)) },
		Hide: func(plugin.Ref) {
			app.Departments = app.Departments[1 : len(app.Departments)-1]
			c.PutApp(app)
		},
		Genuine: func() (plugin.Callback, []plugin.Event) {
			return wecom.Posted(callbackToken, callbackKey, news, corpID), []plugin.Event{{Type: plugin.User, UID: "user02-0", Gone: true, Key: wecom.Digest(news)}}
		},
		Forged: func() plugin.Callback { return wecom.Posted("Guessed", callbackKey, news, corpID) },
	}
}

func TestWeComKeepsAllPromises(t *testing.T) {
	began := time.Now()
	plugintest.TestSource(t, system)
	t.Logf("it took %v", time.Since(began))
}
