package hr

import "slices"

// Changes are what happened in a company, by login.
type Changes struct {
	Hired, Left, Moved []string
	Swapped            []string // two who got each other's e-mail address
	Renamed            string   // a department that has another name, and another place; its code
	Was                string   // its name before
}

// Total counts the records that changed.
func (c Changes) Total() int { return len(c.Hired) + len(c.Left) + len(c.Moved) + len(c.Swapped) + 1 }

// Overnight has people hired, leave, move and swap their addresses, and a
// department renamed and moved.
func (c *Company) Overnight() Changes {
	helpdesk := c.Department("london-support-helpdesk")
	changes := Changes{Renamed: helpdesk.Code, Was: helpdesk.Name, Swapped: c.swap()}
	helpdesk.Name, helpdesk.Parent = "Customer Care London", "london-sales"
	for range 4 {
		changes.Left = append(changes.Left, c.leave())
	}
	for range 6 {
		changes.Moved = append(changes.Moved, c.move())
	}
	for range 5 {
		changes.Hired = append(changes.Hired, c.Hire())
	}
	return changes
}

// Hire hires somebody and gives the login.
func (c *Company) Hire() string {
	p := c.join(c.Departments[1+c.rng.IntN(len(c.Departments)-1)], false)
	c.settled[p.Login] = true
	return p.Login
}

// leave has somebody leave.
func (c *Company) leave() string {
	i := c.somebody()
	login := c.People[i].Login
	c.People = slices.Delete(c.People, i, i+1)
	return login
}

// move has somebody work in another department from now on, and nowhere else.
func (c *Company) move() string {
	p := &c.People[c.somebody()]
	for was := p.Positions[0].Department; p.Positions[0].Department == was; {
		p.Positions = []Position{{Department: c.Departments[c.rng.IntN(len(c.Departments))].Code, Primary: true}}
	}
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
		return []string{namesake.Login, p.Login}
	}
	return nil
}

// somebody finds one of whom nothing has been told yet, and who leads nobody.
func (c *Company) somebody() int {
	for {
		i := c.rng.IntN(len(c.People))
		if p := c.People[i]; !p.Positions[0].Head && !c.settled[p.Login] {
			c.settled[p.Login] = true
			return i
		}
	}
}
