package wecom

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// A row is a department as WeCom lists it. Outside of the app's range it comes
// without a name.
type row struct {
	ID      number   `json:"id"`
	Parent  number   `json:"parentid"`
	Name    string   `json:"name"`
	NameEN  string   `json:"name_en"`
	Leaders []string `json:"department_leader"`
	Order   number   `json:"order"`
}

// A department is a row in its place.
type department struct {
	row
	chosen bool   // the options want it
	read   bool   // its members are read
	kept   bool   // it is a record
	at     int    // its place among those whose members are read
	under  number // the next department above it that is a record; 0: none
	rank   int    // among those under the same, from 1
}

// A tree is the departments of a company, parents before children, and siblings
// as WeCom shows them.
type tree struct {
	all  []*department
	byID map[number]*department
	open bool // the options do not name where people must be
}

// grow puts rows in their places. One whose parent is not there stands at the
// top; so does the first of each circle.
func grow(rows []row) *tree {
	t := &tree{byID: make(map[number]*department, len(rows))}
	for _, r := range rows {
		t.byID[r.ID] = &department{row: r}
	}
	below := map[number][]*department{}
	for _, id := range slices.Sorted(maps.Keys(t.byID)) {
		d := t.byID[id]
		if t.byID[d.Parent] == nil || t.circles(d) {
			d.Parent = 0
		}
		below[d.Parent] = append(below[d.Parent], d)
	}
	for _, siblings := range below {
		slices.SortStableFunc(siblings, func(a, b *department) int { return cmp.Compare(b.Order, a.Order) })
	}
	t.add(below, 0)
	return t
}

// circles says whether d is above itself.
func (t *tree) circles(d *department) bool {
	above := t.byID[d.Parent]
	for steps := 0; above != nil && above != d && steps < len(t.byID); steps++ {
		above = t.byID[above.Parent]
	}
	return above == d
}

func (t *tree) add(below map[number][]*department, parent number) {
	for _, d := range below[parent] {
		t.all = append(t.all, d)
		t.add(below, d.ID)
	}
}

// choose marks what the options want of it.
func (t *tree) choose(o *options) {
	t.open = o.RootDepartment == 0 && len(o.IncludeDepartments) == 0
	root := t.from([]number{o.RootDepartment})
	included, excluded := t.from(o.IncludeDepartments), t.from(o.ExcludeDepartments)
	top := cmp.Or(o.RootDepartment, 1)
	for _, d := range t.all {
		d.chosen = (o.RootDepartment == 0 || root[d.ID]) && (len(o.IncludeDepartments) == 0 || included[d.ID]) && !excluded[d.ID]
		d.read = d.chosen
		d.kept = d.chosen && (d.ID != top || !o.promotes())
	}
	t.settle()
}

// from gives the departments with these ids, and all below them.
func (t *tree) from(ids []number) map[number]bool {
	in := map[number]bool{}
	for _, d := range t.all {
		if in[d.Parent] || slices.Contains(ids, d.ID) {
			in[d.ID] = true
		}
	}
	return in
}

// settle works out what follows from who is kept and who is read.
func (t *tree) settle() {
	ranks, at := map[number]int{}, 0
	for _, d := range t.all {
		d.under = 0
		if above := t.byID[d.Parent]; above != nil && above.kept {
			d.under = above.ID
		} else if above != nil {
			d.under = above.under
		}
		if d.kept {
			ranks[d.under]++
			d.rank = ranks[d.under]
		}
		if d.read {
			d.at = at
			at++
		}
	}
}

// drop leaves out the hollow departments that have nothing kept below them.
func (t *tree) drop(hollow func(*department) bool) {
	bears := map[number]bool{}
	for _, d := range slices.Backward(t.all) {
		if hollow(d) && !bears[d.ID] {
			d.kept, d.read = false, false
		}
		if d.kept || bears[d.ID] {
			bears[d.Parent] = true
		}
	}
	t.settle()
}

// records are the departments that are kept.
func (t *tree) records() []*department {
	return slices.Collect(t.where(func(d *department) bool { return d.kept }))
}

// staffed are the departments whose members are read.
func (t *tree) staffed() []*department {
	return slices.Collect(t.where(func(d *department) bool { return d.read }))
}

func (t *tree) where(is func(*department) bool) iter.Seq[*department] {
	return func(yield func(*department) bool) {
		for _, d := range t.all {
			if is(d) && !yield(d) {
				return
			}
		}
	}
}

// first is the first of the departments that is read.
func (t *tree) first(ids []number) (first *department) {
	for _, id := range ids {
		if d := t.byID[id]; d != nil && d.read && (first == nil || d.at < first.at) {
			first = d
		}
	}
	return first
}

// wants says whether somebody in these departments is to be synchronized: who is
// in one that is read, or in none that the options have left out.
func (t *tree) wants(ids []number) bool {
	unwanted := func(id number) bool { d := t.byID[id]; return d != nil && !d.chosen }
	return t.first(ids) != nil || t.open && !slices.ContainsFunc(ids, unwanted)
}

// names says whether a user's record may name a department: one that is not known
// yet may still come.
func (t *tree) names(id number) bool {
	d := t.byID[id]
	return d == nil || d.kept
}
