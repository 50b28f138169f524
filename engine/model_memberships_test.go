package engine_test

import (
	"fmt"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
)

// writeMemberships follows what the record says of departments. What it no
// longer says goes; what it says as before is only put right where it is
// missing, and the owner flag and the main department stay as they are.
func (p *modelPush) writeMemberships(i *modelItem) {
	said := ""
	if i.attrs != nil {
		said = p.hear(i)
	}
	i.restated = said != "" && (said != i.record.said || i.back)
	if said != "" {
		i.record.said = said
	}
	named, unknown := p.resolve(i)
	moved := false
	for _, s := range named {
		moved = p.join(i, s) || moved
	}
	if i.restated {
		moved = p.leave(i, named) || moved
	}
	if said != "" && p.options.Memberships == "all" && i.op != "create" && (i.restated || p.options.Drift != "keep") {
		moved = p.endOthers(i, named) || moved
	}
	p.wait(i, named, unknown)
	if i.restated || moved {
		p.chooseMain(i, named)
	}
}

// hear reads what a record says of departments, or else what it still waits
// for. The text stands for the statement; it is empty where there is none.
func (p *modelPush) hear(i *modelItem) string {
	v, stated := i.attrs["departments"]
	if !stated {
		i.says = p.waited[i.key]
		return ""
	}
	list, _ := v.([]any)
	for _, v := range list {
		s := statement{uid: uidOf(v)}
		if o, ok := v.(object); ok {
			s.uid = uidOf(o["uid"])
			s.owner, s.main = boolOf(o["isOwner"]), boolOf(o["isMain"])
		}
		at := slices.IndexFunc(i.says, func(o statement) bool { return o.uid == s.uid })
		if at < 0 {
			s.pos = len(i.says)
			i.says = append(i.says, s)
		} else {
			s.pos = at
			i.says[at] = s
		}
	}
	return describe(i.says)
}

func describe(says []statement) string {
	s := "["
	for _, one := range says {
		s += fmt.Sprintf("%q%s,", one.uid, flags(one.owner, one.main))
	}
	return s + "]"
}

func boolOf(v any) *bool {
	if b, ok := v.(bool); ok {
		return &b
	}
	return nil
}

// A namedDepartment is a statement whose department is known.
type namedDepartment struct {
	statement
	row     *modelRow
	awaited bool // the user has waited for it
}

func (p *modelPush) resolve(i *modelItem) (named []*namedDepartment, unknown []statement) {
	for _, s := range i.says {
		r := p.records[modelKey{p.source, plugin.Department, s.uid}]
		if r == nil || r.removed == "unlinked" || !p.alive(r.row) {
			unknown = append(unknown, s)
			continue
		}
		named = append(named, &namedDepartment{s, r.row, waitsFor(p.waited[i.key], s.uid)})
	}
	return named, unknown
}

func waitsFor(waits []statement, uid string) bool {
	return slices.ContainsFunc(waits, func(s statement) bool { return s.uid == uid })
}

// join brings a user into a department that its record names. Who is in it
// already is claimed; should nobody have done so, the membership is the
// operator's, unless the source takes such over.
func (p *modelPush) join(i *modelItem, s *namedDepartment) (moved bool) {
	owner, member := i.row.memberships[s.row]
	claims := slices.Contains(i.record.claims, s.row)
	wants := s.owner != nil && *s.owner
	endedByHand := p.options.Drift == "keep" && claims && !i.restated
	if !member && endedByHand {
		return false
	}
	mark := modelMembership{i.row, s.row}
	if !claims && (!member || i.restated || s.awaited) {
		if member && p.options.Memberships == "own" && !p.claimed(i.row, s.row) {
			p.kept[mark] = true
		}
		if member && p.options.Memberships != "own" {
			delete(p.kept, mark)
		}
		i.record.claims = append(i.record.claims, s.row)
		i.touched = true
	}
	if !member {
		delete(p.kept, mark)
		i.row.memberships[s.row] = wants
		i.touched = true
		if !claims && !i.restated { // the claims on those that are no more are over
			i.record.claims = slices.DeleteFunc(i.record.claims, func(d *modelRow) bool { return !p.alive(d) })
		}
		return true
	}
	if i.restated && owner != wants {
		i.row.memberships[s.row] = wants
		i.touched = true
	}
	return false
}

// leave ends the claims that a record no longer makes, and memberships with
// their last.
func (p *modelPush) leave(i *modelItem, named []*namedDepartment) (moved bool) {
	moved = p.ended[i.record]
	for _, d := range slices.Clone(i.record.claims) {
		if names(named, d) {
			continue
		}
		i.record.claims = slices.DeleteFunc(i.record.claims, func(c *modelRow) bool { return c == d })
		moved = true
		if !p.claimed(i.row, d) && !p.kept[modelMembership{i.row, d}] {
			delete(i.row.memberships, d)
		}
	}
	i.touched = i.touched || moved
	return moved
}

func names(named []*namedDepartment, d *modelRow) bool {
	return slices.ContainsFunc(named, func(s *namedDepartment) bool { return s.row == d })
}

// endOthers ends all memberships that the record does not name.
func (p *modelPush) endOthers(i *modelItem, named []*namedDepartment) (moved bool) {
	moved = p.lost[i.row]
	for d := range i.row.memberships {
		if !names(named, d) {
			delete(i.row.memberships, d)
			moved = true
		}
	}
	i.touched = i.touched || moved
	return moved
}

func (m *model) claimed(u, d *modelRow) bool {
	for _, r := range m.records {
		if r.row == u && slices.Contains(r.claims, d) {
			return true
		}
	}
	return false
}

// wait remembers the departments that are not known.
func (p *modelPush) wait(i *modelItem, named []*namedDepartment, unknown []statement) {
	if i.restated {
		delete(p.pending, i.key)
		i.touched = i.touched || len(unknown) > 0
	}
	waits := slices.DeleteFunc(slices.Clone(p.pending[i.key]), func(s statement) bool {
		return slices.ContainsFunc(named, func(n *namedDepartment) bool { return n.uid == s.uid })
	})
	for _, s := range unknown {
		i.touched = i.touched || !waitsFor(p.waited[i.key], s.uid)
		if !waitsFor(waits, s.uid) {
			waits = append(waits, s)
		}
	}
	if p.pending[i.key] = waits; len(waits) == 0 {
		delete(p.pending, i.key)
	}
}

// chooseMain: the one marked, when that is new; else the present one while it
// is a membership; else the one marked or named first; else the oldest.
func (p *modelPush) chooseMain(i *modelItem, named []*namedDepartment) {
	before := i.row.main
	defer func() { i.touched = i.touched || i.row.main != before }()
	var first *namedDepartment
	for _, s := range named {
		if first == nil || s.marked() && !first.marked() {
			first = s
		}
	}
	_, stays := i.row.memberships[i.row.main]
	switch {
	case first != nil && first.marked() && (i.restated || first.awaited):
		i.row.main = first.row
	case stays:
	case first != nil:
		i.row.main = first.row
	default:
		i.row.main = p.oldest(i.row)
	}
}

func (s *namedDepartment) marked() bool { return s.main != nil && *s.main }
