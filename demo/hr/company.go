package hr

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Company is who works where. The same things happen to it every time it is
// made. It is not safe for concurrent use.
type Company struct {
	Departments []Department
	People      []Person

	rng     *rand.Rand
	regions []region
	logins  map[string]int  // how many people have had it
	settled map[string]bool // people of whom something has been told already
}

// A Department is one as the HR system shows it.
type Department struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // the code of the department above

	region int // whose names its people have
}

// A Person is one as the HR system shows it.
type Person struct {
	Login     string     `json:"login"`
	Name      string     `json:"name"`
	Mail      string     `json:"mail"`
	Positions []Position `json:"positions"` // the primary one comes first
}

// A Position is a department that a person works in.
type Position struct {
	Department string `json:"department"`
	Primary    bool   `json:"primary"`
	Head       bool   `json:"head"`
}

// NewCompany makes the company with so many people, in 292 departments. The
// first person of a department leads it.
func NewCompany(people int) *Company {
	c := &Company{rng: rand.New(rand.NewPCG(5000, 292)), regions: regions(), logins: map[string]int{}, settled: map[string]bool{}}
	c.Departments = []Department{{Code: "kestrel", Name: "Kestrel Group"}}
	for i, r := range c.regions {
		c.Departments = append(c.Departments, r.departments(i)...)
	}
	for i := range people {
		d := c.Departments[c.rng.IntN(len(c.Departments))]
		if i < len(c.Departments) {
			d = c.Departments[i]
		}
		c.join(d, i < len(c.Departments))
	}
	return c
}

// departments are the region, its sites, their units and the teams of these.
func (r region) departments(n int) []Department {
	list := []Department{{r.code, r.title, "kestrel", n}}
	teams, codes := strings.Fields(r.teams), strings.Fields(teamCodes)
	for _, site := range strings.Fields(r.sites) {
		code, title, _ := strings.Cut(site, ":")
		list = append(list, Department{code, title, r.code, n})
		for i, unit := range strings.Fields(r.units) {
			unitCode := code + "-" + strings.Fields(unitCodes)[i]
			list = append(list, Department{unitCode, unit + " " + title, code, n})
			for j := 2 * i; j < min(2*i+2, len(teams)); j++ {
				list = append(list, Department{unitCode + "-" + codes[j], teams[j] + " " + title, unitCode, n})
			}
		}
	}
	return list
}

// join hires somebody into a department, and gives them a second one now and
// then.
func (c *Company) join(d Department, head bool) Person {
	r := c.regions[d.region]
	family, familyASCII := c.pick(r.family)
	given, givenASCII := c.pick(r.given)
	p := Person{Name: fmt.Sprintf(r.order, family, given), Positions: []Position{{d.Code, true, head}}}
	p.Login = givenASCII + "." + familyASCII
	c.logins[p.Login]++
	if n := c.logins[p.Login]; n > 1 {
		p.Login = fmt.Sprint(p.Login, n)
	}
	p.Mail = p.Login + "@kestrel.example"
	if other := c.Departments[c.rng.IntN(len(c.Departments))]; other.Code != d.Code && c.rng.IntN(7) == 0 {
		p.Positions = append(p.Positions, Position{Department: other.Code})
	}
	c.People = append(c.People, p)
	return p
}

// pick draws a name of a list, and gives it in ASCII too.
func (c *Company) pick(names string) (name, ascii string) {
	list := strings.Fields(names)
	name, ascii, found := strings.Cut(list[c.rng.IntN(len(list))], ":")
	if !found {
		ascii = strings.ToLower(name)
	}
	return name, ascii
}

// Department gives the department of that code.
func (c *Company) Department(code string) *Department {
	return &c.Departments[slices.IndexFunc(c.Departments, func(d Department) bool { return d.Code == code })]
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
