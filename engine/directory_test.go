package engine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/schema"
)

// A failer is what both *testing.T and *rapid.T are.
type failer interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A directory is what a database holds, by meaning: a row is called after the
// records that stand for it ("hr:u1", "crm:7=hr:u1") or, when nobody's does,
// "row:" and its title or user name. Ids and times are left out.
type directory struct {
	Departments map[string]departmentRow
	Users       map[string]userRow
	Records     map[string]syncRecord // by "source/type/uid"
	Pending     []string              // "source/type/uid awaits department", with what is to become of it
	Kept        []string              // memberships that stay though nobody claims them
	Strays      []string              // what hangs on nothing
}

// A departmentRow is a department. Columns has no nulls.
type departmentRow struct {
	Columns map[string]string
	Parent  string
	Leaf    bool
	Path    string // "/top/…/it", once for each row of the path table
	Root    string
}

// A userRow is a user with what hangs on it.
type userRow struct {
	Columns     map[string]string
	Main        string
	Roles       []string
	Memberships map[string]bool // the departments; true: as an owner
}

// A syncRecord is a record as NocoBase's tables and Roster's index keep it.
type syncRecord struct {
	Meta, Last  string
	Links       []string // "resource=row"
	Indexed     bool     // the index has it, and agrees with the links
	Adopted     bool
	Removed     string // it is gone
	Was         string // the row that it stood for until then, if that is there
	Digest      string
	Memberships string
	Current     bool // the row is as it was when the record was written
}

// readDirectory reads the whole database.
func readDirectory(t failer, db *schema.DB) directory {
	t.Helper()
	r := &directoryReader{t: t, x: db.On(db), d: directory{
		Departments: map[string]departmentRow{}, Users: map[string]userRow{}, Records: map[string]syncRecord{},
	}}
	r.nameRows()
	r.readDepartments()
	r.readUsers()
	r.readRecords()
	r.readRest()
	slices.Sort(r.d.Strays)
	return r.d
}

type directoryReader struct {
	t           failer
	x           schema.Conn
	d           directory
	departments map[int64]string // the names of rows, by id
	users       map[int64]string
	records     map[int64]string // the keys of NocoBase's records, by id
}

func (r *directoryReader) query(dst any, q string) {
	r.t.Helper()
	if err := r.x.Select(r.t.Context(), dst, q); err != nil {
		r.t.Fatalf("%s: %v", q, err)
	}
}

// rows reads a table whose columns are not known beforehand, by the names of
// its fields.
func (r *directoryReader) rows(table string) []map[string]any {
	r.t.Helper()
	fields, err := r.x.DB().Columns(r.t.Context(), r.x, table)
	if err != nil {
		r.t.Fatalf("%v", err)
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.SQL()+" AS "+schema.Quote(f.Name))
	}
	rows, err := r.x.DB().QueryxContext(r.t.Context(), r.x.DB().SQL("SELECT "+strings.Join(names, ", ")+" FROM {"+table+"} ORDER BY id"))
	if err != nil {
		r.t.Fatalf("read %s: %v", table, err)
	}
	defer rows.Close()
	var all []map[string]any
	for rows.Next() {
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			r.t.Fatalf("read %s: %v", table, err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		r.t.Fatalf("read %s: %v", table, err)
	}
	return all
}

// columns are a row's values as text, without those named.
func columns(row map[string]any, without ...string) map[string]string {
	values := map[string]string{}
	for name, v := range row {
		if v == nil || slices.Contains(without, name) || slices.Contains([]string{"id", "createdAt", "updatedAt"}, name) {
			continue
		}
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		values[name] = fmt.Sprint(v)
	}
	return values
}

func (r *directoryReader) nameRows() {
	var known []struct {
		Source, UID, Type, Removed string
		Row                        *int64 `db:"row_id"`
	}
	r.query(&known, `SELECT source, uid, type, row_id, coalesce(removed, '') AS removed FROM {records}`)
	type names = map[int64][]string
	stand, stood := map[string]names{"user": {}, "department": {}}, map[string]names{"user": {}, "department": {}}
	for _, k := range known {
		switch name := k.Source + ":" + k.UID; {
		case k.Row != nil && k.Removed == "unlinked":
			stood[k.Type][*k.Row] = append(stood[k.Type][*k.Row], name)
		case k.Row != nil:
			stand[k.Type][*k.Row] = append(stand[k.Type][*k.Row], name)
		case k.Removed == "":
			r.d.Strays = append(r.d.Strays, "record without a row: "+k.Source+"/"+k.Type+"/"+k.UID)
		}
	}
	r.departments, r.users = map[int64]string{}, map[int64]string{}
	for table, into := range map[string]map[int64]string{"department": r.departments, "user": r.users} {
		for _, row := range r.rows(table + "s") {
			id, values := row["id"].(int64), map[string]any{}
			for column, v := range columns(row) {
				values[column] = v
			}
			into[id] = calledAfter(stand[table][id], stood[table][id], values)
		}
	}
}

// calledAfter is what a row is called: after the records that stand for it,
// those that did, or its own words.
func calledAfter(stand, stood []string, columns map[string]any) string {
	slices.Sort(stand)
	slices.Sort(stood)
	switch {
	case len(stand) > 0:
		return strings.Join(stand, "=")
	case len(stood) > 0:
		return "was " + strings.Join(stood, "=")
	}
	for _, column := range []string{"status", "title", "username", "nickname"} {
		if v, there := columns[column]; there {
			return fmt.Sprint("row:", v)
		}
	}
	return "row:"
}

// name is what a row is called; what is not there is called so.
func name(names map[int64]string, id any) string {
	switch id := id.(type) {
	case nil:
		return ""
	case *int64:
		if id == nil {
			return ""
		}
		return cmp.Or(names[*id], "gone")
	case int64:
		return cmp.Or(names[id], "gone")
	}
	return fmt.Sprintf("%T", id)
}

func (r *directoryReader) readDepartments() {
	var leaves []int64
	r.query(&leaves, `SELECT id FROM {departments} WHERE [isLeaf] = true`)
	for _, row := range r.rows("departments") {
		id := row["id"].(int64)
		r.d.Departments[r.departments[id]] = departmentRow{
			Columns: columns(row, "isLeaf", "parentId"),
			Parent:  name(r.departments, row["parentId"]),
			Leaf:    slices.Contains(leaves, id),
		}
	}
	var paths []struct {
		Node int64
		Path string
		Root *int64
	}
	r.query(&paths, `SELECT [nodePk] AS node, path, [rootPk] AS root FROM {main_departments_path} ORDER BY [nodePk], path`)
	for _, p := range paths {
		d, there := r.d.Departments[name(r.departments, p.Node)]
		if !there {
			r.d.Strays = append(r.d.Strays, "path of a department that is gone")
			continue
		}
		for _, step := range strings.Split(strings.TrimPrefix(p.Path, "/"), "/") {
			var id int64
			fmt.Sscan(step, &id)
			d.Path += "/" + name(r.departments, id)
		}
		d.Root += name(r.departments, p.Root)
		r.d.Departments[name(r.departments, p.Node)] = d
	}
}

func (r *directoryReader) readUsers() {
	for _, row := range r.rows("users") {
		r.d.Users[r.users[row["id"].(int64)]] = userRow{
			Columns:     columns(row, "mainDepartmentId", "sort"),
			Main:        name(r.departments, row["mainDepartmentId"]),
			Memberships: map[string]bool{},
		}
	}
	var members []struct {
		Department, User int64
		Owner, Main      bool
	}
	r.query(&members, `SELECT [departmentId] AS department, [userId] AS "user", [isOwner] AS owner, [isMain] AS main FROM {departmentsUsers}`)
	for _, m := range members {
		u, there := r.d.Users[name(r.users, m.User)]
		if !there || m.Main {
			r.d.Strays = append(r.d.Strays, fmt.Sprintf("membership of %s in %s, main %v", name(r.users, m.User), name(r.departments, m.Department), m.Main))
			continue
		}
		u.Memberships[name(r.departments, m.Department)] = m.Owner
	}
	var roles []struct {
		Role string
		User int64
	}
	r.query(&roles, `SELECT [roleName] AS role, [userId] AS "user" FROM {rolesUsers} ORDER BY [roleName]`)
	for _, role := range roles {
		u, there := r.d.Users[name(r.users, role.User)]
		if !there {
			r.d.Strays = append(r.d.Strays, "role of a user who is gone")
			continue
		}
		u.Roles = append(u.Roles, role.Role)
		r.d.Users[name(r.users, role.User)] = u
	}
}

func (r *directoryReader) readRecords() {
	var records []struct {
		ID                int64
		Source, UID, Type string
		Meta, Last        *string
	}
	r.query(&records, `SELECT id, [sourceName] AS source, [sourceUk] AS uid, [dataType] AS type, CAST([metaData] AS text) AS meta, CAST([lastMetaData] AS text) AS last
		FROM {userDataSyncRecords} ORDER BY id`)
	r.records = map[int64]string{}
	for _, s := range records {
		key := s.Source + "/" + s.Type + "/" + s.UID
		if _, twice := r.d.Records[key]; twice {
			r.d.Strays = append(r.d.Strays, "second record of "+key)
		}
		r.records[s.ID] = key
		r.d.Records[key] = syncRecord{Meta: compact(s.Meta), Last: compact(s.Last)}
	}
	r.readLinks()
	r.readIndex()
}

// compact is JSON as Roster writes it, whoever wrote it.
func compact(s *string) string {
	if s == nil {
		return ""
	}
	var v any
	d := json.NewDecoder(strings.NewReader(*s))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "not JSON: " + *s
	}
	return canonical(v)
}

// canonical is JSON with sorted members, as Roster keeps records.
func canonical(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

func (r *directoryReader) readLinks() {
	var links []struct {
		Record   *int64
		Resource string
		Pk       string
	}
	r.query(&links, `SELECT [recordId] AS record, resource, [resourcePk] AS pk FROM {userDataSyncRecordsResources} ORDER BY id`)
	for _, l := range links {
		key := name(r.records, l.Record)
		record, there := r.d.Records[key]
		if !there {
			r.d.Strays = append(r.d.Strays, "link of a record that is gone to "+l.Resource)
			continue
		}
		var id int64
		fmt.Sscan(l.Pk, &id)
		names := map[string]map[int64]string{"users": r.users, "departments": r.departments}[l.Resource]
		record.Links = append(record.Links, l.Resource+"="+name(names, id))
		slices.Sort(record.Links)
		r.d.Records[key] = record
	}
}

func (r *directoryReader) readIndex() {
	var index []struct {
		Source, UID, Type, Removed, Digest, Memberships string
		Row                                             *int64 `db:"row_id"`
		Adopted, Agrees, Current                        bool
	}
	r.query(&index, `
		SELECT r.source, r.uid, r.type, r.digest, r.memberships, r.adopted, coalesce(r.removed, '') AS removed, r.row_id,
		       coalesce(r.removed IN ('unlinked', 'deleted'), false) <> EXISTS (SELECT 1 FROM {userDataSyncRecordsResources} l WHERE l.[recordId] = r.record_id
		               AND l.resource = r.type || 's' AND l.[resourcePk] = CAST(r.row_id AS text))
		       AND EXISTS (SELECT 1 FROM {userDataSyncRecords} s WHERE s.id = r.record_id
		                   AND s.[sourceName] = r.source AND s.[sourceUk] = r.uid AND s.[dataType] = r.type) AS agrees,
		       EXISTS (SELECT 1 FROM {users} u WHERE u.id = r.row_id AND r.type = 'user' AND u.[updatedAt] = r.row_updated_at)
		       OR EXISTS (SELECT 1 FROM {departments} d WHERE d.id = r.row_id AND r.type = 'department' AND d.[updatedAt] = r.row_updated_at) AS current
		FROM {records} r ORDER BY r.uid, r.source, r.type`)
	for _, i := range index {
		key := i.Source + "/" + i.Type + "/" + i.UID
		record, there := r.d.Records[key]
		if !there {
			r.d.Strays = append(r.d.Strays, "index of a record that is gone: "+key)
			continue
		}
		record.Indexed, record.Adopted, record.Current = i.Agrees, i.Adopted, i.Current
		record.Digest, record.Memberships, record.Removed = i.Digest, i.Memberships, i.Removed
		names := map[string]map[int64]string{"user": r.users, "department": r.departments}[i.Type]
		if i.Removed == "unlinked" && i.Row != nil {
			record.Was = names[*i.Row]
		}
		r.d.Records[key] = record
	}
}

func (r *directoryReader) readRest() {
	var pending []struct {
		Source, Awaits, Type, UID string
		Pos                       int64
		Owner                     *bool `db:"is_owner"`
		Main                      *bool `db:"is_main"`
	}
	r.query(&pending, `SELECT source, awaits, type, uid, pos, is_owner, is_main FROM {pending} ORDER BY source, type, uid, pos, awaits`)
	places := map[string]int{}
	for _, p := range pending {
		who := p.Source + "/" + p.Type + "/" + p.UID
		r.d.Pending = append(r.d.Pending, fmt.Sprintf("%s awaits %s at %d%s", who, p.Awaits, places[who], flags(p.Owner, p.Main)))
		places[who]++
	}
	slices.Sort(r.d.Pending)
	var kept []struct {
		User       int64 `db:"user_id"`
		Department int64 `db:"department_id"`
	}
	r.query(&kept, `SELECT user_id, department_id FROM {kept_memberships}
		WHERE (department_id, user_id) IN (SELECT [departmentId], [userId] FROM {departmentsUsers})`)
	for _, k := range kept {
		r.d.Kept = append(r.d.Kept, name(r.users, k.User)+" in "+name(r.departments, k.Department))
	}
	slices.Sort(r.d.Kept)
}

// flags tells what a statement says of owning and of the main department.
func flags(owner, main *bool) string {
	s := ""
	for _, flag := range []struct {
		word string
		is   *bool
	}{{"owner", owner}, {"main", main}} {
		if flag.is != nil {
			s += fmt.Sprintf(" %s %v", flag.word, *flag.is)
		}
	}
	return s
}

// without leaves out of a directory what depends on how it came about: the
// order of departments, and what only Roster reads.
func (d directory) without() directory {
	d.Departments, d.Records = maps.Clone(d.Departments), maps.Clone(d.Records)
	for k, row := range d.Departments {
		row.Columns = maps.Clone(row.Columns)
		delete(row.Columns, "sort")
		d.Departments[k] = row
	}
	for k, record := range d.Records {
		record.Digest, record.Memberships, record.Current = "", "", false
		d.Records[k] = record
	}
	return d
}
