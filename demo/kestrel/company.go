package kestrel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// A Company is who works where. The same things happen to it every time it is
// made. It is not safe for concurrent use.
type Company struct {
	Departments []Department // the first is the company, in which nobody works
	People      []Person

	tenant  *wecomtest.Company // the same, as WeCom keeps it
	rng     *rand.Rand
	regions []region
	logins  map[string]int  // how many people have had it
	settled map[string]bool // people of whom something has been told already
}

// A Department is one of the company. Those below another stand in the order of
// their ids.
type Department struct {
	ID     int64
	Name   string
	Parent int64 // the id of the department above; 0: there is none

	region int // whose names its people have, and where they have second positions
}

// A Person is one who works there.
type Person struct {
	Login     string // the userid
	Name      string
	Mail      string
	Positions []Position // the main one comes first
}

// A Position is a department that a person works in.
type Position struct {
	Department int64
	Leads      bool
}

// New makes the company with so many people, in 292 departments. The first person
// of a department leads it.
func New(people int) *Company {
	c := &Company{
		tenant: wecomtest.NewCompany(CorpID, title), rng: rand.New(rand.NewPCG(5000, 292)), regions: regions(),
		Departments: []Department{{ID: 1, Name: title}}, logins: map[string]int{}, settled: map[string]bool{},
	}
	for i, r := range c.regions {
		c.open(r, i)
	}
	for i := range people {
		if i+1 < len(c.Departments) {
			c.join(c.Departments[i+1], true)
		} else {
			c.join(c.anywhere(), false)
		}
	}
	return c
}

// title is what the company is called.
const title = "Kestrel Group"

// open makes the departments of a region: itself, its sites, their units and the
// teams of these.
func (c *Company) open(r region, n int) {
	top, teams := c.add(r.title, 1, n), strings.Fields(r.teams)
	for _, site := range strings.Fields(r.sites) {
		at := c.add(site, top, n)
		for i, unit := range strings.Fields(r.units) {
			of := c.add(unit+" "+site, at, n)
			for _, team := range teams[min(2*i, len(teams)):min(2*i+2, len(teams))] {
				c.add(team+" "+site, of, n)
			}
		}
	}
}

func (c *Company) add(name string, parent int64, region int) int64 {
	d := Department{int64(len(c.Departments) + 1), name, parent, region}
	c.Departments = append(c.Departments, d)
	c.put(d)
	return d.ID
}

// join hires somebody into a department, and gives them a second one of the same
// region now and then.
func (c *Company) join(d Department, leads bool) Person {
	r := c.regions[d.region]
	family, familyASCII := c.pick(r.family)
	given, givenASCII := c.pick(r.given)
	p := Person{Name: fmt.Sprintf(r.order, family, given), Positions: []Position{{d.ID, leads}}}
	p.Login = givenASCII + "." + familyASCII
	c.logins[p.Login]++
	if n := c.logins[p.Login]; n > 1 {
		p.Login = fmt.Sprint(p.Login, n)
	}
	p.Mail = p.Login + "@kestrel.example"
	if other := c.anywhere(); other.ID != d.ID && other.region == d.region && c.rng.IntN(3) == 0 {
		p.Positions = append(p.Positions, Position{Department: other.ID})
	}
	c.People = append(c.People, p)
	c.employ(p)
	return p
}

// anywhere is some department.
func (c *Company) anywhere() Department { return c.Departments[1+c.rng.IntN(len(c.Departments)-1)] }

// pick draws a name of a list, and gives it in ASCII too.
func (c *Company) pick(names string) (name, ascii string) {
	list := strings.Fields(names)
	name, ascii, found := strings.Cut(list[c.rng.IntN(len(list))], ":")
	if !found {
		ascii = strings.ToLower(name)
	}
	return name, ascii
}

// Department gives the department of that id.
func (c *Company) Department(id int64) *Department { return &c.Departments[id-1] }

// named gives the department of that name.
func (c *Company) named(name string) *Department {
	return &c.Departments[slices.IndexFunc(c.Departments, func(d Department) bool { return d.Name == name })]
}

// Regions are the departments right below the company.
func (c *Company) Regions() []Department {
	return slices.DeleteFunc(slices.Clone(c.Departments), func(d Department) bool { return d.Parent != 1 })
}

// In counts the people whose main department belongs to a region.
func (c *Company) In(region Department) int {
	n := 0
	for _, p := range c.People {
		if c.Department(p.Positions[0].Department).region == region.region {
			n++
		}
	}
	return n
}

// Memberships counts who works where: a person in two departments twice.
func (c *Company) Memberships() int {
	n := 0
	for _, p := range c.People {
		n += len(p.Positions)
	}
	return n
}

// Person gives the person of that login.
func (c *Company) Person(login string) *Person {
	return &c.People[slices.IndexFunc(c.People, func(p Person) bool { return p.Login == login })]
}
