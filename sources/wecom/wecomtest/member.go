package wecomtest

import (
	"regexp"
	"slices"
)

var validUserID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}$`)

// The states of a member.
const (
	Activated       = 1
	DisabledByAdmin = 2
	NotActivated    = 4
	Left            = 5
)

// A Member is a person of the company. Fields that are empty are empty in
// WeCom too.
type Member struct {
	UserID        string   `json:"userid"` // unique without regard to case
	Name          string   `json:"name"`
	Places        []Place  `json:"places"` // none: the company's own department
	Main          int64    `json:"main"`   // the main department; 0: the first place
	Status        int      `json:"status"` // 0 stands for 1, activated; negative: WeCom does not tell it
	Position      string   `json:"position"`
	Mobile        string   `json:"mobile"`
	Email         string   `json:"email"`
	BizMail       string   `json:"bizMail"`
	Gender        string   `json:"gender"` // "1" male, "2" female
	Avatar        string   `json:"avatar"`
	Alias         string   `json:"alias"`
	Telephone     string   `json:"telephone"`
	Address       string   `json:"address"`
	DirectLeaders []string `json:"directLeaders"`
	ExtAttr       []Attr   `json:"extAttr"`
}

// A Place is the membership of a department.
type Place struct {
	Department int64  `json:"department"`
	Order      uint32 `json:"order"` // in the department, the biggest first
	Leader     bool   `json:"leader"`
}

// An Attr is an extended attribute: a text, or a link with Value as its title.
type Attr struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	URL   string `json:"url"`
}

// PutMember adds a member, or changes the one with its userid to this.
func (c *Company) PutMember(m Member) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(m.Places) == 0 {
		m.Places = []Place{{Department: root}}
	}
	if err := c.admitMember(&m); err != nil {
		return err
	}
	c.putMember(m)
	return nil
}

// RemoveMember removes a member.
func (c *Company) RemoveMember(userID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.members[key(userID)]
	if m == nil {
		return NoMember
	}
	c.unseat(m)
	delete(c.renamed, key(userID))
	c.tell(func() news { return userGone(m) })
	return nil
}

// admitMember says what WeCom has against a member.
func (c *Company) admitMember(m *Member) error {
	if !validUserID.MatchString(m.UserID) {
		return BadUserID
	}
	for _, p := range m.Places {
		switch staff := c.staff[p.Department]; {
		case c.departments[p.Department] == nil:
			return NoDepartment
		case staff[key(m.UserID)] == nil && c.nodes(p.Department) >= maxDepartment:
			return TooMany
		}
	}
	return nil
}

func (c *Company) putMember(m Member) {
	old := c.members[key(m.UserID)]
	if old != nil {
		m.UserID = old.UserID // as it was written first
		c.unseat(old)
	}
	c.seat(&m)
	c.tell(func() news { return userEvent(old, &m) })
}

// seat makes a member known. It is never changed after, but replaced: answers
// hold it while they are written.
func (c *Company) seat(m *Member) {
	c.members[key(m.UserID)] = m
	c.rows.forget()
	for _, p := range m.Places {
		if c.staff[p.Department] == nil {
			c.staff[p.Department] = map[string]*Member{}
		}
		c.staff[p.Department][key(m.UserID)] = m
	}
}

func (c *Company) unseat(m *Member) {
	delete(c.members, key(m.UserID))
	c.rows.forget()
	for _, p := range m.Places {
		delete(c.staff[p.Department], key(m.UserID))
	}
}

// without is the member once these departments are no more.
func (m *Member) without(gone map[int64]bool) Member {
	left := *m
	left.Places = slices.DeleteFunc(slices.Clone(m.Places), func(p Place) bool { return gone[p.Department] })
	if len(left.Places) == 0 {
		left.Places = []Place{{Department: root}}
	}
	if gone[m.Main] {
		left.Main = 0
	}
	return left
}

// main is the number of the main department.
func (m *Member) main() int64 {
	if m.Main != 0 {
		return m.Main
	}
	return m.Places[0].Department
}
