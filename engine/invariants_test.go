package engine_test

import (
	"database/sql"
	"maps"
	"slices"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// invariants are what must hold of a database that only Roster writes to,
// whatever was pushed. Each query counts what breaks one.
var invariants = map[string]string{
	"two records of a source stand for one row": `
		SELECT count(*) FROM (SELECT 1 AS one FROM {records} WHERE row_id IS NOT NULL AND (removed IS NULL OR removed <> 'unlinked') GROUP BY source, type, row_id HAVING count(*) > 1) x`,
	"two links of records of one source lead to one row": `
		SELECT count(*) FROM (SELECT 1 AS one FROM {userDataSyncRecords} s JOIN {userDataSyncRecordsResources} l ON l.[recordId] = s.id
			WHERE l.resource = s.[dataType] || 's' GROUP BY s.[sourceName], s.[dataType], l.[resourcePk] HAVING count(*) > 1) x`,
	"a record has two links to rows of its own": `
		SELECT count(*) FROM (SELECT 1 AS one FROM {userDataSyncRecords} s JOIN {userDataSyncRecordsResources} l ON l.[recordId] = s.id
			WHERE l.resource = s.[dataType] || 's' GROUP BY s.id HAVING count(*) <> 1) x`,
	"a claim is made twice": `
		SELECT count(*) FROM (SELECT 1 AS one FROM {userDataSyncRecordsResources} GROUP BY [recordId], resource, [resourcePk] HAVING count(*) > 1) x`,
	"a link points at no row": `
		SELECT count(*) FROM {userDataSyncRecordsResources}
		WHERE NOT (resource = 'users' AND [resourcePk] IN (SELECT CAST(id AS text) FROM {users}))
		AND NOT (resource = 'departments' AND [resourcePk] IN (SELECT CAST(id AS text) FROM {departments}))`,
	"a link belongs to no record": `
		SELECT count(*) FROM {userDataSyncRecordsResources} WHERE [recordId] IS NULL OR [recordId] NOT IN (SELECT id FROM {userDataSyncRecords})`,
	"a record is not in the index, or is otherwise": `
		SELECT count(*) FROM {userDataSyncRecords} s LEFT JOIN {records} r ON r.uid = s.[sourceUk] AND r.source = s.[sourceName] AND r.type = s.[dataType]
		WHERE r.record_id IS DISTINCT FROM s.id`,
	"the index has a record that is not there, or whose link is another": `
		SELECT count(*) FROM {records} r WHERE coalesce(r.removed IN ('unlinked', 'deleted'), false) = EXISTS (
			SELECT 1 FROM {userDataSyncRecords} s JOIN {userDataSyncRecordsResources} l ON l.[recordId] = s.id
			WHERE s.id = r.record_id AND l.resource = r.type || 's' AND l.[resourcePk] = CAST(r.row_id AS text))`,
	"isLeaf is not as the tree is": `
		SELECT count(*) FROM {departments} d
		WHERE coalesce(d.[isLeaf], false) = EXISTS (SELECT 1 FROM {departments} c WHERE c.[parentId] = d.id)`,
	"a parent is not there": `
		SELECT count(*) FROM {departments} d WHERE d.[parentId] IS NOT NULL AND d.[parentId] NOT IN (SELECT id FROM {departments})`,
	"a department is in a circle, or its path is not the walk of its parents": `
		WITH RECURSIVE walk (id, path, root) AS (
			SELECT id, '/' || CAST(id AS text), id FROM {departments} WHERE [parentId] IS NULL
			UNION ALL SELECT d.id, walk.path || '/' || CAST(d.id AS text), walk.root FROM {departments} d JOIN walk ON walk.id = d.[parentId])
		SELECT count(*) FROM {departments} d LEFT JOIN walk ON walk.id = d.id
		WHERE walk.id IS NULL OR 1 <> (SELECT count(*) FROM {main_departments_path} p WHERE p.[nodePk] = d.id)
		OR NOT EXISTS (SELECT 1 FROM {main_departments_path} p WHERE p.[nodePk] = d.id AND p.path = walk.path AND p.[rootPk] = walk.root)`,
	"a path is of no department": `
		SELECT count(*) FROM {main_departments_path} WHERE [nodePk] IS NULL OR [nodePk] NOT IN (SELECT id FROM {departments})`,
	"a membership is of nobody or in nothing": `
		SELECT count(*) FROM {departmentsUsers} WHERE [userId] NOT IN (SELECT id FROM {users}) OR [departmentId] NOT IN (SELECT id FROM {departments})`,
	"a claim has no membership": `
		SELECT count(*) FROM (SELECT r.row_id, CAST(l.[resourcePk] AS bigint) FROM {records} r JOIN {userDataSyncRecordsResources} l ON l.[recordId] = r.record_id
			WHERE r.type = 'user' AND l.resource = 'departments' EXCEPT SELECT [userId], [departmentId] FROM {departmentsUsers}) x`,
	"a main department is no membership": `
		SELECT count(*) FROM {users} u WHERE u.[mainDepartmentId] IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM {departmentsUsers} m WHERE m.[userId] = u.id AND m.[departmentId] = u.[mainDepartmentId])`,
	"a user with departments has no main one": `
		SELECT count(*) FROM {users} u WHERE u.[mainDepartmentId] IS NULL
		AND EXISTS (SELECT 1 FROM {records} r WHERE r.row_id = u.id AND r.type = 'user' AND NOT r.adopted)
		AND EXISTS (SELECT 1 FROM {departmentsUsers} m WHERE m.[userId] = u.id)`,
	"a unique column holds the empty text": `
		SELECT count(*) FROM {users} WHERE username = '' OR email = '' OR phone = ''`,
	"a unique value is held twice": `
		SELECT count(*) FROM (SELECT 1 AS one FROM {users} WHERE username IS NOT NULL GROUP BY username HAVING count(*) > 1
			UNION ALL SELECT 1 FROM {users} WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1
			UNION ALL SELECT 1 FROM {users} WHERE phone IS NOT NULL GROUP BY phone HAVING count(*) > 1) x`,
	"a user that Roster made has not the default role": `
		SELECT count(*) FROM {records} r JOIN {users} u ON u.id = r.row_id WHERE r.type = 'user' AND NOT r.adopted
		AND NOT EXISTS (SELECT 1 FROM {records} o WHERE o.row_id = r.row_id AND o.type = 'user' AND o.adopted)
		AND r.row_id NOT IN (SELECT [userId] FROM {rolesUsers} WHERE [roleName] = 'member')`,
	"a role is nobody's": `
		SELECT count(*) FROM {rolesUsers} WHERE [userId] NOT IN (SELECT id FROM {users})`,
	"a record that was not refused waits for a department that is known": `
		SELECT count(*) FROM {pending} w JOIN {records} r ON r.uid = w.awaits AND r.source = w.source AND r.type = 'department'
		JOIN {departments} d ON d.id = r.row_id JOIN {records} x ON x.uid = w.uid AND x.source = w.source AND x.type = w.type
		WHERE (r.removed IS NULL OR r.removed <> 'unlinked') AND x.removed IS NULL
		AND (x.row_id IN (SELECT id FROM {users}) OR x.row_id IN (SELECT id FROM {departments}))
		AND NOT EXISTS (SELECT 1 FROM {plan_users} p WHERE w.type = 'user' AND p._uid = w.uid AND p._op = 'fail')
		AND NOT EXISTS (SELECT 1 FROM {plan_departments} p WHERE w.type = 'department' AND p._uid = w.uid AND p._op = 'fail')`,
	"what waits is not known": `
		SELECT count(*) FROM {pending} w WHERE NOT EXISTS (SELECT 1 FROM {records} r WHERE r.uid = w.uid AND r.source = w.source AND r.type = w.type)`,
	"a department waits for two parents": `
		SELECT count(*) FROM (SELECT 1 AS one FROM {pending} WHERE type = 'department' GROUP BY source, uid HAVING count(*) > 1) x`,
	"a run has not ended": `
		SELECT count(*) FROM {runs} WHERE finished_at IS NULL OR state NOT IN ('success', 'partial', 'failed', 'canceled', 'interrupted')`,
}

// loose are the invariants that do not hold where somebody else deletes what a
// record stands for or claims: an operator, or a source whose word counts more.
func loose() []string { return []string{"a link points at no row", "a claim has no membership"} }

// checkInvariants fails the test for each invariant, but for some, that does
// not hold.
func checkInvariants(t failer, db *schema.DB, but ...string) {
	t.Helper()
	tx, err := db.BeginTxx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatalf("check the invariants: %v", err)
	}
	defer tx.Rollback()
	x := db.On(tx)
	if db.Dialect() == "postgres" { // which has no statistics of these tables yet
		if err := x.Script(t.Context(), "SET LOCAL enable_nestloop = off", "SET LOCAL jit = off"); err != nil {
			t.Fatalf("check the invariants: %v", err)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(invariants)) {
		if slices.Contains(but, what) {
			continue
		}
		var n int
		if err := x.Get(t.Context(), &n, invariants[what]); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n > 0 {
			t.Errorf("%s: %d times", what, n)
		}
	}
}

// checkCounts checks that everything that was pushed is counted once.
func checkCounts(t failer, r *engine.Report, departments, users int) {
	t.Helper()
	for kind, pushed := range map[plugin.Type]int{plugin.Department: departments, plugin.User: users} {
		c := r.Task.Counts[string(kind)]
		// Records that are gone without a word are counted besides, and conflicts that have ended.
		gone := c.Deleted + c.Disabled + c.Unlinked + c.Kept
		if c.Total < pushed || c.Created+c.Linked+c.Updated+c.Unchanged+c.Failed+c.Skipped+gone != c.Total ||
			min(c.Created, c.Linked, c.Updated, c.Unchanged, c.Failed, c.Skipped, c.Deleted, c.Disabled, c.Unlinked, c.Kept) < 0 {
			t.Errorf("%d records of type %s are counted as %+v", pushed, kind, c)
		}
	}
	for _, result := range r.Result {
		n := result.Detail.Count
		if n.All != departments && n.All != users || n.All != n.Success+n.Failed+n.Skipped || min(n.Success, n.Failed, n.Skipped) < 0 || len(result.Detail.FailedRecords) != n.Failed {
			t.Errorf("%s answers %+v with %d failed records", result.Resource, n, len(result.Detail.FailedRecords))
		}
	}
}

var _ failer = testing.TB(nil)
