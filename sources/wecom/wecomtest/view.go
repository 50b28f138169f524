package wecomtest

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
)

// A bearer is whom a secret belongs to: an app, or contacts synchronization.
type bearer struct {
	app      *App // nil: contacts synchronization
	contacts *Contacts
}

// bearer finds whose secret it is.
func (c *Company) bearer(secret string) (bearer, bool) {
	if c.contacts != nil && c.contacts.Secret == secret {
		return bearer{contacts: c.contacts}, true
	}
	for _, a := range c.apps {
		if a.Secret == secret {
			return bearer{app: a}, true
		}
	}
	return bearer{}, false
}

func (b bearer) trusts(ip netip.Addr) bool {
	var trusted []string
	if b.app != nil {
		trusted = b.app.TrustedIPs
	} else {
		trusted = b.contacts.TrustedIPs
	}
	return trusted == nil || slices.Contains(trusted, ip.String())
}

// reads says whether a tag is in the visible range.
func (b bearer) reads(tag int64) bool { return b.app == nil || slices.Contains(b.app.Tags, tag) }

func (b bearer) withholds() bool { return b.app != nil && b.app.Withholds }

// A view is what a bearer sees of the company.
type view struct {
	departments map[int64]bool  // visible ones
	members     map[string]bool // visible by themselves, by key
	listed      []int64         // what the lists tell of, sorted: the visible ones and an outline above them
}

// sees says whether a member is visible.
func (v *view) sees(m *Member) bool {
	return v.members[key(m.UserID)] || slices.ContainsFunc(m.Places, func(p Place) bool { return v.departments[p.Department] })
}

// look works out what a bearer sees.
func (c *Company) look(b bearer) *view {
	a := b.app
	if a == nil {
		a = &App{Departments: []int64{root}}
	}
	v := &view{departments: map[int64]bool{}, members: map[string]bool{}}
	c.include(v, a.Members, a.Departments)
	for _, id := range a.Tags {
		if t := c.tags[id]; t != nil {
			c.include(v, t.Members, t.Departments)
		}
	}
	listed := maps.Clone(v.departments)
	if a.Outline {
		for id := range v.departments {
			for _, above := range c.path(id) {
				listed[above] = true
			}
		}
	}
	v.listed = slices.Sorted(maps.Keys(listed))
	return v
}

func (c *Company) include(v *view, members []string, departments []int64) {
	for _, userID := range members {
		v.members[key(userID)] = true
	}
	for _, id := range departments {
		if c.departments[id] == nil {
			continue
		}
		for _, below := range c.subtree(id) {
			v.departments[below] = true
		}
	}
}

// A viewCache has what each bearer sees, until the tree, a tag or an app changes.
type viewCache struct {
	mu    sync.Mutex
	views map[*App]*view
}

// view gives what a bearer sees. The company is locked for reading.
func (c *Company) view(b bearer) *view {
	c.views.mu.Lock()
	defer c.views.mu.Unlock()
	if v := c.views.views[b.app]; v != nil {
		return v
	}
	if c.views.views == nil {
		c.views.views = map[*App]*view{}
	}
	v := c.look(b)
	c.views.views[b.app] = v
	return v
}

func (vc *viewCache) forget() {
	vc.mu.Lock()
	defer vc.mu.Unlock()
	vc.views = nil
}
