package kestrel

import "slices"

// Changes are what happened in a company, by login.
type Changes struct {
	Hired, Left, Moved []string
	Swapped            []string // two who got each other's e-mail address
	Leads              string   // who leads the department from now on, with who did before
	Renamed            int64    // a department that has another name, and another place
	Was                string   // its name before
}

// Total counts the records that changed.
func (c Changes) Total() int { return len(c.Hired) + len(c.Left) + len(c.Moved) + len(c.Swapped) + 2 }

// Overnight has people hired, leave, move and swap their addresses, somebody
// lead, and a department renamed and moved.
func (c *Company) Overnight() Changes {
	repair := c.named("Repair London")
	changes := Changes{Renamed: repair.ID, Was: repair.Name, Swapped: c.swap()}
	repair.Name, repair.Parent = "Customer Care London", c.named("Sales London").ID
	c.put(*repair)
	for range 4 {
		changes.Left = append(changes.Left, c.Leave())
	}
	for range 6 {
		changes.Moved = append(changes.Moved, c.move())
	}
	for range 5 {
		changes.Hired = append(changes.Hired, c.Hire())
	}
	changes.Leads = c.Promote()
	return changes
}

// Hire hires somebody and gives the login.
func (c *Company) Hire() string {
	p := c.join(c.anywhere(), false)
	c.settled[p.Login] = true
	return p.Login
}

// Leave has somebody leave.
func (c *Company) Leave() string {
	i := c.somebody()
	login := c.People[i].Login
	c.People = slices.Delete(c.People, i, i+1)
	must(c.tenant.RemoveMember(login))
	return login
}

// Promote has somebody lead a department, beside who does.
func (c *Company) Promote() string {
	p := &c.People[c.somebody()]
	p.Positions[0].Leads = true
	c.employ(*p)
	return p.Login
}

// Rename gives somebody a login as the company writes them from now on.
func (c *Company) Rename() (was, login string) {
	p := &c.People[c.somebody()]
	was = p.Login
	p.Login = "k." + was
	must(c.tenant.RenameMember(was, p.Login))
	return was, p.Login
}

// move has somebody work in another department from now on, and nowhere else.
func (c *Company) move() string {
	p := &c.People[c.somebody()]
	for was := p.Positions[0].Department; p.Positions[0].Department == was; {
		p.Positions = []Position{{Department: c.anywhere().ID}}
	}
	c.employ(*p)
	return p.Login
}

// swap gives the first two who share a name each other's address: they had been
// mixed up.
func (c *Company) swap() []string {
	first := map[string]*Person{}
	for i := range c.People {
		p := &c.People[i]
		namesake := first[p.Name]
		if namesake == nil {
			first[p.Name] = p
			continue
		}
		p.Mail, namesake.Mail = namesake.Mail, p.Mail
		c.settled[p.Login], c.settled[namesake.Login] = true, true
		c.employ(*p)
		c.employ(*namesake)
		return []string{namesake.Login, p.Login}
	}
	return nil
}

// somebody finds one of whom nothing has been told yet, and who leads nobody.
func (c *Company) somebody() int {
	for {
		i := c.rng.IntN(len(c.People))
		if p := c.People[i]; !p.Positions[0].Leads && !c.settled[p.Login] {
			c.settled[p.Login] = true
			return i
		}
	}
}
