package wecom_test

import (
	"errors"
	"fmt"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// large is a company of a few pages, with people in two departments each and some
// who are visible alone.
func large(t *testing.T) *company {
	c := newCompany(t)
	c.grow(20)
	for n := range 100 {
		c.member(fmt.Sprintf("u%03d", n), int64(n%18+2), int64(n%7+3))
	}
	c.department(21, "Hidden", 1, 0)
	alone := make([]string, 9)
	for n := range alone {
		alone[n] = fmt.Sprintf("x%d", n)
		c.member(alone[n], 21)
	}
	app := wecomtest.App{AgentID: agentID, Secret: secret, Members: alone}
	for id := int64(2); id <= 20; id++ {
		app.Departments = append(app.Departments, id)
	}
	c.PutApp(app)
	return c
}

func (c *company) openPaged(t *testing.T, records int) plugin.Source {
	t.Helper()
	source := c.open(t)
	wecom.SetPage(source, records)
	return source
}

// cut reads a source until a page, and gives what was kept until then.
func cut(t *testing.T, source plugin.Source, after int, state []byte) (records []plugin.Record, last []byte) {
	t.Helper()
	full := errors.New("the disk is full")
	pages := 0
	_, err := source.Read(t.Context(), plugin.Request{State: state}, func(p plugin.Page) error {
		if pages++; pages > after {
			return full
		}
		records, last = append(records, p.Records...), p.State
		return nil
	})
	if !errors.Is(err, full) {
		t.Fatalf("Read() = %v, want %v", err, full)
	}
	return records, last
}

func TestAReadingGoesOnWithoutAskingAgain(t *testing.T) {
	for _, census := range []bool{false, true} {
		c := large(t)
		if census {
			c.PutContacts(wecomtest.Contacts{Secret: contactsSecret})
			c.options["contactsSecret"] = contactsSecret
		}
		whole := readSource(t, c.openPaged(t, 10), plugin.Request{})
		for after := 1; after < len(whole.pages); after++ {
			before, state := cut(t, c.openPaged(t, 10), after, nil)
			asked := c.wecom.Calls("user/list")
			g := readSource(t, c.openPaged(t, 10), plugin.Request{State: state})
			g.expect(t, "")
			seen := map[plugin.Ref]bool{}
			for _, r := range append(before, g.records...) {
				seen[r.Ref()] = true
			}
			if len(seen) != len(whole.records) {
				t.Errorf("cut off after page %d: %d records came, want %d", after, len(seen), len(whole.records))
			}
			if g.Counts[plugin.User] != 109 || g.Counts[plugin.Department] != 19 {
				t.Errorf("cut off after page %d: Counts = %v", after, g.Counts)
			}
			if again := c.wecom.Calls("user/list") - asked; after > 9 && again >= 19 { // with those that the cut had under way
				t.Errorf("cut off after page %d: all %d departments were read again", after, again)
			}
		}
	}
}

func TestAReadingOfAnotherTreeBeginsAnew(t *testing.T) {
	c := large(t)
	_, state := cut(t, c.openPaged(t, 10), 6, nil)
	c.department(20, "Department 20", 2, 0)
	g := readSource(t, c.openPaged(t, 10), plugin.Request{State: state})
	g.expect(t, "")
	if len(g.records) < 128 {
		t.Errorf("%d records came, want all 128", len(g.records))
	}
	for _, state := range []string{`null`, `{}`, `7`, `{"of":"x","staffed":9}`, `{"of":1}`} {
		readSource(t, c.openPaged(t, 10), plugin.Request{State: []byte(state)}).expect(t, "")
	}
}

// What was doubted before a reading was cut off is doubted after.
func TestADoubtStaysWhenAReadingGoesOn(t *testing.T) {
	c := large(t)
	c.wecom.Fail("user/list?department_id=2", 60011, 1)
	_, state := cut(t, c.openPaged(t, 10), 8, nil)
	readSource(t, c.openPaged(t, 10), plugin.Request{State: state}).expect(t, "user/list of department 2: WeCom answered 60011")
}

// A department that is larger than a page takes several, and is read again as a
// whole where it was cut off.
func TestADepartmentLargerThanAPage(t *testing.T) {
	c := newCompany(t)
	for n := range 35 {
		c.member(fmt.Sprintf("u%03d", n), 4)
	}
	_, state := cut(t, c.openPaged(t, 10), 2, nil)
	g := readSource(t, c.openPaged(t, 10), plugin.Request{State: state})
	g.expect(t, "")
	if len(g.users()) != 35*5-1 || g.Counts[plugin.User] != 35 {
		t.Errorf("Read() = %s, %v", g.users(), g.Counts)
	}
}

// What keeps a page from being stored is no fault of a department.
func TestAPageThatCannotBeStoredEndsTheReading(t *testing.T) {
	c := large(t)
	for _, kind := range []plugin.Kind{plugin.Data, plugin.NotFound} {
		refusal := &plugin.Error{Kind: kind, Msg: "it cannot be stored"}
		_, err := c.openPaged(t, 10).Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
			if p.Records[len(p.Records)-1].Type == plugin.User {
				return refusal
			}
			return nil
		})
		if !errors.Is(err, refusal) {
			t.Errorf("Read() = %v, want %v", err, refusal)
		}
	}
}

// Calls are made ahead of what is kept, but not far.
func TestWhatIsFetchedAheadIsBounded(t *testing.T) {
	c := newCompany(t)
	c.grow(60)
	source, err := open(c.options, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(source) })
	wecom.SetPage(source, 1)
	for id := int64(2); id <= 60; id++ {
		c.member(fmt.Sprintf("u%d", id), id)
	}
	users := 0
	_, err = source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		if p.Records[0].Type == plugin.User {
			users++
			if ahead := c.wecom.Calls("user/list") - users; ahead > 10 {
				t.Errorf("%d departments were fetched ahead", ahead)
			}
		}
		return nil
	})
	if err != nil || users != 59 {
		t.Errorf("Read() = %v with %d people", err, users)
	}
}

// Who is in a department that could not be read comes with another one, also where
// a reading was cut off between them.
func TestWhoIsInADepartmentThatFailedBeforeACutStillComes(t *testing.T) {
	c := newCompany(t)
	c.member("ann", 4)
	c.member("bob", 3, 2)
	c.wecom.Fail("user/list?department_id=3", 60011, 1)
	_, state := cut(t, c.openPaged(t, 1), 5, nil)
	g := readSource(t, c.openPaged(t, 1), plugin.Request{State: state})
	g.expect(t, "user/list of department 3: WeCom answered 60011")
	if g.users() != "ann bob" {
		t.Errorf("Read() = %s, want bob too, who is in Sales", g.users())
	}
}

// Who moves while being read may come twice, and is one all the same: else nobody
// could be taken for gone.
func TestWhoMovesWhileBeingReadCountsOnce(t *testing.T) {
	c := newCompany(t)
	c.grow(20)
	c.member("ann", 2)
	c.member("bob", 3)
	users := 0
	g, err := c.openPaged(t, 1).Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		if r := p.Records[0]; r.Type == plugin.User {
			if users++; users == 1 {
				c.member("ann", 20)
			}
		}
		return nil
	})
	if err != nil || !g.Complete || users != 3 || g.Counts[plugin.User] != 2 {
		t.Errorf("Read() = %+v, %v with %d records of people, want 3 of 2", g, err, users)
	}
}
