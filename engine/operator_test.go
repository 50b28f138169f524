package engine_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// actByHand does one of the things that operators do in NocoBase, to the
// database and to the model: they make and delete users and departments, move
// and edit them, put people in and take them out, choose main departments.
func actByHand(t *rapid.T, db *schema.DB, m *model) {
	t.Helper()
	o := operator{t, db, m}
	users, departments := m.rows[plugin.User], m.rows[plugin.Department]
	act := rapid.SampledFrom([]string{
		"make user", "make department", "join", "join", "leave", "main", "edit user", "edit user", "edit department", "move", "delete user", "delete department", "root",
	}).Draw(t, "act")
	var u, d *modelRow
	if len(users) > 0 {
		u = rapid.SampledFrom(users).Draw(t, "user")
	}
	if len(departments) > 0 {
		d = rapid.SampledFrom(departments).Draw(t, "department")
	}
	switch {
	case act == "make user" || u == nil:
		o.makeUser()
	case act == "edit user":
		o.edit(u, "users", "nickname")
	case act == "delete user":
		o.deleteUser(u)
	case act == "root":
		o.makeRoot(u)
	case act == "make department" || d == nil:
		o.makeDepartment(d)
	case act == "join":
		o.join(u, d)
	case act == "leave":
		o.leave(u, d)
	case act == "main":
		o.chooseMain(u, d)
	case act == "edit department":
		o.edit(d, "departments", "title")
	case act == "move":
		o.move(d, rapid.SampledFrom(append(slices.Clone(departments), nil)).Draw(t, "below"))
	case act == "delete department":
		o.deleteDepartment(d)
	}
}

type operator struct {
	t  *rapid.T
	db *schema.DB
	m  *model
}

// exec changes rows, and wants there to be some.
func (o operator) exec(q string, args ...any) {
	o.t.Helper()
	if n := o.try(q, args...); n == 0 {
		o.t.Fatalf("%s %v: no rows", q, args)
	}
}

func (o operator) try(q string, args ...any) int64 {
	o.t.Helper()
	n, err := o.db.On(o.db).Exec(o.t.Context(), q, args...)
	if err != nil {
		o.t.Fatalf("%s %v: %v", q, args, err)
	}
	return n
}

// later is a time that no run has written.
func (o operator) later() any { return o.db.Time(time.Now().Add(time.Minute)) }

// byHand is a word that only this row has, so that it can be found again.
func (o operator) byHand() string {
	o.m.words++
	return fmt.Sprintf("by hand %d", o.m.words)
}

func (o operator) makeUser() {
	u := newRow(plugin.User)
	u.roles, u.byHand = nil, true
	for i, values := range [][]any{usernames, emails, {"1", "2"}} {
		column := uniqueColumns[i]
		v := rapid.SampledFrom(append(slices.Clone(values), nil)).Draw(o.t, column)
		if v != nil && o.m.holder(column, v) == nil {
			u.columns[column] = v
		}
	}
	u.columns["status"] = o.byHand()
	o.m.make(u)
	o.exec(`INSERT INTO {users} ([createdAt], [updatedAt], status, username, email, phone) VALUES (?, ?, ?, ?, ?, ?)`,
		o.later(), o.later(), u.columns["status"], u.columns["username"], u.columns["email"], u.columns["phone"])
}

func (o operator) makeDepartment(above *modelRow) {
	d := newRow(plugin.Department)
	d.byHand = true
	d.columns["status"] = o.byHand()
	d.columns["title"] = rapid.SampledFrom([]any{"A", "a", "B", "研发"}).Draw(o.t, "title")
	if above != nil && rapid.Bool().Draw(o.t, "at the top") {
		above = nil
	}
	d.parent = above
	o.m.words++
	id := int64(1)<<52 + int64(o.m.words) // as the host makes them: beyond those that Roster makes
	o.m.make(d)
	o.exec(`INSERT INTO {departments} (id, [createdAt], [updatedAt], status, title, [parentId]) VALUES (?, ?, ?, ?, ?, ?)`,
		id, o.later(), o.later(), d.columns["status"], d.columns["title"], o.idOf(above))
	o.mendTree()
}

// mendTree does what NocoBase does when the tree changes.
func (o operator) mendTree() {
	o.try(`UPDATE {departments} SET [isLeaf] = NOT EXISTS (SELECT 1 FROM {departments} b WHERE b.[parentId] = {departments}.id)`)
	o.try(`DELETE FROM {main_departments_path}`)
	o.try(`INSERT INTO {main_departments_path} ([nodePk], path, [rootPk]) ` + paths + `SELECT id, path, root FROM walk`)
}

func (o operator) join(u, d *modelRow) {
	if _, member := u.memberships[d]; member {
		return
	}
	owner := rapid.Bool().Draw(o.t, "owner")
	u.memberships[d] = owner
	o.exec(`INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId], [isOwner]) VALUES (?, ?, ?, ?, ?)`,
		o.later(), o.later(), o.idOf(d), o.idOf(u), owner)
	o.settleMain(u)
}

func (o operator) leave(u, d *modelRow) {
	if _, member := u.memberships[d]; !member {
		return
	}
	delete(u.memberships, d)
	o.exec(`DELETE FROM {departmentsUsers} WHERE [departmentId] = ? AND [userId] = ?`, o.idOf(d), o.idOf(u))
	o.settleMain(u)
}

// settleMain has a user who is in departments have a main one among them.
func (o operator) settleMain(u *modelRow) {
	if _, member := u.memberships[u.main]; !member {
		o.main(u, o.m.oldest(u))
	}
}

func (o operator) chooseMain(u, d *modelRow) {
	if _, member := u.memberships[d]; member {
		o.main(u, d)
	}
}

func (o operator) main(u, d *modelRow) {
	o.exec(`UPDATE {users} SET [mainDepartmentId] = ?, [updatedAt] = ? WHERE id = ?`, o.idOf(d), o.later(), o.idOf(u))
	u.main = d
}

func (o operator) edit(row *modelRow, table, column string) {
	id := o.idOf(row)
	row.columns[column] = rapid.SampledFrom([]any{"A", "edited"}).Draw(o.t, column)
	o.exec(`UPDATE {`+table+`} SET `+column+` = ?, [updatedAt] = ? WHERE id = ?`, row.columns[column], o.later(), id)
}

func (o operator) move(d, below *modelRow) {
	for up := below; up != nil; up = up.parent {
		if up == d {
			return
		}
	}
	d.parent = below
	o.exec(`UPDATE {departments} SET [parentId] = ?, [updatedAt] = ? WHERE id = ?`, o.idOf(below), o.later(), o.idOf(d))
	o.mendTree()
}

func (o operator) makeRoot(u *modelRow) {
	if slices.Contains(u.roles, "root") {
		return
	}
	u.roles = append(slices.Clone(u.roles), "root")
	o.exec(`INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId]) VALUES (?, ?, 'root', ?)`, o.later(), o.later(), o.idOf(u))
}

// deleteUser deletes what NocoBase deletes; what Roster and the sync know of
// the user stays.
func (o operator) deleteUser(u *modelRow) {
	id := o.idOf(u)
	for _, q := range []string{`{rolesUsers} WHERE [userId]`, `{departmentsUsers} WHERE [userId]`, `{users} WHERE id`} {
		o.try(`DELETE FROM `+q+` = ?`, id)
	}
	o.m.unmake(u)
}

// deleteDepartment deletes a department with all below it, and who is in them.
func (o operator) deleteDepartment(d *modelRow) {
	for _, below := range slices.Clone(o.m.rows[plugin.Department]) {
		if below.parent == d {
			o.deleteDepartment(below)
		}
	}
	id := o.idOf(d)
	for _, q := range []string{`{departmentsRoles} WHERE [departmentId]`, `{departmentsUsers} WHERE [departmentId]`, `{departments} WHERE id`} {
		o.try(`DELETE FROM `+q+` = ?`, id)
	}
	o.m.unmake(d)
	for _, u := range o.m.rows[plugin.User] {
		if _, member := u.memberships[d]; member {
			delete(u.memberships, d)
			o.settleMain(u)
		}
	}
	o.mendTree()
}

// idOf finds a row: by a record that stands for it, or did, else by the word
// that only it has.
func (o operator) idOf(row *modelRow) (id any) {
	o.t.Helper()
	if row == nil {
		return nil
	}
	var found int64
	q, args := `SELECT id FROM {`+string(row.kind)+`s} WHERE status = ?`, []any{row.columns["status"]}
	for key, r := range o.m.records {
		if r.row == row {
			q, args = `SELECT row_id FROM {records} WHERE source = ? AND type = ? AND uid = ?`, []any{key.source, key.kind, key.uid}
		}
	}
	if err := o.db.On(o.db).Get(o.t.Context(), &found, q, args...); err != nil {
		o.t.Fatalf("find the row %v: %v", row.columns, err)
	}
	return found
}
