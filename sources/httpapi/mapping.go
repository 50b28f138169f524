package httpapi

import (
	"cmp"
	"maps"
	"unicode/utf8"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// A membership says where a user's record names its departments.
type membership struct {
	Path  string `json:"path"`  // of a list, or of one
	UID   string `json:"uid"`   // in an entry that is an object
	Main  string `json:"main"`  // in an entry: whether it is the main one
	Owner string `json:"owner"` // in an entry: whether the user leads it
}

// A mapper makes records of theirs ours.
type mapper struct {
	uid     *mapping.Expr
	own     bool // no attribute is mapped: the record's own fields are taken as they are
	fields  mapping.Fields
	members *members
}

type members struct{ path, uid, main, owner mapping.Path }

func newMapper(at string, fields map[string]string, m *membership) (*mapper, error) {
	expr, given := fields["uid"]
	if !given {
		expr = "uid"
	}
	uid, err := mapping.Parse(at+"/fields/uid", expr, true)
	if err != nil {
		return nil, err
	}
	attrs := maps.Clone(fields)
	delete(attrs, "uid")
	out := &mapper{uid: uid, own: len(attrs) == 0}
	if out.fields, err = mapping.ParseFields(at+"/fields", attrs); err != nil {
		return nil, err
	}
	if m != nil && m.Path != "" {
		out.members = &members{path: mapping.ParsePath(m.Path), uid: mapping.ParsePath(cmp.Or(m.UID, "id"))}
		if m.Main != "" {
			out.members.main = mapping.ParsePath(m.Main)
		}
		if m.Owner != "" {
			out.members.owner = mapping.ParsePath(m.Owner)
		}
	}
	return out, nil
}

// record makes a record of what an answer holds; false: it has no uid.
func (m *mapper) record(t plugin.Type, theirs map[string]any) (plugin.Record, bool) {
	v, said := m.uid.Of(theirs)
	uid, ok := mapping.Text(v)
	if !said || !ok || uid == "" || utf8.RuneCountInString(uid) > 255 {
		return plugin.Record{}, false
	}
	r := plugin.Record{Type: t, UID: uid, Attrs: map[string]any{}}
	if m.own {
		r.Attrs = theirs
	}
	m.fields.Put(r.Attrs, theirs)
	if m.members != nil {
		m.members.put(r.Attrs, theirs)
	}
	r.Deleted = r.Attrs["isDeleted"] == true || r.Attrs["isDeleted"] == "true"
	delete(r.Attrs, "isDeleted")
	delete(r.Attrs, "uid")
	return r, true
}

// put gives the attributes the departments that the record names: a list of
// uids, of objects, or one of these. Null is none. Where one cannot be named
// nothing is said of them: the others alone would take him out of it.
func (m *members) put(attrs, theirs map[string]any) {
	v, ok := m.path.In(theirs)
	if !ok {
		return
	}
	entries, isList := v.([]any)
	if !isList {
		entries = []any{v}
	}
	all := []any{}
	for _, entry := range entries {
		e, named := m.entry(entry)
		if !named {
			delete(attrs, "departments")
			return
		}
		if e != nil {
			all = append(all, e)
		}
	}
	attrs["departments"] = all
}

// entry gives one department as a push names it, or nil where it is none; false:
// it has no uid.
func (m *members) entry(v any) (entry any, named bool) {
	if uid, ok := mapping.Text(v); ok && uid != "" {
		return uid, true
	}
	if v == nil || v == "" {
		return nil, true
	}
	id, found := m.uid.In(v)
	if found && (id == nil || id == "") {
		return nil, true
	}
	uid, ok := mapping.Text(id)
	if !ok {
		return nil, false
	}
	e := map[string]any{"uid": uid}
	for name, p := range map[string]mapping.Path{"isMain": m.main, "isOwner": m.owner} {
		if p == nil {
			continue
		}
		if flag, ok := p.In(v); ok {
			e[name] = flag == true
		}
	}
	return e, true
}
