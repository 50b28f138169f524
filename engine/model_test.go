package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A model is what the rules of synchronization make of pushes, written down
// plainly: without a plan, without SQL, and as slowly as it likes. The files
// beside this one have a rule each: departments, users, memberships, removal,
// snapshots.
type model struct {
	options   map[string]*engine.Options  // of the sources
	rows      map[plugin.Type][]*modelRow // in the order of their ids
	records   map[modelKey]*modelRecord   //
	pending   map[modelKey][]statement    // what waits, and the departments it waits for
	kept      map[modelMembership]bool    // there before anybody claimed it
	snapshots map[string]*modelSnapshot   // of sources, those that are not done
	conflicts map[modelKey]object         // records that want what somebody else holds
	words     int                         // used up by operators
}

type modelMembership struct{ user, department *modelRow }

type modelKey struct {
	source string
	kind   plugin.Type
	uid    string
}

// A modelRow is a department or a user.
type modelRow struct {
	kind        plugin.Type
	columns     map[string]any     // without nulls
	byHand      bool               // no source made it
	parent      *modelRow          // a department's
	main        *modelRow          // a user's, like what follows
	roles       []string           //
	memberships map[*modelRow]bool // true: as an owner
}

type modelRecord struct {
	meta, last string
	row        *modelRow // it stands for this one; one that is gone remembers it, unless it was deleted with it
	adopted    bool
	removed    string // kept, disabled, unlinked, deleted: it is gone
	before     any    // of a disabled row, the value of the field that says so
	text       string // what it said when it was last written
	said       string // of departments, when it last spoke of them
	claims     []*modelRow
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
	Deleted, Disabled, Unlinked, Kept                    int
}

func newModel(options map[string]*engine.Options) *model {
	return &model{
		options: options, rows: map[plugin.Type][]*modelRow{}, records: map[modelKey]*modelRecord{}, pending: map[modelKey][]statement{},
		kept: map[modelMembership]bool{}, snapshots: map[string]*modelSnapshot{},
		conflicts: map[modelKey]object{},
	}
}

// textColumns are those that records state.
var textColumns = map[plugin.Type][]string{
	plugin.Department: {"title", "status"},
	plugin.User:       {"nickname", "status", "username", "email", "phone"},
}

// uniqueColumns are those of users whose values no two rows share.
var uniqueColumns = []string{"username", "email", "phone"}

// A modelPush is a push while the model carries it out.
type modelPush struct {
	*model
	randomPush
	options *engine.Options
	waited  map[modelKey][]statement // what waited before
	lost    map[*modelRow]bool       // users who were in a department that went
	ended   map[*modelRecord]bool    // those that had claims on one
}

// push carries out a push: departments, then users.
func (m *model) push(of randomPush) map[plugin.Type]counted {
	p := &modelPush{
		model: m, randomPush: of, options: m.options[of.source],
		waited: map[modelKey][]statement{}, lost: map[*modelRow]bool{}, ended: map[*modelRecord]bool{},
	}
	for key, waits := range m.pending {
		p.waited[key] = slices.Clone(waits)
	}
	whole, came := m.read(of)
	p.outdate(whole)
	departments, arriving := p.pushDepartments(whole[plugin.Department], came)
	users := p.pushUsers(arriving, whole[plugin.User], came)
	for _, u := range m.rows[plugin.User] {
		if _, member := u.memberships[u.main]; !member && p.lost[u] {
			u.main = m.oldest(u)
		}
	}
	return map[plugin.Type]counted{plugin.Department: departments, plugin.User: users}
}

// A modelItem is a record on its way.
type modelItem struct {
	key      modelKey
	attrs    object // nil: it is not in the push
	cause    string // it is gone, and why: tombstone, absent, below, replaced
	record   *modelRecord
	fresh    bool   // the record is not known yet
	op       string // create, link, update, enable, attach, same; delete, disable, unlink, keep; nothing: it is not looked at
	refused  bool
	circling bool        // refused, and not for a conflict
	again    bool        // a conflict that is tried again
	parent   string      // a department's
	says     []statement // a user's
	row      *modelRow
	matched  bool
	back     bool         // it was gone
	disabled *modelRecord // its own, or one that it replaces: the row was disabled with it
	touched  bool
	restated bool
}

func (i *modelItem) gone() bool { return i.cause != "" }

// stands says whether the item is a record that is there, and not refused.
func (i *modelItem) stands() bool { return !i.gone() && !i.refused && i.op != "" }

// stage takes in the records that are any; of several with one uid the last.
// Then come those that a whole reading does not have.
func (p *modelPush) stage(kind plugin.Type, records []object, whole bool, came map[modelKey]bool) (items []*modelItem, c counted) {
	for _, r := range records {
		if !decodable(kind, r) {
			c.Failed++
			continue
		}
		item := &modelItem{key: modelKey{p.source, kind, uidOf(r["uid"])}, attrs: r}
		if r["isDeleted"] == true {
			item.cause = "tombstone"
		}
		if at := indexOf(items, item.key); at >= 0 {
			c.Skipped++
			items = slices.Delete(items, at, at+1)
		}
		items = append(items, item)
	}
	for key := range p.records {
		if whole && key.source == p.source && key.kind == kind && !came[key] {
			items = append(items, &modelItem{key: key, cause: "absent"})
		}
	}
	for _, item := range items {
		item.record = p.records[item.key]
		item.fresh = item.record == nil
		item.parent = uidOf(item.attrs["parentUid"])
	}
	return items, c
}

func indexOf(items []*modelItem, key modelKey) int {
	return slices.IndexFunc(items, func(i *modelItem) bool { return i.key == key })
}

// decodable says whether a record is one: it has a uid, and what it states has
// the types that the columns take. One that is gone states nothing.
func decodable(kind plugin.Type, r object) bool {
	if uidOf(r["uid"]) == "" {
		return false
	}
	if r["isDeleted"] == true {
		return true
	}
	for _, column := range textColumns[kind] {
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

// attached are the records that are not in the push and wait for what is, or
// has come since. Those that are gone do not wait.
func (p *modelPush) attached(kind plugin.Type, staged, arriving []*modelItem) (items []*modelItem) {
	for key, waits := range p.pending {
		r := p.records[key]
		if key.source != p.source || key.kind != kind || indexOf(staged, key) >= 0 || r.removed != "" || !p.alive(r.row) {
			continue
		}
		if slices.ContainsFunc(waits, func(s statement) bool { return p.arrives(s.uid, arriving) }) {
			items = append(items, &modelItem{key: key, record: r, row: r.row, op: "attach", says: waits, parent: waits[0].uid})
		}
	}
	slices.SortFunc(items, func(a, b *modelItem) int { return strings.Compare(a.key.uid, b.key.uid) })
	return items
}

// arrives says whether the department uid is known, or comes with the push.
func (p *modelPush) arrives(uid string, staged []*modelItem) bool {
	key := modelKey{p.source, plugin.Department, uid}
	r, at := p.records[key], indexOf(staged, key)
	return r != nil && p.alive(r.row) || at >= 0 && !staged[at].gone()
}

// find says what each record comes to. A link decides, then a match.
func (p *modelPush) find(items []*modelItem) {
	for _, i := range items {
		if i.gone() {
			p.remove(i)
		}
	}
	matches := p.match(items)
	for _, i := range items {
		if i.gone() {
			continue
		}
		i.row = p.rowOf(i)
		switch {
		case i.row == nil && len(matches[i]) > 0:
			i.op, i.row, i.matched = "link", matches[i][0], true
		case i.row == nil:
			i.op, i.row = "create", newRow(i.key.kind)
		case i.record.removed == "unlinked":
			i.op = "link"
		case i.record.removed == "disabled":
			i.op, i.disabled = "enable", i.record
		case p.options.Drift == "keep" && i.record.removed == "" && i.record.text == i.text():
			i.op = "same"
		default:
			i.op = "update"
		}
	}
	p.refuseMatches(items, matches)
}

func newRow(kind plugin.Type) *modelRow {
	row := &modelRow{kind: kind, columns: map[string]any{}}
	if kind == plugin.User {
		row.roles, row.memberships = []string{"member"}, map[*modelRow]bool{}
	}
	return row
}

// rowOf is the row that a record stands for, or stood for before it was gone,
// if that is there and no other record of the source has taken it since.
func (p *modelPush) rowOf(i *modelItem) *modelRow {
	if i.record == nil || !p.alive(i.record.row) || i.record.removed != "" && p.standsFor(i.record.row, i.record, p.source) {
		return nil
	}
	return i.record.row
}

func (m *model) alive(row *modelRow) bool {
	return row != nil && slices.Contains(m.rows[row.kind], row)
}

// standsFor says whether a record of the source, but for one, stands for a row.
func (m *model) standsFor(row *modelRow, but *modelRecord, source string) bool {
	for key, r := range m.records {
		if key.source == source && r != but && r.row == row && r.removed == "" {
			return true
		}
	}
	return false
}

// othersStandFor says whether a record of another source stands for a row.
func (m *model) othersStandFor(row *modelRow, source string) bool {
	for key, r := range m.records {
		if key.source != source && r.row == row && r.removed == "" {
			return true
		}
	}
	return false
}

// make gives a new row its place: those that Roster makes have the smaller ids.
func (m *model) make(row *modelRow) {
	rows := m.rows[row.kind]
	at := len(rows)
	for row.kind == plugin.Department && !row.byHand && at > 0 && rows[at-1].byHand {
		at--
	}
	m.rows[row.kind] = slices.Insert(rows, at, row)
}

// unmake deletes a row; records that stood for it are left without.
func (m *model) unmake(row *modelRow) {
	m.rows[row.kind] = slices.DeleteFunc(m.rows[row.kind], func(r *modelRow) bool { return r == row })
}

// writeColumns writes what a record states, and what disabled its row back.
func (p *modelPush) writeColumns(i *modelItem) {
	if i.op == "create" {
		p.make(i.row)
		if i.key.kind == plugin.Department { // where it states no title
			i.row.columns["title"] = i.key.uid
		}
	}
	if i.op == "same" {
		return
	}
	field := p.options.Removal.Disable.Field
	if _, stated := i.attrs[field]; i.disabled != nil && !stated {
		i.set(field, i.disabled.before)
	}
	for _, column := range textColumns[i.key.kind] {
		if v, stated := i.stated(column); stated {
			i.set(column, v)
		}
	}
}

func (i *modelItem) set(column string, v any) {
	i.touched = i.touched || i.row.columns[column] != v
	if i.row.columns[column] = v; v == nil {
		delete(i.row.columns, column)
	}
}

// stated is the value of a column that a record states; the empty text is none
// in a unique one.
func (i *modelItem) stated(column string) (v any, stated bool) {
	v, stated = i.attrs[column]
	if i.gone() {
		return nil, false
	}
	if v = textValue(v); v == "" && slices.Contains(uniqueColumns, column) {
		v = nil
	}
	return v, stated
}

// textValue is a text as a column keeps it: a number by its literal.
func textValue(v any) any {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

// text is the record as it is kept.
func (i *modelItem) text() string {
	attrs := maps.Clone(i.attrs)
	delete(attrs, "password") // a secret
	delete(attrs, "roles")    // a right
	return canonical(attrs)
}

// keepRecord keeps what was received, and that it stands. Claims on what hangs
// on a row end with the row.
func (p *modelPush) keepRecord(i *modelItem) {
	if i.record == nil {
		i.record = &modelRecord{}
		p.records[i.key] = i.record
	}
	r := i.record
	i.back = r.removed != ""
	if r.row != i.row {
		r.adopted = i.op == "link" && !p.made(i.row)
		r.claims, r.said = nil, ""
	}
	r.row, r.removed, r.before = i.row, "", nil
	p.keepText(i)
	if i.attrs != nil {
		r.text = i.text()
	}
}

func (p *modelPush) keepText(i *modelItem) {
	if i.attrs == nil {
		return
	}
	if meta := i.text(); meta != i.record.meta {
		i.record.last, i.record.meta = i.record.meta, meta
	}
}

// made says whether some source made the row.
func (m *model) made(row *modelRow) bool {
	for _, r := range m.records {
		if r.row == row && !r.adopted {
			return true
		}
	}
	return false
}

func (c *counted) add(i *modelItem) {
	switch {
	case i.gone() && i.op != "":
		*map[string]*int{"delete": &c.Deleted, "disable": &c.Disabled, "unlink": &c.Unlinked, "keep": &c.Kept}[i.op]++
	case i.attrs == nil, i.again && i.refused:
	case i.refused:
		c.Failed++
	case i.op == "skip":
		c.Skipped++
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

// nameOf calls a row as a directory does.
func (m *model) nameOf(row *modelRow) string {
	if row == nil {
		return ""
	}
	if !m.alive(row) {
		return "gone"
	}
	var names, were []string
	for key, r := range m.records {
		switch {
		case r.row != row:
		case r.removed == "unlinked":
			were = append(were, key.source+":"+key.uid)
		default:
			names = append(names, key.source+":"+key.uid)
		}
	}
	return calledAfter(names, were, row.columns)
}

// String is for rapid, which tells what it drew.
func (r *modelRow) String() string {
	if r == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s %v", r.kind, r.columns)
}

// directory is what the database ought to hold.
func (m *model) directory() directory {
	d := directory{Departments: map[string]departmentRow{}, Users: map[string]userRow{}, Records: map[string]syncRecord{}}
	for _, row := range m.rows[plugin.Department] {
		name := m.nameOf(row)
		out := departmentRow{Columns: row.texts(), Parent: m.nameOf(row.parent), Leaf: true, Root: name}
		for up := row; up != nil; up = up.parent {
			out.Path, out.Root = "/"+m.nameOf(up)+out.Path, m.nameOf(up)
		}
		for _, other := range m.rows[plugin.Department] {
			out.Leaf = out.Leaf && other.parent != row
		}
		d.Departments[name] = out
	}
	for _, u := range m.rows[plugin.User] {
		out := userRow{Columns: u.texts(), Main: m.nameOf(u.main), Roles: u.roles, Memberships: map[string]bool{}}
		out.Columns["systemSettings"] = "{}"
		for department, owner := range u.memberships {
			out.Memberships[m.nameOf(department)] = owner
			if m.kept[modelMembership{u, department}] {
				d.Kept = append(d.Kept, m.nameOf(u)+" in "+m.nameOf(department))
			}
		}
		d.Users[m.nameOf(u)] = out
	}
	for key, r := range m.records {
		d.Records[key.source+"/"+string(key.kind)+"/"+key.uid] = m.syncRecord(key, r)
	}
	for key, waits := range m.pending {
		slices.SortStableFunc(waits, func(a, b statement) int { return a.pos - b.pos })
		for n, s := range waits {
			d.Pending = append(d.Pending, fmt.Sprintf("%s/%s/%s awaits %s at %d%s", key.source, key.kind, key.uid, s.uid, n, flags(s.owner, s.main)))
		}
	}
	slices.Sort(d.Pending)
	slices.Sort(d.Kept)
	return d
}

func (r *modelRow) texts() map[string]string {
	texts := map[string]string{}
	for column, v := range r.columns {
		texts[column] = v.(string)
	}
	return texts
}

func (m *model) syncRecord(key modelKey, r *modelRecord) syncRecord {
	out := syncRecord{Meta: r.meta, Last: r.last, Adopted: r.adopted, Removed: r.removed, Indexed: true}
	if r.removed == "unlinked" && m.alive(r.row) {
		out.Was = m.nameOf(r.row)
	}
	if r.removed != "unlinked" && r.removed != "deleted" {
		out.Links = append(out.Links, string(key.kind)+"s="+m.nameOf(r.row))
	}
	for _, department := range r.claims {
		out.Links = append(out.Links, "departments="+m.nameOf(department))
	}
	slices.Sort(out.Links)
	return out
}
