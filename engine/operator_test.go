package engine_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/nocobase-roster/roster/schema"
)

// actByHand does one of the things that operators do in NocoBase, to the
// database and to the model: they make users, put them into departments, choose
// main departments and edit.
func actByHand(t *rapid.T, db *schema.DB, m *model) {
	t.Helper()
	o := operator{t: t, db: db, m: m}
	if len(m.users) == 0 || rapid.IntRange(0, 3).Draw(t, "make a user") == 0 {
		o.makeUser()
		return
	}
	u := rapid.SampledFrom(m.users).Draw(t, "user")
	switch rapid.SampledFrom([]string{"join", "main", "rename"}).Draw(t, "act") {
	case "join":
		o.join(u)
	case "main":
		o.chooseMain(u)
	case "rename":
		o.rename(u)
	}
}

type operator struct {
	t  *rapid.T
	db *schema.DB
	m  *model
}

func (o operator) exec(q string, args ...any) {
	o.t.Helper()
	n, err := o.db.On(o.db).Exec(o.t.Context(), q, args...)
	if err != nil || n != 1 {
		o.t.Fatalf("%s: %d rows, %v", q, n, err)
	}
}

// later is a time that no run has written.
func (o operator) later() any { return o.db.Time(time.Now().Add(time.Minute)) }

func (o operator) makeUser() {
	u := &modelUser{columns: map[string]any{}, memberships: map[*modelDepartment]bool{}}
	for i, values := range [][]any{usernames, emails, {"1", "2"}} {
		column := uniqueColumns[i]
		v := rapid.SampledFrom(append(slices.Clone(values), nil)).Draw(o.t, column)
		if v != nil && o.m.holder(column, v) == nil {
			u.columns[column] = v
		}
	}
	u.columns["nickname"] = fmt.Sprintf("by hand %d", len(o.m.users))
	o.m.users = append(o.m.users, u)
	o.exec(`INSERT INTO {users} ([createdAt], [updatedAt], nickname, username, email, phone) VALUES (?, ?, ?, ?, ?, ?)`,
		o.later(), o.later(), u.columns["nickname"], u.columns["username"], u.columns["email"], u.columns["phone"])
}

func (o operator) join(u *modelUser) {
	if len(o.m.departments) == 0 {
		return
	}
	d := rapid.SampledFrom(o.m.departments).Draw(o.t, "department")
	if _, member := u.memberships[d]; member {
		return
	}
	owner := rapid.Bool().Draw(o.t, "owner")
	u.memberships[d] = owner
	o.exec(`INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId], [isOwner]) VALUES (?, ?, ?, ?, ?)`,
		o.later(), o.later(), o.idOf(d), o.idOfUser(u), owner)
	if u.main == nil {
		o.main(u, d)
	}
}

func (o operator) chooseMain(u *modelUser) {
	for _, d := range o.m.departments {
		if _, member := u.memberships[d]; member && rapid.Bool().Draw(o.t, "this one") {
			o.main(u, d)
			return
		}
	}
}

func (o operator) main(u *modelUser, d *modelDepartment) {
	o.exec(`UPDATE {users} SET [mainDepartmentId] = ?, [updatedAt] = ? WHERE id = ?`, o.idOf(d), o.later(), o.idOfUser(u))
	u.main = d
}

func (o operator) rename(u *modelUser) {
	id := o.idOfUser(u)
	u.columns["nickname"] = fmt.Sprint("renamed ", u.columns["nickname"])
	o.exec(`UPDATE {users} SET nickname = ?, [updatedAt] = ? WHERE id = ?`, u.columns["nickname"], o.later(), id)
}

func (o operator) idOf(d *modelDepartment) int64 {
	for key, r := range o.m.records {
		if r.department == d {
			return o.rowOf(key)
		}
	}
	o.t.Fatalf("department %v is nobody's", d.title)
	return 0
}

// idOfUser finds the row of a user; those who stand for no record have a
// nickname of their own.
func (o operator) idOfUser(u *modelUser) (id int64) {
	o.t.Helper()
	for key, r := range o.m.records {
		if r.user == u {
			return o.rowOf(key)
		}
	}
	if err := o.db.On(o.db).Get(o.t.Context(), &id, `SELECT id FROM {users} WHERE nickname = ?`, u.columns["nickname"]); err != nil {
		o.t.Fatalf("find %v: %v", u.columns["nickname"], err)
	}
	return id
}

func (o operator) rowOf(key modelKey) (id int64) {
	o.t.Helper()
	err := o.db.On(o.db).Get(o.t.Context(), &id, `SELECT row_id FROM {records} WHERE source = ? AND type = ? AND uid = ?`,
		key.source, key.kind, key.uid)
	if err != nil {
		o.t.Fatalf("find the row of %v: %v", key, err)
	}
	return id
}
