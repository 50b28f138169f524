package wecom

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// A member is one as WeCom gives it, without what is empty. That may be withheld,
// and is never taken for cleared: who is in no department is in none that is visible.
type member map[string]any

// decodeMember reads the next member.
func decodeMember(d *json.Decoder) (member, error) {
	d.UseNumber()
	var m member
	if err := d.Decode(&m); err != nil || m == nil {
		return nil, errNoMembers // what encoding/json says may repeat a value
	}
	m.tidy()
	return m, nil
}

// members goes through a list of them, one at a time.
func members(list json.RawMessage) iter.Seq2[member, error] {
	return func(yield func(member, error) bool) {
		d := json.NewDecoder(bytes.NewReader(list))
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			yield(nil, errNoMembers)
			return
		}
		for d.More() {
			if m, err := decodeMember(d); !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// errNoMembers is an answer that says all is well and has no list of members: it
// is not taken for an empty one.
var errNoMembers = &plugin.Error{Kind: plugin.Data, Msg: "the answer has no list of members", Hint: "use a newer Roster, or see whether a proxy changes answers"}

// tidy drops what is empty, and adds what follows from the rest.
func (m member) tidy() {
	attributes := m.attributes()
	for name, v := range m {
		if list, ok := v.([]any); v == nil || v == "" || ok && len(list) == 0 {
			delete(m, name)
		}
	}
	if m.text("gender") == "0" {
		delete(m, "gender")
	}
	delete(m, "extattr")
	if len(attributes) > 0 {
		m["extattr"] = attributes
	}
	for _, mail := range []string{"email", "biz_mail"} {
		if v, ok := m[mail]; ok {
			m["mail"] = v
		}
	}
	m["state"] = m.state()
}

// attributes are the extended ones by their names: a text, or the address of a
// web page.
func (m member) attributes() map[string]any {
	attributes := map[string]any{}
	list, _ := mapping.Path{"extattr", "attrs"}.In(map[string]any(m))
	for _, v := range listOf(list) {
		name, _ := mapping.Path{"name"}.In(v)
		for _, at := range []mapping.Path{{"text", "value"}, {"web", "url"}, {"value"}} {
			value, _ := at.In(v)
			if text, ok := mapping.Text(value); ok && text != "" {
				key, _ := mapping.Text(name)
				attributes[key] = value
				break
			}
		}
	}
	return attributes
}

// state says what a status comes to. Who has not activated WeCom yet works here
// all the same.
func (m member) state() string {
	switch m.text("status") {
	case "2":
		return "disabled"
	case "5":
		return "left"
	}
	return "active"
}

// text gives a field that is a text or a number.
func (m member) text(name string) string {
	text, _ := mapping.Text(m[name])
	return text
}

// uid is what tells one member from another: WeCom has no regard to case.
func (m member) uid() string { return strings.ToLower(m.text("userid")) }

// departments are the ids of those that the member is in, as far as the app sees
// them.
func (m member) departments() []number {
	var ids []number
	for _, v := range listOf(m["department"]) {
		ids = append(ids, numberOf(v))
	}
	return ids
}

// memberships are the departments as a record names them, of those that the tree
// lets it name.
func (m member) memberships(t *tree) []any {
	named := []any{}
	leads := listOf(m["is_leader_in_dept"])
	main := numberOf(m["main_department"])
	for i, id := range m.departments() {
		if !t.names(id) {
			continue
		}
		d := map[string]any{"uid": id.String()}
		if i < len(leads) {
			d["isOwner"] = numberOf(leads[i]) == 1
		}
		if main != 0 {
			d["isMain"] = id == main
		}
		named = append(named, d)
	}
	return named
}

// user makes a record of a member; false: it has no userid.
func (p *mapper) user(m member, t *tree) (plugin.Record, bool) {
	r := plugin.Record{Type: plugin.User, UID: m.uid(), Attrs: map[string]any{}}
	if state := m["state"]; state == "left" || state == "disabled" && p.dropsDisabled {
		r.Deleted = true
		return r, r.UID != ""
	}
	p.users.Put(r.Attrs, map[string]any(m))
	if _, said := m["department"]; said {
		r.Attrs["departments"] = m.memberships(t)
	}
	return r, r.UID != ""
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// numberOf reads a number or its text; 0 is none.
func numberOf(v any) number {
	text, _ := mapping.Text(v)
	n, _ := strconv.ParseInt(text, 10, 64) // what is no number is none
	return number(n)
}
