package engine_test

import (
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

func (p *modelPush) pushUsers(arriving []*modelItem, whole bool, came map[modelKey]bool) counted {
	items, c := p.stage(plugin.User, p.users, whole, came)
	items = append(items, p.conflicting(plugin.User, items)...)
	waiting := p.attached(plugin.User, items, arriving)
	p.find(items)
	p.refuseStatedTwice(items)
	p.refuseSecond(items)
	for p.refuseHeld(items) {
	}
	items = p.letGo(items)
	for _, i := range items {
		if i.gone() {
			p.removeUser(i)
		}
	}
	items = append(items, waiting...)
	for _, i := range items { // all let go before any takes
		if i.stands() && i.op != "skip" {
			p.writeColumns(i)
		}
	}
	for _, i := range items {
		if i.stands() && i.op != "skip" {
			p.keepRecord(i)
			p.writeMemberships(i)
		}
		c.add(i)
	}
	p.keepConflicts(items)
	return c
}

func (p *modelPush) fold(s string) string {
	if p.options.IgnoreCase {
		return strings.ToLower(s)
	}
	return s
}

func (p *modelPush) folded(v any) any {
	if s, ok := v.(string); ok {
		return p.fold(s)
	}
	return v
}

// match finds the rows that records match: users by the push's match key,
// departments as the source's options say. A row is not matched that goes with
// the push, and not by a value that its own record gives away with it.
func (p *modelPush) match(items []*modelItem) map[*modelItem][]*modelRow {
	matches := map[*modelItem][]*modelRow{}
	if len(items) == 0 {
		return matches
	}
	kind := items[0].key.kind
	by := p.matchKey
	if kind == plugin.Department {
		by = p.options.DepartmentMatch
	}
	for _, i := range items {
		for _, row := range p.rows[kind] {
			goes := slices.ContainsFunc(items, func(o *modelItem) bool { return o.op == "delete" && o.row == row })
			if by != "" && !i.gone() && p.rowOf(i) == nil && !goes && p.matches(items, i, row, by) {
				matches[i] = append(matches[i], row)
			}
		}
	}
	return matches
}

func (p *modelPush) matches(items []*modelItem, i *modelItem, row *modelRow, by string) bool {
	if by == "path" {
		ours, known := titlePaths{p, items}.ofItem(i)
		theirs, there := titlePaths{p, items}.ofRow(row)
		return known && there && ours == theirs
	}
	v, _ := i.stated(by)
	if v == nil || row.columns[by] == nil || p.folded(v) != p.folded(row.columns[by]) {
		return false
	}
	return !slices.ContainsFunc(items, func(o *modelItem) bool {
		other, stated := o.stated(by)
		return o.record != nil && o.record.row == row && stated && p.folded(other) != p.folded(v)
	})
}

// refuseMatches leaves rows of other sources alone, as the options say, and
// refuses records that match several rows, or that of another record of the
// source which does not go with this push.
func (p *modelPush) refuseMatches(items []*modelItem, matches map[*modelItem][]*modelRow) {
	for _, i := range items {
		if !i.matched {
			continue
		}
		if others := p.othersStandFor(i.row, p.source); others && p.options.Conflict == "skip" {
			i.op = "skip"
			continue
		} else if others && p.options.Conflict == "fail" {
			i.refused = true
		}
		for key, r := range p.records {
			leaves := slices.ContainsFunc(items, func(o *modelItem) bool { return o.record == r && o.gone() && o.op != "" })
			if key.source == p.source && r != i.record && r.row == i.row && r.removed == "" && !leaves {
				i.refused = true
			}
		}
		i.refused = i.refused || len(matches[i]) > 1
	}
}

// refuseSecond: of records that come to one row the first counts.
func (p *modelPush) refuseSecond(items []*modelItem) {
	taken := map[*modelRow]bool{}
	for _, i := range items {
		if i.stands() && i.op == "link" {
			i.refused = taken[i.row]
			taken[i.row] = true
		}
	}
}

// writes says whether an item has its row take what it states.
func (i *modelItem) writes() bool {
	return i.stands() && i.op != "same" && i.op != "skip"
}

// refuseStatedTwice: of records that state one value, the one whose row has it
// counts, else the first. Those refused already state nothing.
func (p *modelPush) refuseStatedTwice(items []*modelItem) {
	for _, column := range uniqueColumns {
		winners := map[any]*modelItem{}
		for _, i := range items {
			if v, _ := i.stated(column); v != nil && i.writes() && (winners[v] == nil || i.has(column, v) && !winners[v].has(column, v)) {
				winners[v] = i
			}
		}
		for _, i := range items {
			if v, _ := i.stated(column); v != nil && i.writes() && winners[v] != i {
				i.refused = true
			}
		}
	}
}

// has says whether the row of a record has the value already.
func (i *modelItem) has(column string, v any) bool {
	return i.op != "create" && i.row.columns[column] == v
}

// refuseHeld refuses who wants a value that another row keeps.
func (p *modelPush) refuseHeld(items []*modelItem) (any bool) {
	for _, i := range items {
		for _, column := range uniqueColumns {
			v, _ := i.stated(column)
			holder := p.holder(column, v)
			if i.writes() && holder != nil && holder != i.row && !givesAway(items, holder, column, v) {
				i.refused, any = true, true
			}
		}
	}
	return any
}

func (m *model) holder(column string, value any) *modelRow {
	for _, u := range m.rows[plugin.User] {
		if value != nil && u.columns[column] == value {
			return u
		}
	}
	return nil
}

// givesAway says whether the push has the row go, or take another value.
func givesAway(items []*modelItem, row *modelRow, column string, value any) bool {
	return slices.ContainsFunc(items, func(i *modelItem) bool {
		v, stated := i.stated(column)
		return i.row == row && (i.op == "delete" || i.writes() && stated && v != value)
	})
}

// oldest is the department with the least id that a user is in.
func (m *model) oldest(u *modelRow) *modelRow {
	for _, d := range m.rows[plugin.Department] {
		if _, member := u.memberships[d]; member {
			return d
		}
	}
	return nil
}

// removeUser does what a user's record being gone comes to. The claims of one
// that lets go of its row end.
func (p *modelPush) removeUser(i *modelItem) {
	switch i.op {
	case "delete":
		i.record.claims, i.record.said = nil, ""
	case "unlink":
		if p.alive(i.row) {
			i.restated = true
			p.leave(i, nil)
			p.chooseMain(i, nil)
		}
		i.record.claims, i.record.said = nil, ""
	}
	p.writeRemoval(i)
}
