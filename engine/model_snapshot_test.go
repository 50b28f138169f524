package engine_test

import (
	"maps"

	"github.com/nocobase-roster/roster/plugin"
)

// A modelSnapshot is a reading of a whole directory that is not done yet.
type modelSnapshot struct {
	id      string
	parts   map[modelKey]bool // what has come in its parts
	beside  map[modelKey]bool // what else has come since it began
	spoiled bool              // something came in a part that has no name
}

// read takes a push into the reading that it is a part of. It says of which
// types the reading is whole, and what came in it or beside it: the rest of
// those types is gone.
func (m *model) read(p randomPush) (whole map[plugin.Type]bool, came map[modelKey]bool) {
	names, unnamed := p.names()
	open := m.snapshots[p.source]
	if p.snapshot == nil {
		if open != nil {
			maps.Copy(open.beside, names)
		}
		return nil, nil
	}
	parts := open != nil && open.id == p.snapshot.ID
	if !parts {
		open = &modelSnapshot{id: p.snapshot.ID, parts: map[modelKey]bool{}, beside: map[modelKey]bool{}}
	}
	maps.Copy(open.parts, names)
	open.spoiled = open.spoiled || unnamed
	if m.snapshots[p.source] = open; !p.snapshot.Done {
		return nil, nil
	}
	delete(m.snapshots, p.source)
	whole = map[plugin.Type]bool{}
	for _, kind := range []plugin.Type{plugin.Department, plugin.User} {
		n := 0
		for key := range open.parts {
			if key.kind == kind {
				n++
			}
		}
		want, counted := p.snapshot.Counts[kind]
		if open.spoiled || counted && want != n || !counted && parts && n > 0 {
			return nil, nil
		}
		whole[kind] = counted || n > 0
	}
	maps.Copy(open.parts, open.beside)
	return whole, open.parts
}

// names are the records that a push brings, whatever they say, and whether one
// has no uid.
func (p randomPush) names() (names map[modelKey]bool, unnamed bool) {
	names = map[modelKey]bool{}
	for kind, records := range map[plugin.Type][]object{plugin.Department: p.departments, plugin.User: p.users} {
		for _, r := range records {
			uid := uidOf(r["uid"])
			names[modelKey{p.source, kind, uid}] = true
			unnamed = unnamed || uid == ""
		}
	}
	return names, unnamed
}
