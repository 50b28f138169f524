package engine_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// outdate forgets the conflicts of records of which the push says something, be
// it that they are gone.
func (p *modelPush) outdate(whole map[plugin.Type]bool) {
	names, _ := p.names()
	maps.DeleteFunc(p.conflicts, func(key modelKey, _ object) bool {
		return names[key] || key.source == p.source && whole[key.kind]
	})
}

// conflicting are the records that the push tries again: those which wanted what
// somebody else held. A reading of the whole directory has them itself.
func (p *modelPush) conflicting(kind plugin.Type, staged []*modelItem) (items []*modelItem) {
	if p.snapshot != nil {
		return nil
	}
	for key, attrs := range p.conflicts {
		if key.source == p.source && key.kind == kind {
			r := p.records[key]
			items = append(items, &modelItem{key: key, attrs: attrs, record: r, fresh: r == nil, parent: uidOf(attrs["parentUid"]), again: true})
		}
	}
	slices.SortFunc(items, func(a, b *modelItem) int { return strings.Compare(a.key.uid, b.key.uid) })
	return items
}

// keepConflicts keeps the records that want what somebody else holds, and
// forgets those that have it now.
func (p *modelPush) keepConflicts(items []*modelItem) {
	for _, i := range items {
		switch {
		case i.refused && !i.circling && !i.again:
			p.conflicts[i.key] = i.attrs
		case i.again && !i.refused:
			delete(p.conflicts, i.key)
		}
	}
}
