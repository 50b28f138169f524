package wecomtest

import (
	"fmt"
	"slices"
	"strings"
)

// partyEvent tells of a department that is new or was changed.
func partyEvent(old, d *Department) news {
	id, name, parent := integer("Id", d.ID), text("Name", d.Name), integer("ParentId", d.ParentID)
	if old == nil {
		return news{"create_party", []element{id, name, parent, integer("Order", d.Order)}, []element{id, parent}}
	}
	n := news{change: "update_party"}
	if old.Name != d.Name {
		n.full = append(n.full, name)
	}
	if old.ParentID != d.ParentID {
		n.full, n.short = append(n.full, parent), []element{id, parent}
	}
	if n.full != nil {
		n.full = slices.Insert(n.full, 0, id)
	}
	return n
}

func partyGone(id int64) news {
	body := []element{integer("Id", id)}
	return news{"delete_party", body, body}
}

// userEvent tells of a member that is new or was changed; of a change, only
// what is different.
func userEvent(old, m *Member) news {
	userID, departments := text("UserID", m.UserID), text("Department", m.departments())
	if old == nil {
		return news{"create_user", append([]element{userID}, m.elements()...), []element{userID, departments}}
	}
	n := news{change: "update_user"}
	before := old.elements()
	for i, e := range m.elements() {
		if e == before[i] {
			continue
		}
		n.full = append(n.full, e)
		if e.name == "Department" || e.name == "IsLeaderInDept" {
			n.short = []element{userID, departments}
		}
	}
	if n.full != nil {
		n.full = slices.Insert(n.full, 0, userID)
	}
	return n
}

func userGone(m *Member) news {
	body := []element{text("UserID", m.UserID)}
	return news{"delete_user", body, body}
}

func userRenamed(was, userID string) news {
	body := []element{text("UserID", was), text("NewUserID", userID)}
	return news{"update_user", body, body}
}

// tagEvent tells who came to a tag and who went; nil is a tag that was not there.
func tagEvent(old, t *Tag) news {
	if old == nil {
		old = &Tag{}
	}
	body := []element{integer("TagId", t.ID)}
	for _, list := range []struct{ name, items string }{
		{"AddUserItems", missing(t.Members, old.Members)},
		{"DelUserItems", missing(old.Members, t.Members)},
		{"AddPartyItems", missing(t.Departments, old.Departments)},
		{"DelPartyItems", missing(old.Departments, t.Departments)},
	} {
		if list.items != "" {
			body = append(body, text(list.name, list.items))
		}
	}
	if len(body) == 1 {
		return news{}
	}
	return news{"update_tag", body, body}
}

// missing lists what is not in others.
func missing[T comparable](all, others []T) string {
	return list(slices.DeleteFunc(slices.Clone(all), func(item T) bool { return slices.Contains(others, item) }))
}

func list[T any](all []T) string {
	items := make([]string, len(all))
	for i, item := range all {
		items[i] = fmt.Sprint(item)
	}
	return strings.Join(items, ",")
}

// elements has what is told of a member besides its userid, all in one order.
func (m *Member) elements() []element {
	return []element{
		text("Name", m.Name), text("Department", m.departments()), integer("MainDepartment", m.main()),
		text("IsLeaderInDept", m.leaderFlags()), text("DirectLeader", list(m.DirectLeaders)), text("Position", m.Position),
		text("Mobile", m.Mobile), text("Gender", m.Gender), text("Email", m.Email), text("BizMail", m.BizMail),
		integer("Status", m.status()), text("Avatar", m.Avatar), text("Alias", m.Alias), text("Telephone", m.Telephone),
		text("Address", m.Address),
		{"ExtAttr", m.attributeXML()},
	}
}

func (m *Member) departments() string {
	ids := make([]int64, len(m.Places))
	for i, p := range m.Places {
		ids[i] = p.Department
	}
	return list(ids)
}

func (m *Member) leaderFlags() string {
	flags := make([]int, len(m.Places))
	for i, p := range m.Places {
		flags[i] = flag(p.Leader)
	}
	return list(flags)
}

func (m *Member) attributeXML() string {
	var items []element
	for _, a := range m.ExtAttr {
		item := []element{text("Name", a.Name), integer("Type", flag(a.URL != ""))}
		if a.URL != "" {
			item = append(item, element{"Web", write([]element{text("Title", a.Value), text("Url", a.URL)})})
		} else {
			item = append(item, element{"Text", write([]element{text("Value", a.Value)})})
		}
		items = append(items, element{"Item", write(item)})
	}
	return write(items)
}
