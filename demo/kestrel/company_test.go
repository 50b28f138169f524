package kestrel

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestACompanyIsTheSameEveryTime(t *testing.T) {
	one, other := New(1000), New(1000)
	if diff := cmp.Diff(one.Overnight(), other.Overnight()); diff != "" {
		t.Errorf("Overnight() mismatch (-one +other):\n%s", diff)
	}
	if diff := cmp.Diff(one.People, other.People); diff != "" {
		t.Errorf("People mismatch (-one +other):\n%s", diff)
	}
}

func TestACompanyIsWhatASourceMayBringWhole(t *testing.T) {
	c := New(5000)
	if len(c.People) != 5000 || len(c.Departments) != 292 || len(c.Regions()) != 3 {
		t.Errorf("New(5000) has %d people in %d departments of %d regions, want 5000 in 292 of 3", len(c.People), len(c.Departments), len(c.Regions()))
	}
	names := map[string]bool{}
	once := func(what, name string) {
		if names[what+name] {
			t.Errorf("%s %s is there twice", what, name)
		}
		names[what+name] = true
	}
	for i, d := range c.Departments {
		once("name", d.Name)
		if int(d.ID) != i+1 || i > 0 && (d.Parent < 1 || d.Parent >= d.ID) {
			t.Errorf("%s has id %d and is below %d, which does not come before it", d.Name, d.ID, d.Parent)
		}
	}
	for _, p := range c.People {
		once("login", p.Login)
		once("mail", p.Mail)
		for _, at := range p.Positions {
			if d := c.Department(at.Department); d.Parent == 0 || d.region != c.Department(p.Positions[0].Department).region {
				t.Errorf("%s works in %s: an app that sees the region would not see that", p.Login, d.Name)
			}
		}
	}
}

func TestNobodyIsToldOfTwiceOvernight(t *testing.T) {
	c := New(5000)
	before := len(c.People)
	changes := c.Overnight()
	seen := map[string]bool{}
	for _, logins := range [][]string{changes.Hired, changes.Left, changes.Moved, changes.Swapped, {changes.Leads}} {
		for _, login := range logins {
			if seen[login] {
				t.Errorf("%s is told of twice", login)
			}
			seen[login] = true
		}
	}
	if got, want := len(c.People), before+len(changes.Hired)-len(changes.Left); got != want {
		t.Errorf("%d people work there, want %d", got, want)
	}
	if len(seen)+1 != changes.Total() || len(changes.Swapped) != 2 {
		t.Errorf("Total() = %d, and %d people are told of", changes.Total(), len(seen))
	}
}

// WeCom has who works there, and nobody else.
func TestTheTenantIsTheCompany(t *testing.T) {
	c := New(1000)
	c.Overnight()
	c.Rename()
	if people, departments := c.Tenant().Size(); people != len(c.People) || departments != len(c.Departments) {
		t.Errorf("Tenant() has %d people and %d departments, want %d and %d", people, departments, len(c.People), len(c.Departments))
	}
}
