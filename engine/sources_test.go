package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
)

// A push of one source leaves alone what is another's: its records and links,
// the rows and memberships that it alone claims, and of those that both do what
// the push does not speak of.
func TestPushLeavesOtherSourcesAlone(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		c := drawCompany(t)
		said := map[string]randomPush{} // by each source so far: what was a conflict may be written later
		for range rapid.IntRange(2, 5).Draw(t, "pushes") {
			p := c.draw(t)
			if p.none() {
				continue
			}
			all := said[p.source]
			all.options, all.departments, all.users = p.options, append(all.departments, p.departments...), append(all.users, p.users...)
			said[p.source] = all
			other := map[string]string{"hr": "crm", "crm": "hr"}[p.source]
			before := readHoldings(t, db, other)
			p.do(t, e, db)
			after, theirs := readHoldings(t, db, other), readHoldings(t, db, p.source)
			for what, was := range before {
				if is := after[what]; is != was && !all.mayChange(what, was, after, theirs) {
					t.Errorf("a push of %s changed what is %s's: %v %q became %q", p.source, other, what, was, is)
				}
			}
		}
	})
}

// A holding is a value that a source has a claim on.
type holding struct {
	what   string // record, link, row or membership
	table  string // of a row; of a link the resource
	id     int64  // of the row, or the user
	column string // of the row; of a link or a record the uid
	other  string // the department of a membership or a link
}

// holdings are what a source holds, and "there": the rows that there are.
type holdings map[holding]string

func readHoldings(t failer, db *schema.DB, source string) holdings {
	t.Helper()
	r := &directoryReader{t: t, x: db.On(db)}
	h := holdings{}
	var records []struct {
		UID, Type, Removed string
		Row                *int64 `db:"row_id"`
		Meta               string
	}
	r.query(&records, `SELECT r.uid, r.type, coalesce(r.removed, '') AS removed, r.row_id, CAST(s.[metaData] AS text) AS meta
		FROM {records} r JOIN {userDataSyncRecords} s ON s.id = r.record_id WHERE r.source = '`+source+`'`)
	rows := map[string]map[int64]map[string]any{}
	for _, table := range []string{"users", "departments"} {
		rows[table] = map[int64]map[string]any{}
		for _, row := range r.rows(table) {
			rows[table][row["id"].(int64)] = row
			h[holding{what: "there", table: table, id: row["id"].(int64)}] = "yes"
		}
	}
	for _, k := range records {
		h[holding{what: "record", table: k.Type, column: k.UID}] = k.Removed + " " + compact(&k.Meta)
		if k.Row == nil || k.Removed != "" {
			continue
		}
		for column, v := range rows[k.Type+"s"][*k.Row] {
			if !slices.Contains([]string{"isLeaf", "sort"}, column) {
				h[holding{what: "row", table: k.Type + "s", id: *k.Row, column: column}] = fmt.Sprint(v)
			}
		}
	}
	var links []struct {
		UID, Type, Resource, Pk string
	}
	r.query(&links, `SELECT s.[sourceUk] AS uid, s.[dataType] AS type, l.resource, l.[resourcePk] AS pk FROM {userDataSyncRecords} s
		JOIN {userDataSyncRecordsResources} l ON l.[recordId] = s.id WHERE s.[sourceName] = '`+source+`'`)
	for _, l := range links {
		h[holding{what: "link", table: l.Resource, column: l.Type + " " + l.UID, other: l.Pk}] = "made"
	}
	var members []struct {
		User, Department int64
		Owner            bool
	}
	r.query(&members, `SELECT m.[userId] AS "user", m.[departmentId] AS department, m.[isOwner] AS owner FROM {departmentsUsers} m
		JOIN {records} r ON r.row_id = m.[userId] AND r.type = 'user' AND r.removed IS NULL JOIN {userDataSyncRecordsResources} l ON l.[recordId] = r.record_id
		WHERE r.source = '`+source+`' AND l.resource = 'departments' AND l.[resourcePk] = CAST(m.[departmentId] AS text)`)
	for _, m := range members {
		h[holding{what: "membership", id: m.User, other: fmt.Sprint(m.Department)}] = fmt.Sprint(m.Owner)
	}
	return h
}

// mayChange says whether the push has a say in what another source holds.
func (p randomPush) mayChange(of holding, was string, after, theirs holdings) bool {
	_, shared := theirs[holding{what: "row", table: of.table, id: of.id, column: "id"}]
	there := func(table, id string) bool {
		var n int64
		_, _ = fmt.Sscan(id, &n)
		return after[holding{what: "there", table: table, id: n}] != ""
	}
	switch of.what {
	case "there":
		return true
	case "link", "membership": // with a department that the other source lets go of
		_, user := theirs[holding{what: "row", table: "users", id: of.id, column: "id"}]
		if of.what == "membership" && user && (after[of] != "" || p.options.Memberships == "all") {
			return true
		}
		return !there("departments", of.other)
	case "row":
		switch of.column {
		case "mainDepartmentId", "parentId":
			return shared || was != "<nil>" && !there("departments", was)
		case "updatedAt":
			_, lifted := after[of]
			return shared || lifted && of.table == "departments"
		}
		return shared && (of.column == p.options.Removal.Disable.Field || p.speaksOf(of.table, of.column))
	}
	return false
}

// speaksOf says whether some record of the push states the column.
func (p randomPush) speaksOf(table, column string) bool {
	records := map[string][]object{"users": p.users, "departments": p.departments}[table]
	return slices.ContainsFunc(records, func(r object) bool {
		_, stated := r[column]
		return stated
	})
}
