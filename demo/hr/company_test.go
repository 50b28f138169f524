package hr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestACompanyIsTheSameEveryTime(t *testing.T) {
	one, other := NewCompany(1000), NewCompany(1000)
	if diff := cmp.Diff(one.Overnight(), other.Overnight()); diff != "" {
		t.Errorf("Overnight() mismatch (-one +other):\n%s", diff)
	}
	if diff := cmp.Diff(one.People, other.People); diff != "" {
		t.Errorf("People mismatch (-one +other):\n%s", diff)
	}
}

func TestACompanyIsWhatASourceMayBringWhole(t *testing.T) {
	c := NewCompany(5000)
	if len(c.People) != 5000 || len(c.Departments) != 292 {
		t.Errorf("NewCompany(5000) has %d people in %d departments, want 5000 in 292", len(c.People), len(c.Departments))
	}
	names := map[string]bool{}
	once := func(what, name string) {
		if names[what+name] {
			t.Errorf("%s %s is there twice", what, name)
		}
		names[what+name] = true
	}
	for i, d := range c.Departments {
		once("code", d.Code)
		once("name", d.Name)
		if known := names["code"+d.Parent]; !known && i > 0 {
			t.Errorf("%s is below %q, which does not come before it", d.Code, d.Parent)
		}
	}
	for _, p := range c.People {
		once("login", p.Login)
		once("mail", p.Mail)
		if !p.Positions[0].Primary {
			t.Errorf("%s has a primary position that is not the first", p.Login)
		}
	}
}

func TestNobodyIsToldOfTwiceOvernight(t *testing.T) {
	c := NewCompany(5000)
	before := len(c.People)
	changes := c.Overnight()
	seen := map[string]bool{}
	for _, logins := range [][]string{changes.Hired, changes.Left, changes.Moved, changes.Swapped} {
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
