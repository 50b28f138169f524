package engine_test

import (
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

func (p *modelPush) pushDepartments(whole bool, came map[modelKey]bool) (counted, []*modelItem) {
	items, c := p.stage(plugin.Department, p.departments, whole, came)
	items = append(items, p.conflicting(plugin.Department, items)...)
	arriving := items
	items = append(items, p.attached(plugin.Department, items, items)...)
	p.find(items[:len(arriving)])
	p.refuseSecond(items)
	items = p.letGo(items)
	items = append(items, p.below(items, came)...)
	going := map[*modelRow]bool{}
	for _, i := range items {
		if i.op == "delete" {
			going[i.row] = true
		}
	}
	places := p.places(items, going)
	for p.refuseCircles(items, places, going) {
		places = p.places(items, going)
	}
	for _, i := range items {
		if place, placed := places[i]; placed {
			p.writeDepartment(i, place)
		}
	}
	for _, d := range p.rows[plugin.Department] {
		d.parent = surviving(d.parent, going)
	}
	for _, i := range items {
		if i.gone() {
			p.removeDepartment(i)
		}
		c.add(i)
	}
	p.keepConflicts(items)
	return c, arriving
}

// below are the departments that go with one above them, where the source wants
// that: its own that it says nothing of. What is below one that stays, stays.
func (p *modelPush) below(items []*modelItem, came map[modelKey]bool) (with []*modelItem) {
	if p.options.Removal.Children != "remove" {
		return nil
	}
	for key, r := range p.records {
		if key.source != p.source || key.kind != plugin.Department || r.removed != "" || !p.alive(r.row) || came[key] {
			continue
		}
		if at := indexOf(items, key); at >= 0 && items[at].op != "attach" {
			continue
		}
		goes := func(i *modelItem) bool { return i.op == "delete" && i.row == r.row.parent }
		if slices.ContainsFunc(items, goes) && indexOf(items, key) < 0 {
			i := &modelItem{key: key, record: r, cause: "below"}
			p.remove(i)
			with = append(with, i)
		}
	}
	if len(with) > 0 {
		return append(with, p.below(append(slices.Clone(items), with...), came)...)
	}
	return nil
}

func surviving(d *modelRow, going map[*modelRow]bool) *modelRow {
	for d != nil && going[d] {
		d = d.parent
	}
	return d
}

// Whereabouts are where a department comes to stand; a parent that is not known is
// waited for.
type whereabouts struct {
	parent *modelRow
	waits  bool
}

// places are those of the departments that stand and are not refused.
func (p *modelPush) places(items []*modelItem, going map[*modelRow]bool) map[*modelItem]whereabouts {
	places := map[*modelItem]whereabouts{}
	for _, i := range items {
		if !i.stands() || i.op == "skip" {
			continue
		}
		at := p.place(items, i, going)
		if lost := i.row.parent != nil && (going[i.row.parent] || !p.alive(i.row.parent)); i.op == "same" && !lost && (len(p.waited[i.key]) == 0 || at.waits) {
			at = whereabouts{i.row.parent, len(p.waited[i.key]) > 0} // wherever an operator has put it
		}
		places[i] = at
	}
	return places
}

// place: below the row of the parent, if it has one in this source; below what
// is left of where it stands, if the parent has gone; else at the top.
func (p *modelPush) place(items []*modelItem, i *modelItem, going map[*modelRow]bool) whereabouts {
	if i.parent == "" {
		return whereabouts{}
	}
	key := modelKey{p.source, plugin.Department, i.parent}
	gone := false
	if at := indexOf(items, key); at >= 0 {
		parent := items[at]
		if parent.stands() && parent.op != "skip" || parent.refused && parent.op != "create" && parent.op != "link" {
			return whereabouts{parent: parent.row}
		}
		gone = parent.op == "delete" || parent.op == "unlink"
	}
	switch r := p.records[key]; {
	case r == nil:
	case gone || r.removed == "unlinked" || r.removed != "" && !p.alive(r.row):
		return whereabouts{surviving(i.row.parent, going), true}
	case p.alive(r.row):
		return whereabouts{parent: r.row}
	}
	return whereabouts{waits: true}
}

// refuseCircles refuses the departments of the push that would stand below
// themselves.
func (p *modelPush) refuseCircles(items []*modelItem, places map[*modelItem]whereabouts, going map[*modelRow]bool) bool {
	up := map[*modelRow]*modelRow{}
	for _, d := range p.rows[plugin.Department] {
		up[d] = surviving(d.parent, going)
	}
	for i, place := range places {
		up[i.row] = place.parent
	}
	var circling []*modelItem
	for i := range places {
		at := up[i.row]
		for steps := 0; at != nil && at != i.row && steps < len(up); steps++ {
			at = up[at]
		}
		if at == i.row {
			circling = append(circling, i)
		}
	}
	for _, i := range circling {
		i.refused, i.circling = true, true
	}
	return len(circling) > 0
}

func (p *modelPush) writeDepartment(i *modelItem, at whereabouts) {
	p.writeColumns(i)
	i.touched = i.touched || at.parent != i.row.parent
	i.row.parent = at.parent
	waited := p.waited[i.key]
	switch {
	case at.waits:
		i.touched = i.touched || len(waited) == 0 || waited[0].uid != i.parent
		p.pending[i.key] = []statement{{uid: i.parent}}
	default:
		i.touched = i.touched || len(waited) > 0 && i.parent != ""
		delete(p.pending, i.key)
	}
	p.keepRecord(i)
}

// removeDepartment removes no people: they come to their next department, and
// wait for the one that went in case it stands again.
func (p *modelPush) removeDepartment(i *modelItem) {
	row := i.row
	p.writeRemoval(i)
	if i.op != "delete" {
		return
	}
	for key, r := range p.records {
		at := slices.Index(r.claims, row)
		if key.kind != plugin.User || at < 0 || !p.alive(r.row) {
			continue
		}
		owner, member := r.row.memberships[row]
		if !member {
			continue
		}
		if key.source == p.source {
			main := r.row.main == row
			p.pending[key] = append(p.pending[key], statement{uid: i.key.uid, pos: 1000 + at, owner: &owner, main: &main})
		}
		p.ended[r] = true
	}
	for _, r := range p.records {
		if p.ended[r] {
			r.claims = slices.DeleteFunc(r.claims, func(d *modelRow) bool { return d == row })
		}
	}
	for _, u := range p.rows[plugin.User] {
		if _, member := u.memberships[row]; member {
			delete(u.memberships, row)
			delete(p.kept, modelMembership{u, row})
			p.lost[u] = true
		}
	}
}

// titlePaths are the titles of departments from the top down, of rows and of what a
// push makes of them; a department without a title has none.
type titlePaths struct {
	*modelPush
	items []*modelItem
}

func (p titlePaths) ofRow(d *modelRow) (string, bool) {
	var titles []string
	for ; d != nil; d = d.parent {
		title, there := d.columns["title"].(string)
		if !there {
			return "", false
		}
		titles = append(titles, p.fold(title))
	}
	slices.Reverse(titles)
	return strings.Join(titles, "\x1f"), true
}

func (p titlePaths) ofItem(i *modelItem) (string, bool) {
	var titles []string
	for seen := map[*modelItem]bool{}; ; {
		v, stated := i.stated("title")
		if r := i.record; !stated && !i.gone() && r != nil && p.alive(r.row) {
			v = r.row.columns["title"]
		}
		title, there := v.(string)
		if !there || seen[i] {
			return "", false
		}
		seen[i] = true
		titles = append(titles, p.fold(title))
		if i.parent == "" {
			break
		}
		key := modelKey{p.source, plugin.Department, i.parent}
		at := indexOf(p.items, key)
		if at < 0 {
			r := p.records[key]
			if r == nil || !p.alive(r.row) {
				return "", false
			}
			above, there := p.ofRow(r.row)
			if !there {
				return "", false
			}
			titles = append(titles, above)
			break
		}
		i = p.items[at]
	}
	slices.Reverse(titles)
	return strings.Join(titles, "\x1f"), true
}
