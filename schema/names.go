package schema

import (
	"slices"
	"strconv"
	"strings"
)

// nocobase are the tables of NocoBase's that Roster reads or writes.
func nocobase() []string {
	return []string{
		"users", "departments", "main_departments_path", "departmentsUsers",
		"roles", "rolesUsers", "departmentsRoles",
		"userDataSyncRecords", "userDataSyncRecordsResources", "userDataSyncSources", "userDataSyncTasks",
		"applicationVersion", "applicationPlugins", "fields",
	}
}

// own are Roster's tables: an index of NocoBase's, and the runs.
func own() []string {
	return []string{
		"records", "pending", "kept_memberships",
		"runs", "chunks", "snapshots", "snapshot_records", "conflicts", "plan_departments", "plan_users", "plan_memberships",
		"counters", "host", "cursors", "before_images", "readings", "pages", "inbox", "renames", "feeds", "outbox", "tokens",
	}
}

// SQL gives statement q, written in the notation of this package, as this
// database wants it: {table}, [column] and ? are replaced, outside of quoted
// text. A name that is not known is a mistake in our own source and panics.
func (db *DB) SQL(q string) string {
	var b strings.Builder
	b.Grow(len(q) + 64)
	for parameters := 0; ; {
		i := strings.IndexAny(q, "{[?'\"")
		if i < 0 {
			b.WriteString(q)
			return b.String()
		}
		b.WriteString(q[:i])
		mark := q[i]
		q = q[i+1:]
		switch mark {
		case '?':
			parameters++
			b.WriteString(db.dialect.parameter(parameters))
			continue
		case '{':
			b.WriteString(db.table(until(&q, '}')))
		case '[':
			b.WriteString(db.Column(until(&q, ']')))
		default: // a doubled quote within is two quoted texts side by side
			b.WriteByte(mark)
			b.WriteString(until(&q, mark))
			b.WriteByte(mark)
		}
	}
}

// until takes what comes before end off q, and end with it.
func until(q *string, end byte) string {
	text, rest, found := strings.Cut(*q, string(end))
	if !found {
		panic("schema: nothing closes what is open before " + *q)
	}
	*q = rest
	return text
}

// parameter is how the n-th parameter is written.
func (d dialect) parameter(n int) string {
	if d.name == "postgres" {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// table gives the name of a table that statements of ours may name.
func (db *DB) table(name string) string {
	switch {
	case slices.Contains(nocobase(), name):
		return db.Table(name)
	case slices.Contains(own(), name):
		return db.dialect.own + name
	}
	panic("schema: no table is called " + name)
}

// Table is what the database calls the table of one of NocoBase's collections,
// as SQL: also of one that Roster knows nothing else of.
func (db *DB) Table(collection string) string { return db.naming.table(collection) }

// Column is what the database calls a field of NocoBase's, as SQL.
func (db *DB) Column(field string) string { return Quote(db.naming.column(field)) }

// Quote makes an identifier of any text.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
