package wecomtest

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Department is one unit of the company. Number 1 is the company itself.
type Department struct {
	ID       int64    `json:"id"`
	Name     string   `json:"name"` // unique below its parent, at most 64 characters; empty: WeCom does not tell it
	NameEN   string   `json:"nameEn"`
	ParentID int64    `json:"parentId"`
	Order    uint32   `json:"order"` // among its siblings, the biggest first
	Leaders  []string `json:"leaders"`
}

// PutDepartment adds a department, or changes the one with its number to this.
func (c *Company) PutDepartment(d Department) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.ID == root {
		d.ParentID = 0
	}
	if err := c.admitDepartment(&d); err != nil {
		return err
	}
	old := c.departments[d.ID]
	c.place(&d)
	c.tell(func() news { return partyEvent(old, &d) })
	return nil
}

// RemoveDepartment removes a department and all below it. Who was there and
// nowhere else is a member of the company's own department then. WeCom would
// want them emptied first; this is as if somebody had.
func (c *Company) RemoveDepartment(id int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.departments[id] == nil || id == root {
		return NoDepartment
	}
	below := c.subtree(id)
	gone := map[int64]bool{}
	for _, id := range below {
		gone[id] = true
	}
	for _, id := range slices.Backward(below) {
		for _, m := range slices.Collect(maps.Values(c.staff[id])) {
			c.putMember(m.without(gone))
		}
		c.displace(id)
		c.tell(func() news { return partyGone(id) })
	}
	return nil
}

// admitDepartment says what WeCom has against a department.
func (c *Company) admitDepartment(d *Department) error {
	old := c.departments[d.ID]
	below, taken := c.siblings[sibling{d.ParentID, d.Name}]
	switch {
	case d.ID < 1 || d.ID > 1<<31-1:
		return BadDepartmentID
	case utf8.RuneCountInString(d.Name) > 64 || strings.ContainsAny(d.Name, `\:*?"<>|`):
		return BadDepartmentName
	case d.ID != root && c.departments[d.ParentID] == nil:
		return NoParent
	case d.Name != "" && taken && below != d.ID:
		return SiblingNamed
	case old == nil && (len(c.departments) >= maxTree || c.nodes(d.ParentID) >= maxDepartment):
		return TooMany
	case old != nil && slices.Contains(c.path(d.ParentID), d.ID):
		return Circle
	case len(c.path(d.ParentID))+c.levels(d.ID) > maxLevels:
		return TooDeep
	}
	return nil
}

// nodes counts the children and members of a department.
func (c *Company) nodes(id int64) int { return len(c.children[id]) + len(c.staff[id]) }

// path has the department and those above it.
func (c *Company) path(id int64) []int64 {
	var path []int64
	for d := c.departments[id]; d != nil; d = c.departments[d.ParentID] {
		path = append(path, d.ID)
	}
	return path
}

// levels counts those of the department and below it; one if it is not there.
func (c *Company) levels(id int64) int {
	deepest := 0
	for child := range c.children[id] {
		deepest = max(deepest, c.levels(child))
	}
	return deepest + 1
}

// subtree has the department and all below it, parents first.
func (c *Company) subtree(id int64) []int64 {
	all := []int64{id}
	for i := 0; i < len(all); i++ {
		all = slices.AppendSeq(all, maps.Keys(c.children[all[i]]))
	}
	return all
}

// place puts a department into the tree, in place of the one with its number.
func (c *Company) place(d *Department) {
	c.displace(d.ID)
	c.departments[d.ID] = d
	c.siblings[sibling{d.ParentID, d.Name}] = d.ID
	if c.children[d.ParentID] == nil {
		c.children[d.ParentID] = map[int64]bool{}
	}
	c.children[d.ParentID][d.ID] = true
}

// displace takes a department out of the tree and leaves what is below it.
func (c *Company) displace(id int64) {
	c.views.forget()
	d := c.departments[id]
	if d == nil {
		return
	}
	delete(c.departments, id)
	delete(c.siblings, sibling{d.ParentID, d.Name})
	delete(c.children[d.ParentID], id)
}
