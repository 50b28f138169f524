package wecomtest

import (
	"strings"
	"sync"
)

const (
	root          = 1      // the department that is the company
	maxLevels     = 15     // of departments, the company counted
	maxTree       = 30_000 // departments of a company
	maxDepartment = 30_000 // children and members of one department
)

// A Company is what WeCom keeps of one company: its departments, members, tags,
// the apps that may read them, and the address that is told of changes. It may
// be used by many goroutines at once.
type Company struct {
	id, name string
	post     *postOffice

	mu          sync.RWMutex // guards what follows
	departments map[int64]*Department
	children    map[int64]map[int64]bool
	siblings    map[sibling]int64
	members     map[string]*Member           // by key
	staff       map[int64]map[string]*Member // of a department, by key
	renamed     map[string]bool              // by key: WeCom allows it once
	tags        map[int64]*Tag
	apps        map[int64]*App
	contacts    *Contacts
	views       viewCache
	rows        rowCache
}

// A sibling is a name below a department, where names are unique.
type sibling struct {
	parent int64
	name   string
}

// NewCompany makes a company of that corp id that has one department, itself:
// number 1. Nobody may read it yet; see [Company.PutApp].
func NewCompany(corpID, name string) *Company {
	c := &Company{
		id: corpID, name: name, post: newPostOffice(corpID),
		departments: map[int64]*Department{}, children: map[int64]map[int64]bool{}, siblings: map[sibling]int64{},
		members: map[string]*Member{}, staff: map[int64]map[string]*Member{}, renamed: map[string]bool{},
		tags: map[int64]*Tag{}, apps: map[int64]*App{},
	}
	c.place(&Department{ID: root, Name: name})
	return c
}

// ID is the corp id.
func (c *Company) ID() string { return c.id }

// Size counts the members and the departments.
func (c *Company) Size() (people, departments int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.members), len(c.departments)
}

// key is what tells one userid from another: WeCom has no regard to case.
func key(userID string) string { return strings.ToLower(userID) }
