package wecom_test

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// counted is a company that the secret of contacts sync counts.
func counted(t *testing.T) *company {
	c := newCompany(t)
	c.PutContacts(wecomtest.Contacts{Secret: contactsSecret})
	c.options["contactsSecret"] = contactsSecret
	c.member("ann", 2)
	c.member("Bob", 3, 4)
	c.member("carl", 4)
	return c
}

func TestACensusThatAgreesIsComplete(t *testing.T) {
	c := counted(t)
	c.mustRead(t).expect(t, "")
	c.options["excludeDepartments"] = []int{2}
	c.mustRead(t).expect(t, "")
}

func TestWhoIsOutsideOfTheRangeIsCounted(t *testing.T) {
	c := counted(t)
	c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{4}})
	g := c.mustRead(t)
	if got := strings.Join(g.Warnings, "\n"); !g.Complete || !strings.HasPrefix(got, "1 people of the company are outside of the visible range") {
		t.Errorf("Read() = %+v, want a complete reading that warns of one", g.Reading)
	}
}

func TestWhoIsInADepartmentAndWasNotReadIsADoubt(t *testing.T) {
	c := counted(t)
	c.wecom.Before("user/list?department_id=2", func() { must(c.RemoveMember("ann")) })
	c.mustRead(t).expect(t, "user/list_id: 1 people are in the departments that were read, and were not read themselves")
}

func TestACensusThatIsRefusedIsADoubt(t *testing.T) {
	for _, code := range []int{60020, 48002, 40001} {
		c := counted(t)
		c.wecom.Fail("user/list_id", code, -1)
		g := c.mustRead(t)
		g.expect(t, "user/list_id: WeCom answered")
		if g.users() != "ann bob carl" {
			t.Errorf("Read() = %s", g.users())
		}
	}
	c := counted(t)
	c.options["contactsSecret"] = "another-s3cr3t"
	c.mustRead(t).expect(t, "WeCom answered 40001")
	c = counted(t)
	c.wecom.Fail("user/list_id", -1, -1)
	expectKind(t, c.read(t).err, plugin.Transient, "ask user/list_id")
}

func TestACensusWhoseCursorIsRefusedBeginsAnew(t *testing.T) {
	c := counted(t)
	c.wecom.Fail("user/list_id", 50100, 2)
	c.mustRead(t).expect(t, "")
	c.wecom.Fail("user/list_id", 60268, 3)
	c.mustRead(t).expect(t, "user/list_id: WeCom answered 60268")
}

func TestACensusThatGoesInACircleEnds(t *testing.T) {
	answers := map[string]string{
		"department/list": `{"errcode":0,"department":[{"id":1,"name":"Acme","parentid":0}]}`,
		"user/list":       `{"errcode":0,"userlist":[]}`,
		"user/list_id":    `{"errcode":0,"next_cursor":"x","dept_user":[]}`,
		"contactsSecret":  contactsSecret,
	}
	answering(t, answers).expect(t, "user/list_id: WeCom answered 50100")
}
