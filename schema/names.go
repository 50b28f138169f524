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
	}
}

// own are Roster's tables: an index of NocoBase's, and the runs.
func own() []string {
	return []string{
		"records", "pending", "kept_memberships",
		"runs", "chunks", "snapshots", "snapshot_records", "conflicts", "plan_departments", "plan_users", "plan_memberships",
		"counters",
	}
}

// expand replaces {table}, [column] and ? in q, outside of quoted text.
func expand(q string, d dialect) string {
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
			b.WriteString(d.parameter(parameters))
			continue
		case '{':
			b.WriteString(d.table(until(&q, '}')))
		case '[':
			b.WriteString(Quote(until(&q, ']')))
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

// table gives the name of a table as this database knows it.
func (d dialect) table(name string) string {
	switch {
	case slices.Contains(nocobase(), name):
		return Quote(name)
	case slices.Contains(own(), name):
		return d.own + name
	}
	panic("schema: no table is called " + name)
}

// Quote makes an identifier of any text.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
