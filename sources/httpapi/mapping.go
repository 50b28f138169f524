package httpapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nocobase-roster/roster/plugin"
)

// A membership says where a user's record names its departments.
type membership struct {
	Path  string `json:"path"`  // of a list, or of one
	UID   string `json:"uid"`   // in an entry that is an object
	Main  string `json:"main"`  // in an entry: whether it is the main one
	Owner string `json:"owner"` // in an entry: whether the user leads it
}

// A mapping makes records of theirs ours.
type mapping struct {
	uid     value
	own     bool // no attribute is mapped: the record's own fields are taken as they are
	fields  []field
	members *members
}

// A field is one attribute of ours.
type field struct {
	name  string
	value value
}

// A value finds something in a record; false: the record says nothing of it.
type value func(record any) (any, bool)

type members struct{ path, uid, main, owner path }

func newMapping(at string, fields map[string]string, m *membership) (*mapping, error) {
	out := &mapping{uid: path{"uid"}.in}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v, err := parseValue(at+"/fields/"+name, fields[name], name == "uid")
		if err != nil {
			return nil, err
		}
		if name == "uid" {
			out.uid = v
			continue
		}
		out.fields = append(out.fields, field{name, v})
	}
	out.own = len(out.fields) == 0
	if m != nil && m.Path != "" {
		out.members = &members{path: parsePath(m.Path), uid: parsePath(cmp.Or(m.UID, "id"))}
		if m.Main != "" {
			out.members.main = parsePath(m.Main)
		}
		if m.Owner != "" {
			out.members.owner = parsePath(m.Owner)
		}
	}
	return out, nil
}

// parseValue reads how an attribute is made: "=constant", "{first} {last}", or a
// path. One that is whole has no gaps.
func parseValue(at, text string, whole bool) (value, error) {
	if constant, ok := strings.CutPrefix(text, "="); ok {
		var v any = constant
		d := json.NewDecoder(strings.NewReader(constant))
		d.UseNumber()
		var decoded any
		if d.Decode(&decoded) == nil && !d.More() {
			v = decoded
		}
		return func(any) (any, bool) { return v, true }, nil
	}
	if strings.ContainsAny(text, "{}") {
		return parseTemplate(at, text, whole)
	}
	if text == "" {
		return nil, wrong(at, "it is empty", "name a field of the record, or leave the attribute out")
	}
	return parsePath(text).in, nil
}

// parseTemplate reads text with paths in braces. Where the record has none of
// them, or not all of what must be whole, it says nothing; blanks at the ends, where one is empty, go.
func parseTemplate(at, text string, whole bool) (value, error) {
	var texts []string
	var paths []path
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{")
		texts = append(texts, before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || name == "" {
			return nil, wrong(at, "a brace is not closed, or there is nothing in it", "write {first} {last}")
		}
		paths, rest = append(paths, parsePath(name)), tail
	}
	return func(record any) (any, bool) {
		var b strings.Builder
		said, gap := false, false
		for i, p := range paths {
			v, ok := p.in(record)
			said = said || ok
			part, _ := textOf(v)
			gap = gap || part == ""
			b.WriteString(texts[i] + part)
		}
		b.WriteString(texts[len(paths)])
		return strings.TrimSpace(b.String()), said && (!whole || !gap)
	}, nil
}

// record makes a record of what an answer holds; false: it has no uid.
func (m *mapping) record(t plugin.Type, theirs map[string]any) (plugin.Record, bool) {
	v, said := m.uid(theirs)
	uid, ok := textOf(v)
	if !said || !ok || uid == "" || utf8.RuneCountInString(uid) > 255 {
		return plugin.Record{}, false
	}
	r := plugin.Record{Type: t, UID: uid, Attrs: map[string]any{}}
	if m.own {
		r.Attrs = theirs
	}
	for _, f := range m.fields {
		if v, ok := f.value(theirs); ok {
			r.Attrs[f.name] = v
		}
	}
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
	v, ok := m.path.in(theirs)
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
	if uid, ok := textOf(v); ok && uid != "" {
		return uid, true
	}
	if v == nil || v == "" {
		return nil, true
	}
	id, found := m.uid.in(v)
	if found && (id == nil || id == "") {
		return nil, true
	}
	uid, ok := textOf(id)
	if !ok {
		return nil, false
	}
	e := map[string]any{"uid": uid}
	for name, p := range map[string]path{"isMain": m.main, "isOwner": m.owner} {
		if p == nil {
			continue
		}
		if flag, ok := p.in(v); ok {
			e[name] = flag == true
		}
	}
	return e, true
}
