package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// confirming is a system whose readings ask for what they lack to be looked up.
func confirming(lines ...string) *system {
	hr := newSystem(lines...)
	hr.reading.Confirm = true
	return hr
}

// wantWarning wants the report to warn of something.
func (c *company) wantWarning(r *engine.Report, of string) {
	c.Helper()
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, of) }) {
		c.Errorf("the report warns %q, want it to say: %s", r.Warnings, of)
	}
}

func TestWhoIsMissingIsLookedUpBeforeBeingTakenForGone(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		hr.holds(append(three()[1:4], `user {"uid":"c","nickname":"Cid, who moved"}`)...)
		hr.unread, hr.hidden = []string{"c"}, []string{"b"}
		r := c.sync(given(""))
		c.wantMessage(r, "department: 2 unchanged; user: 1 updated, 1 deleted")
		c.wantUsers("nickname", "Bob", "Cid, who moved")
		c.wantMembers("Bob in Top, main")
		c.same("what was looked up", hr.lookups, "a", "b", "c")
		c.wantWarning(r, "1 records cannot be seen any more, nor whether they are gone, and stay as they are: user b")
	})
}

func TestADepartmentThatCannotBeSeenStays(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		hr.hidden = []string{"rd"}
		c.sync(given(""))
		c.wantTree("Top", "  R&D")
		hr.holds(`department {"uid":"top","title":"Top"}`)
		hr.hidden = nil
		c.wantMessage(c.sync(given("")), "department: 1 deleted, 1 unchanged; user: 3 deleted")
	})
}

func TestWhereNothingIsMissingNothingIsLookedUp(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		c.wantMessage(c.sync(given("")), "department: 2 unchanged; user: 3 unchanged")
		c.same("what was looked up", hr.lookups)
	})
}

func TestWhoStaysAnyhowIsNotLookedUp(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(`{}`))
		hr.holds(three()[:3]...)
		c.sync(given(`{}`))
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
		c.same("what was looked up", hr.lookups)
	})
}

func TestWhoWasDisabledIsNotLookedUpAgain(t *testing.T) {
	each(t, func(c *company) {
		const disabling = `{"removal":{"user":"disable","disable":{"field":"phone","value":"0"}},"guards":{"usersRemoved":null}}`
		hr := confirming(three()...)
		c.reads(hr).sync(given(disabling))
		hr.holds(three()[:4]...)
		c.wantMessage(c.sync(given(disabling)), "department: 2 unchanged; user: 1 disabled, 2 unchanged")
		c.sync(given(disabling))
		c.same("what was looked up", hr.lookups, "c")
	})
}

func TestNothingIsTakenForGoneWhereItCannotBeLookedUp(t *testing.T) {
	for name, spoil := range map[string]func(*company, *system) string{
		"the system does not answer": func(_ *company, hr *system) string {
			hr.asked = func() error { return errOutage }
			return "what is missing could not be looked up: the system does not answer"
		},
		"the adapter cannot look up": func(c *company, hr *system) string {
			c.unable(hr)
			return "cannot look up"
		},
		"fewer came than were counted": func(_ *company, hr *system) string {
			hr.reading.Counts = map[plugin.Type]int{plugin.User: 2, plugin.Department: 2}
			return "the snapshot counts 2 users and 1 came"
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *company) {
				hr := confirming(three()...)
				c.reads(hr).sync(given(""))
				hr.holds(append(three()[1:3], `user {"uid":"b","nickname":"Bob!"}`)...)
				why := spoil(c, hr)
				c.wantWarning(c.sync(given("")), why)
				c.wantUsers("nickname", "Ann", "Bob!", "Cid")
			})
		})
	}
}

// unable has the company's engine know sources that cannot look up.
func (c *company) unable(s plugin.Source) {
	c.Helper()
	r := &plugin.Registry{}
	c.engine.SetAdapters(r)
	if err := r.AddDriver(driverOf(s, plugin.Capabilities{Pull: true})); err != nil {
		c.Fatal(err)
	}
}

// A look-up that fails in the middle leaves those who were found gone before.
func TestManyAreLookedUpSomeAtATime(t *testing.T) {
	each(t, func(c *company) {
		var crowd []string
		for i := range 1200 {
			crowd = append(crowd, fmt.Sprintf(`user {"uid":"%04d"}`, i))
		}
		hr := confirming(crowd...)
		c.reads(hr).sync(given(""))
		hr.holds(crowd[:10]...)
		calls := 0
		hr.asked = func() error {
			if calls++; calls == 2 {
				return errOutage
			}
			return nil
		}
		c.wantMessage(c.sync(given("")), "nothing is taken for gone: what is missing could not be looked up: the system does not answer; user: 10 unchanged")
		c.same("what was looked up", []string{itoa(calls), itoa(len(hr.lookups))}, "2", "500")
		c.wantMessage(c.sync(given("")), "user: 1190 deleted, 10 unchanged")
		c.same("how often it was looked up", []string{itoa(calls)}, "5")
		c.same("pages that were kept", c.list(`SELECT count(*) FROM {pages}`), "0")
	})
}

func TestAPlanLooksUpWhoIsMissingAndWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		hr.holds(three()[:3]...)
		hr.unread = []string{"a"}
		r, err := c.engine.PlanSync(c.Context(), given(""), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.wantMessage(r, "planned, nothing written; department: 2 unchanged; user: 2 deleted, 1 unchanged")
		c.wantUsers("nickname", "Ann", "Bob", "Cid")
		c.same("pages that were kept", c.list(`SELECT count(*) FROM {pages}`), "0")
		for _, item := range r.Items {
			if item.Reason != "its source does not have it any more" {
				t.Errorf("%s %s %s has the reason %q", item.Op, item.Type, item.UID, item.Reason)
			}
		}
	})
}

// stalled has the next look-up wait until it is let go.
func (s *system) stalled() (reached <-chan struct{}, letGo func()) {
	at, free := make(chan struct{}), make(chan struct{})
	s.asked = func() error {
		close(at)
		<-free
		return nil
	}
	return at, func() { close(free) }
}

func TestNobodyWaitsForALookUp(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.reads(hr).sync(given(""))
		hr.holds(three()[:4]...)
		reached, letGo := hr.stalled()
		task, err := c.engine.Start(c.Context(), given(""))
		if err != nil {
			t.Fatal(err)
		}
		<-reached
		c.pushAs(engine.Push{Source: "corp"}, users(`{"uid":"c","nickname":"Cid, who is back"}`))
		c.edit("users", "phone = '1'", "nickname = 'Ann'")
		letGo()
		if _, err := c.engine.Wait(c.Context(), task.ID); err != nil {
			t.Fatal(err)
		}
		c.wantUsers("nickname", "Ann", "Bob", "Cid, who is back")
	})
}

func TestALookUpThatWasCutOffIsDoneAnew(t *testing.T) {
	each(t, func(c *company) {
		hr := confirming(three()...)
		c.corp().reads(hr).sync(itsRow())
		hr.holds(three()[:3]...)
		reached, letGo := hr.stalled()
		if _, err := c.engine.Start(c.Context(), itsRow()); err != nil {
			t.Fatal(err)
		}
		<-reached
		c.lose()
		letGo()
		if err := c.engine.CloseRuns(); err != nil {
			t.Fatal(err)
		}
		next := newCompany(t, c.db).reads(hr)
		// As if the process had been killed when it had stored what it was told.
		c.hand(`INSERT INTO {pages} (reading, n, type, records) SELECT id, -1, 'user', '{"isDeleted":true,"uid":"b"}' FROM {readings}`)
		hr.asked = nil
		hr.holds(three()[:4]...)
		hr.reading.Counts = map[plugin.Type]int{plugin.Department: 2, plugin.User: 1} // as it was when it was read
		hr.unread = []string{"b"}
		next.wantMessage(next.sync(itsRow()), "department: 2 unchanged; user: 1 deleted, 2 unchanged")
		c.same("where readings began", hr.states[len(hr.states)-2:], "4", "")
		c.wantUsers("nickname", "Ann", "Bob")
	})
}
