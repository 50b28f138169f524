package kestrel

import (
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// What WeCom's console shows an administrator of the company, to be copied into
// the settings of a source.
const (
	CorpID                       = "ww5823bf96d3bd56c7"
	AgentID                      = 1000002
	Secret         plugin.Secret = "kestrel-2f9c"
	CallbackToken  plugin.Secret = "kestrelCallback"
	CallbackAESKey plugin.Secret = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
)

// MailField is the extended attribute that addresses are kept in: WeCom withholds
// its own from apps that are made today.
const MailField = "mail"

// Tenant is the company as WeCom keeps it. What happens to one happens to the
// other.
func (c *Company) Tenant() *wecomtest.Company { return c.tenant }

// Show has Roster's app see the departments of these regions, and nothing else.
func (c *Company) Show(regions ...Department) {
	app := wecomtest.App{AgentID: AgentID, Name: "Roster", Secret: Secret.Reveal(), Withholds: true}
	for _, r := range regions {
		app.Departments = append(app.Departments, r.ID)
	}
	c.tenant.PutApp(app)
}

// Call has WeCom tell an address of what happens from now on, once that has shown
// that it can read what it is told.
func (c *Company) Call(url string) error {
	return c.tenant.SetCallback(wecomtest.Callback{URL: url, Token: CallbackToken.Reveal(), AESKey: CallbackAESKey.Reveal()})
}

// put keeps a department in WeCom.
func (c *Company) put(d Department) {
	must(c.tenant.PutDepartment(wecomtest.Department{ID: d.ID, Name: d.Name, ParentID: d.Parent, Order: uint32(1e6 - d.ID)}))
}

// employ keeps a person in WeCom.
func (c *Company) employ(p Person) {
	m := wecomtest.Member{UserID: p.Login, Name: p.Name, ExtAttr: []wecomtest.Attr{{Name: MailField, Value: p.Mail}}}
	for _, at := range p.Positions {
		m.Places = append(m.Places, wecomtest.Place{Department: at.Department, Leader: at.Leads})
	}
	must(c.tenant.PutMember(m))
}

// must stops at what WeCom would not have: the company would be made up wrongly.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
