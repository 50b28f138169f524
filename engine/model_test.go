package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// A model is what the rules of synchronization make of pushes, written down
// plainly: without a plan, without SQL, and as slowly as it likes. Removal is
// not in it yet.
type model struct {
	departments []*modelDepartment // in the order they were made
	users       []*modelUser
	records     map[modelKey]*modelRecord
	pending     map[modelKey][]statement // what waits, and the departments it waits for
	kept        map[modelMembership]bool // there before anybody claimed it
}

type modelMembership struct {
	user       *modelUser
	department *modelDepartment
}

type modelKey struct {
	source string
	kind   plugin.Type
	uid    string
}

type modelDepartment struct {
	title  any
	parent *modelDepartment
}

type modelUser struct {
	columns     map[string]any // without nulls
	main        *modelDepartment
	roles       []string
	memberships map[*modelDepartment]bool // true: as an owner
}

type modelRecord struct {
	meta, last string
	department *modelDepartment // the row, one of the two
	user       *modelUser
	adopted    bool
	said       string // of departments, when it last spoke of them
	claims     map[*modelDepartment]bool
}

// A statement is what a user's record says of one department, or a
// department's of its parent.
type statement struct {
	uid         string
	pos         int
	owner, main *bool
}

// counted is what a push came to.
type counted struct {
	Created, Linked, Updated, Unchanged, Failed, Skipped int
}

func newModel() *model {
	return &model{records: map[modelKey]*modelRecord{}, pending: map[modelKey][]statement{}, kept: map[modelMembership]bool{}}
}

// push carries out a push: departments, then users.
func (m *model) push(source, matchKey string, departments, users []object) map[plugin.Type]counted {
	ds, arriving := m.pushDepartments(source, departments)
	return map[plugin.Type]counted{plugin.Department: ds, plugin.User: m.pushUsers(source, matchKey, users, arriving)}
}

// A modelItem is a record on its way.
type modelItem struct {
	key      modelKey
	attrs    object // nil: it is not in the push, but what it waits for is
	record   *modelRecord
	fresh    bool   // the record is not known yet
	op       string // create, link, update
	refused  bool
	parent   string           // a department's
	says     []statement      // a user's
	row      *modelDepartment // one of the two
	user     *modelUser
	touched  bool
	restated bool
}

// stage takes in the records that are any; of several with one uid the last.
func (m *model) stage(source string, kind plugin.Type, records []object) (items []*modelItem, c counted) {
	at := map[string]int{}
	for _, r := range records {
		if !decodable(kind, r) {
			c.Failed++
			continue
		}
		item := &modelItem{key: modelKey{source, kind, uidOf(r["uid"])}, attrs: r}
		if _, twice := at[item.key.uid]; twice {
			c.Skipped++
			items = slices.DeleteFunc(items, func(i *modelItem) bool { return i.key == item.key })
		}
		at[item.key.uid] = 1
		items = append(items, item)
	}
	for _, item := range items {
		item.record = m.records[item.key]
	}
	return items, c
}

// decodable says whether a record is one: it has a uid, and what it states has
// the types that the columns take.
func decodable(kind plugin.Type, r object) bool {
	if uidOf(r["uid"]) == "" || r["isDeleted"] == true {
		return false
	}
	texts := []string{"title"}
	if kind == plugin.User {
		texts = []string{"nickname", "username", "email", "phone"}
	}
	for _, column := range texts {
		switch r[column].(type) {
		case nil, string, json.Number:
		default:
			return false
		}
	}
	switch r["departments"].(type) {
	case nil, []any:
		return true
	}
	return kind == plugin.Department
}

func uidOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// arrives says whether the department uid is known, or comes with the push.
func (m *model) arrives(source, uid string, staged []*modelItem) bool {
	key := modelKey{source, plugin.Department, uid}
	return m.records[key] != nil || slices.ContainsFunc(staged, func(i *modelItem) bool { return i.key == key })
}

// attached are the records that are not in the push and wait for what is.
func (m *model) attached(source string, kind plugin.Type, staged, arriving []*modelItem) (items []*modelItem) {
	for key, waits := range m.pending {
		if key.source != source || key.kind != kind || slices.ContainsFunc(staged, func(i *modelItem) bool { return i.key == key }) {
			continue
		}
		if slices.ContainsFunc(waits, func(s statement) bool { return m.arrives(source, s.uid, arriving) }) {
			items = append(items, &modelItem{key: key, record: m.records[key], says: waits, parent: waits[0].uid})
		}
	}
	slices.SortFunc(items, func(a, b *modelItem) int { return strings.Compare(a.key.uid, b.key.uid) })
	return items
}

func (m *model) pushDepartments(source string, records []object) (counted, []*modelItem) {
	items, c := m.stage(source, plugin.Department, records)
	for _, i := range items {
		i.parent = uidOf(i.attrs["parentUid"])
	}
	arriving := items
	items = append(items, m.attached(source, plugin.Department, items, items)...)
	for _, i := range items {
		i.op, i.fresh = "update", i.record == nil
		if i.fresh {
			i.op, i.row = "create", &modelDepartment{}
		} else {
			i.row = i.record.department
		}
	}
	parents := m.parents(items)
	for m.refuseCircles(items, parents) {
		parents = m.parents(items)
	}
	for _, i := range items {
		if !i.refused {
			m.writeDepartment(i, parents[i])
		}
		m.count(&c, i)
	}
	return c, arriving
}

// parents says which row each department that is not refused comes to stand
// below; nil is the top.
func (m *model) parents(items []*modelItem) map[*modelItem]*modelDepartment {
	parents := map[*modelItem]*modelDepartment{}
	for _, i := range items {
		if i.refused {
			continue
		}
		parents[i] = nil
		if r := m.records[modelKey{i.key.source, plugin.Department, i.parent}]; r != nil {
			parents[i] = r.department
		}
		for _, sibling := range items {
			if sibling.key.uid == i.parent && !sibling.refused {
				parents[i] = sibling.row
			}
		}
	}
	return parents
}

// refuseCircles refuses the departments of the push that would stand below
// themselves.
func (m *model) refuseCircles(items []*modelItem, parents map[*modelItem]*modelDepartment) bool {
	up := map[*modelDepartment]*modelDepartment{}
	for _, d := range m.departments {
		up[d] = d.parent
	}
	for i, parent := range parents {
		up[i.row] = parent
	}
	var circling []*modelItem
	for i := range parents {
		at := up[i.row]
		for steps := 0; at != nil && at != i.row && steps < len(up); steps++ {
			at = up[at]
		}
		if at == i.row {
			circling = append(circling, i)
		}
	}
	for _, i := range circling {
		i.refused = true
	}
	return len(circling) > 0
}

func (m *model) writeDepartment(i *modelItem, parent *modelDepartment) {
	if i.op == "create" {
		m.departments = append(m.departments, i.row)
	}
	if title, stated := i.attrs["title"]; stated {
		i.touched = i.touched || textValue(title) != i.row.title
		i.row.title = textValue(title)
	}
	i.touched = i.touched || parent != i.row.parent
	i.row.parent = parent
	delete(m.pending, i.key)
	if i.parent != "" && parent == nil {
		m.pending[i.key] = []statement{{uid: i.parent}}
	}
	m.keepRecord(i)
}

// textValue is a text as a column keeps it: a number by its literal.
func textValue(v any) any {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

// keepRecord keeps what was received. Its claims begin with the record.
func (m *model) keepRecord(i *modelItem) {
	if i.record == nil {
		i.record = &modelRecord{claims: map[*modelDepartment]bool{}}
		m.records[i.key] = i.record
	}
	if i.op != "update" {
		i.record.adopted = i.op == "link"
	}
	i.record.department, i.record.user = i.row, i.user
	if i.attrs == nil {
		return
	}
	attrs := maps.Clone(i.attrs)
	delete(attrs, "password") // a secret
	delete(attrs, "roles")    // a right
	if meta := canonical(attrs); meta != i.record.meta {
		i.record.last, i.record.meta = i.record.meta, meta
	}
}

func (m *model) count(c *counted, i *modelItem) {
	switch {
	case i.attrs == nil:
	case i.refused:
		c.Failed++
	case i.op == "create":
		c.Created++
	case i.op == "link":
		c.Linked++
	case i.touched:
		c.Updated++
	default:
		c.Unchanged++
	}
}

// uniqueColumns are those of users whose values no two rows share.
var uniqueColumns = []string{"username", "email", "phone"}

func (m *model) pushUsers(source, matchKey string, records []object, arriving []*modelItem) counted {
	items, c := m.stage(source, plugin.User, records)
	items = append(items, m.attached(source, plugin.User, items, arriving)...)
	for _, i := range items {
		m.match(i, matchKey, items)
	}
	m.refuseStatedTwice(items)
	for m.refuseHeld(items) {
	}
	for _, i := range items { // all let go before any takes
		if !i.refused {
			m.writeColumns(i)
		}
	}
	for _, i := range items {
		if !i.refused {
			m.keepRecord(i)
			m.writeMemberships(i)
		}
		m.count(&c, i)
	}
	return c
}

// unique is the value of a unique column that a record states; the empty text
// is none.
func (i *modelItem) unique(column string) (v any, stated bool) {
	v, stated = i.attrs[column]
	if v = textValue(v); v == "" {
		v = nil
	}
	return v, stated
}

// match finds the row of a user: by its link, else by the match key. A row that
// stands for another record of the source is nobody's to match, unless that
// record gives the value away with the same push.
func (m *model) match(i *modelItem, matchKey string, items []*modelItem) {
	if i.record != nil {
		i.op, i.user = "update", i.record.user
		return
	}
	i.fresh = true
	i.op, i.user = "create", &modelUser{columns: map[string]any{}, roles: []string{"member"}, memberships: map[*modelDepartment]bool{}}
	if matchKey == "" {
		return
	}
	value, _ := i.unique(matchKey)
	holder := m.holder(matchKey, value)
	if holder == nil {
		return
	}
	for key, r := range m.records {
		if key.source != i.key.source || r.user != holder {
			continue
		}
		if !givesAway(items, holder, matchKey, value) {
			i.refused = true
		}
		return
	}
	i.op, i.user = "link", holder
}

func (m *model) holder(column string, value any) *modelUser {
	for _, u := range m.users {
		if value != nil && u.columns[column] == value {
			return u
		}
	}
	return nil
}

// givesAway says whether a record of the push has the row take another value.
func givesAway(items []*modelItem, row *modelUser, column string, value any) bool {
	return slices.ContainsFunc(items, func(i *modelItem) bool {
		v, stated := i.unique(column)
		return !i.refused && i.record != nil && i.record.user == row && stated && v != value ||
			!i.refused && i.op == "link" && i.user == row && stated && v != value
	})
}

// refuseStatedTwice: of records that state one value, the one whose row has it
// counts, else the first. Those refused already state nothing.
func (m *model) refuseStatedTwice(items []*modelItem) {
	for _, column := range uniqueColumns {
		winners := map[any]*modelItem{}
		for _, i := range items {
			if v, _ := i.unique(column); v != nil && !i.refused && (winners[v] == nil || i.has(column, v) && !winners[v].has(column, v)) {
				winners[v] = i
			}
		}
		for _, i := range items {
			if v, _ := i.unique(column); v != nil && winners[v] != i {
				i.refused = true
			}
		}
	}
}

// has says whether the row of a record has the value already.
func (i *modelItem) has(column string, v any) bool {
	return i.op != "create" && i.user.columns[column] == v
}

// refuseHeld refuses who wants a value that another row keeps.
func (m *model) refuseHeld(items []*modelItem) (any bool) {
	for _, i := range items {
		for _, column := range uniqueColumns {
			v, _ := i.unique(column)
			holder := m.holder(column, v)
			if !i.refused && holder != nil && holder != i.user && !givesAway(items, holder, column, v) {
				i.refused, any = true, true
			}
		}
	}
	return any
}

func (m *model) writeColumns(i *modelItem) {
	if i.op == "create" {
		m.users = append(m.users, i.user)
	}
	for _, column := range append([]string{"nickname"}, uniqueColumns...) {
		v, stated := i.attrs[column]
		if !stated {
			continue
		}
		if v = textValue(v); v == "" && column != "nickname" {
			v = nil
		}
		i.touched = i.touched || i.user.columns[column] != v
		i.user.columns[column] = v
		if v == nil {
			delete(i.user.columns, column)
		}
	}
}

// writeMemberships follows what the record says of departments. What it no
// longer says goes; what it says as before is only put right where it is
// missing, and the owner flag and the main department stay as they are.
func (m *model) writeMemberships(i *modelItem) {
	said := ""
	if i.attrs != nil {
		said = m.hear(i)
	}
	i.restated = said != "" && said != i.record.said
	if said != "" {
		i.record.said = said
	}
	named, unknown := m.resolve(i)
	moved := false
	for _, s := range named {
		moved = m.join(i, s) || moved
	}
	if i.restated {
		moved = m.leave(i, named) || moved
	}
	m.wait(i, named, unknown)
	if i.restated || moved {
		m.chooseMain(i, named)
	}
}

// hear reads what a record says of departments, or else what it still waits
// for. The text stands for the statement; it is empty where there is none.
func (m *model) hear(i *modelItem) string {
	v, stated := i.attrs["departments"]
	if !stated {
		i.says = m.pending[i.key]
		return ""
	}
	list, _ := v.([]any)
	if v == nil {
		return "null"
	}
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
	row   *modelDepartment
	fresh bool // the membership is new
}

func (m *model) resolve(i *modelItem) (named []*namedDepartment, unknown []statement) {
	for _, s := range i.says {
		if r := m.records[modelKey{i.key.source, plugin.Department, s.uid}]; r != nil {
			named = append(named, &namedDepartment{statement: s, row: r.department})
		} else {
			unknown = append(unknown, s)
		}
	}
	return named, unknown
}

// join brings a user into a department that its record names.
func (m *model) join(i *modelItem, s *namedDepartment) (moved bool) {
	owner, member := i.user.memberships[s.row]
	wants := s.owner != nil && *s.owner
	switch {
	case !member:
		i.user.memberships[s.row] = wants
		i.record.claims[s.row] = true
		s.fresh, i.touched = true, true
		return true
	case !i.restated:
		return false
	}
	if !i.record.claims[s.row] {
		if !m.claimed(i.user, s.row) {
			m.kept[modelMembership{i.user, s.row}] = true
		}
		i.record.claims[s.row] = true
		i.touched, moved = true, true
	}
	if owner != wants {
		i.user.memberships[s.row] = wants
		i.touched = true
	}
	return moved
}

// leave ends the claims that a record no longer makes, and memberships with
// their last.
func (m *model) leave(i *modelItem, named []*namedDepartment) (moved bool) {
	for d := range maps.Clone(i.record.claims) {
		if slices.ContainsFunc(named, func(s *namedDepartment) bool { return s.row == d }) {
			continue
		}
		delete(i.record.claims, d)
		i.touched, moved = true, true
		if !m.claimed(i.user, d) && !m.kept[modelMembership{i.user, d}] {
			delete(i.user.memberships, d)
		}
	}
	return moved
}

func (m *model) claimed(u *modelUser, d *modelDepartment) bool {
	for _, r := range m.records {
		if r.user == u && r.claims[d] {
			return true
		}
	}
	return false
}

// wait remembers the departments that are not known.
func (m *model) wait(i *modelItem, named []*namedDepartment, unknown []statement) {
	if i.restated {
		delete(m.pending, i.key)
		i.touched = i.touched || len(unknown) > 0
		if len(unknown) > 0 {
			m.pending[i.key] = unknown
		}
		return
	}
	m.pending[i.key] = slices.DeleteFunc(m.pending[i.key], func(s statement) bool {
		return slices.ContainsFunc(named, func(n *namedDepartment) bool { return n.uid == s.uid })
	})
	if len(m.pending[i.key]) == 0 {
		delete(m.pending, i.key)
	}
}

// chooseMain: the one marked, when that is new; else the present one while it
// is a membership; else the one marked or named first; else the oldest.
func (m *model) chooseMain(i *modelItem, named []*namedDepartment) {
	before := i.user.main
	defer func() { i.touched = i.touched || i.user.main != before }()
	var first *namedDepartment
	for _, s := range named {
		if first == nil || s.marked() && !first.marked() {
			first = s
		}
	}
	if first != nil && first.marked() && (i.restated || first.fresh) {
		i.user.main = first.row
		return
	}
	if _, member := i.user.memberships[i.user.main]; member {
		return
	}
	if i.user.main = nil; first != nil {
		i.user.main = first.row
		return
	}
	for _, d := range m.departments {
		if _, member := i.user.memberships[d]; member {
			i.user.main = d
			return
		}
	}
}

func (s *namedDepartment) marked() bool { return s.main != nil && *s.main }

// nameOf calls a department as a directory does.
func (m *model) nameOf(d *modelDepartment) string {
	if d == nil {
		return ""
	}
	if name := m.namesOf(func(r *modelRecord) bool { return r.department == d }); name != "" {
		return name
	}
	return fmt.Sprint("row:", d.title)
}

func (m *model) nameOfUser(u *modelUser) string {
	if name := m.namesOf(func(r *modelRecord) bool { return r.user == u }); name != "" {
		return name
	}
	for _, column := range []string{"username", "nickname"} {
		if v, ok := u.columns[column]; ok {
			return fmt.Sprint("row:", v)
		}
	}
	return "row:"
}

func (m *model) namesOf(stands func(*modelRecord) bool) string {
	var names []string
	for key, r := range m.records {
		if stands(r) {
			names = append(names, key.source+":"+key.uid)
		}
	}
	slices.Sort(names)
	return strings.Join(names, "=")
}

// directory is what the database ought to hold.
func (m *model) directory() directory {
	d := directory{Departments: map[string]departmentRow{}, Users: map[string]userRow{}, Records: map[string]syncRecord{}}
	for _, row := range m.departments {
		name := m.nameOf(row)
		out := departmentRow{Columns: map[string]string{}, Parent: m.nameOf(row.parent), Leaf: true, Root: name}
		if row.title != nil {
			out.Columns["title"] = row.title.(string)
		}
		for up := row; up != nil; up = up.parent {
			out.Path, out.Root = "/"+m.nameOf(up)+out.Path, m.nameOf(up)
		}
		for _, other := range m.departments {
			out.Leaf = out.Leaf && other.parent != row
		}
		d.Departments[name] = out
	}
	for _, u := range m.users {
		out := userRow{Columns: map[string]string{"systemSettings": "{}"}, Main: m.nameOf(u.main), Roles: u.roles, Memberships: map[string]bool{}}
		for column, v := range u.columns {
			out.Columns[column] = v.(string)
		}
		for department, owner := range u.memberships {
			out.Memberships[m.nameOf(department)] = owner
		}
		d.Users[m.nameOfUser(u)] = out
	}
	for key, r := range m.records {
		out := syncRecord{Meta: r.meta, Last: r.last, Indexed: true, Adopted: r.adopted}
		if r.user != nil {
			out.Links = append(out.Links, "users="+m.nameOfUser(r.user))
		} else {
			out.Links = append(out.Links, "departments="+m.nameOf(r.department))
		}
		for department := range r.claims {
			out.Links = append(out.Links, "departments="+m.nameOf(department))
		}
		slices.Sort(out.Links)
		d.Records[key.source+"/"+string(key.kind)+"/"+key.uid] = out
	}
	for key, waits := range m.pending {
		for _, s := range waits {
			d.Pending = append(d.Pending, fmt.Sprintf("%s/%s/%s awaits %s at %d%s", key.source, key.kind, key.uid, s.uid, s.pos, flags(s.owner, s.main)))
		}
	}
	slices.Sort(d.Pending)
	for k := range m.kept {
		d.Kept = append(d.Kept, m.nameOfUser(k.user)+" in "+m.nameOf(k.department))
	}
	slices.Sort(d.Kept)
	return d
}
