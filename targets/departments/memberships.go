package departments

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
)

// planMemberships compares what records say of departments with the claims
// (NocoBase's links of resource departments) and the memberships that are
// there. A record that says nothing of departments leaves them alone.
func planMemberships(ctx context.Context, p *engine.Plan) error {
	for _, step := range []func(context.Context, *engine.Plan) error{
		addPending, resolveDepartments, addMemberships, setOwners, dropMemberships, awaitDepartments, chooseMain, touch,
	} {
		if err := step(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// addPending lets users that waited for a department name it, unless their
// record is in the push and speaks of departments itself.
func addPending(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO staged_membership (seq, pos, uid, is_owner, is_main)
		SELECT s.seq, w.pos, w.awaits, w.is_owner, w.is_main
		FROM {pending} w JOIN staged_user s ON s.uid = w.uid AND s._memberships IS NULL
		WHERE w.source = ? AND w.type = 'user'`, p.Source)
	return schema.Wrap(err, "add memberships that waited")
}

// resolveDepartments finds the row of every department that is named, those
// that this run makes included.
func resolveDepartments(ctx context.Context, p *engine.Plan) error {
	db := p.DB()
	if err := db.Temp(ctx, p.Conn, "department_of", `uid text NOT NULL, id bigint NOT NULL`); err != nil {
		return err
	}
	if err := db.Temp(ctx, p.Conn, "named", `seq bigint NOT NULL, pos bigint NOT NULL, uid text NOT NULL, id bigint, is_owner boolean, is_main boolean`); err != nil {
		return err
	}
	if _, err := p.Exec(ctx, `
		INSERT INTO department_of (uid, id)
		SELECT m.uid, coalesce(made.id, d.id)
		FROM (SELECT DISTINCT uid FROM staged_membership) m
		LEFT JOIN (SELECT _uid AS uid, _row_id AS id FROM {plan_departments} WHERE _run = <run> AND _op IN ('create', 'link')) made ON made.uid = m.uid
		LEFT JOIN {records} r ON r.uid = m.uid AND r.source = ? AND r.type = 'department'
		LEFT JOIN {departments} d ON d.id = r.row_id
		WHERE coalesce(made.id, d.id) IS NOT NULL`, p.Source); err != nil {
		return schema.Wrap(err, "find the departments that are named")
	}
	n, err := p.Exec(ctx, `
		INSERT INTO named (seq, pos, uid, id, is_owner, is_main)
		SELECT m.seq, m.pos, m.uid, d.id, m.is_owner, m.is_main
		FROM staged_membership m JOIN found_user w ON w.seq = m.seq LEFT JOIN department_of d ON d.uid = m.uid
		WHERE m.seq NOT IN (SELECT seq FROM refused_user)`)
	if err != nil {
		return schema.Wrap(err, "find the departments that are named")
	}
	return db.Settle(ctx, p.Conn, int(n), "named")
}

// claimed is SQL for: the record of w claims the membership in department id.
func claimed(id string) string {
	return `EXISTS (SELECT 1 FROM {userDataSyncRecordsResources} c WHERE c.[recordId] = w.record_id
		AND c.resource = 'departments' AND c.[resourcePk] = CAST(` + id + ` AS text))`
}

// addMemberships plans those that are missing, and claims on those that are
// there. What a record said before was claimed then and is not looked up.
func addMemberships(ctx context.Context, p *engine.Plan) error {
	n, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id, department_uid, is_owner, is_main, claim, member)
		SELECT <run>, w.n, m.pos, 'add', m.id, m.uid, coalesce(m.is_owner, false), m.is_main,
		       w.fresh OR NOT `+claimed("m.id")+`, du.[userId] IS NULL
		FROM named m JOIN found_user w ON w.seq = m.seq
		LEFT JOIN {departmentsUsers} du ON du.[departmentId] = m.id AND du.[userId] = w.row_id
		WHERE m.id IS NOT NULL AND (du.[userId] IS NULL OR (w.restated AND (w.fresh OR NOT `+claimed("m.id")+`)))`)
	if err != nil {
		return schema.Wrap(err, "plan new memberships")
	}
	return p.DB().Settle(ctx, p.Conn, int(n), p.DB().SQL("{plan_memberships}"))
}

// setOwners plans the owner flags that a changed statement says otherwise than
// the membership has them. Flags set by hand stay as long as it says the same.
func setOwners(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id, department_uid, is_owner, is_main, claim, member)
		SELECT <run>, w.n, m.pos, 'set', m.id, m.uid, coalesce(m.is_owner, false), m.is_main, false, true
		FROM named m JOIN found_user w ON w.seq = m.seq
		JOIN {departmentsUsers} du ON du.[departmentId] = m.id AND du.[userId] = w.row_id
		WHERE w.restated AND du.[isOwner] IS DISTINCT FROM coalesce(m.is_owner, false)`)
	return schema.Wrap(err, "plan owners")
}

// dropMemberships plans the end of claims that a record no longer makes. The
// membership goes with its last claim, unless it was there before the first.
func dropMemberships(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id, claim, member)
		SELECT <run>, w.n, l.id, 'drop', CAST(l.[resourcePk] AS bigint), true,
		       NOT EXISTS (SELECT 1 FROM {kept_memberships} k WHERE k.user_id = w.row_id AND k.department_id = CAST(l.[resourcePk] AS bigint))
		       AND NOT EXISTS (SELECT 1 FROM {records} r JOIN {userDataSyncRecordsResources} c ON c.[recordId] = r.record_id
		                       WHERE r.row_id = w.row_id AND r.type = 'user' AND r.record_id <> w.record_id
		                       AND c.resource = 'departments' AND c.[resourcePk] = l.[resourcePk])
		FROM found_user w JOIN {userDataSyncRecordsResources} l ON l.[recordId] = w.record_id AND l.resource = 'departments'
		WHERE w.restated AND w.seq NOT IN (SELECT seq FROM refused_user)
		AND NOT EXISTS (SELECT 1 FROM named m WHERE m.seq = w.seq AND CAST(m.id AS text) = l.[resourcePk])`)
	return schema.Wrap(err, "plan the end of memberships")
}

// awaitDepartments remembers the departments that are named and not known.
func awaitDepartments(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_uid, is_owner, is_main, claim, member)
		SELECT <run>, w.n, m.pos, 'await', m.uid, m.is_owner, m.is_main, false, false
		FROM named m JOIN found_user w ON w.seq = m.seq JOIN staged_user s ON s.seq = m.seq
		WHERE m.id IS NULL AND (w.restated OR NOT EXISTS (
			SELECT 1 FROM {pending} q WHERE q.source = ? AND q.awaits = m.uid AND q.type = 'user' AND q.uid = s.uid))`, p.Source)
	return schema.Wrap(err, "plan what is awaited")
}

// chooseMain picks the main department of users whose departments change: the
// one marked, if the statement is new; else the present one while it is a
// membership; else the first.
func chooseMain(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO derived_user (seq, [mainDepartmentId])
		SELECT seq, main FROM (
			SELECT w.seq, w.op, u.[mainDepartmentId] AS present,
			       CASE WHEN w.restated AND first.is_main THEN first.id
			            WHEN `+stays+` THEN u.[mainDepartmentId]
			            WHEN first.id IS NOT NULL THEN first.id
			            ELSE (SELECT min(du.[departmentId]) FROM {departmentsUsers} du
			                  WHERE du.[userId] = w.row_id AND du.[departmentId] NOT IN (`+dropped+`)) END AS main
			FROM found_user w
			LEFT JOIN {users} u ON u.id = w.row_id
			LEFT JOIN (SELECT seq, id, is_main, row_number() OVER (PARTITION BY seq ORDER BY CASE WHEN is_main THEN 0 ELSE 1 END, pos) AS place
			           FROM named WHERE id IS NOT NULL) first ON first.seq = w.seq AND first.place = 1
			WHERE (w.restated OR w.n IN (SELECT _n FROM {plan_memberships} WHERE _run = <run> AND _op IN ('add', 'drop')))
			AND w.seq NOT IN (SELECT seq FROM refused_user)) chosen
		WHERE op = 'create' AND main IS NOT NULL OR op <> 'create' AND main IS DISTINCT FROM present`)
	return schema.Wrap(err, "choose main departments")
}

// dropped is SQL for the departments that w leaves.
const dropped = `SELECT x.department_id FROM {plan_memberships} x WHERE x._run = <run> AND x._n = w.n AND x._op = 'drop' AND x.member`

// stays is SQL for: the main department of u is and stays a membership of w,
// or becomes one.
const stays = `u.[mainDepartmentId] IS NOT NULL AND (
	EXISTS (SELECT 1 FROM named m WHERE m.seq = w.seq AND m.id = u.[mainDepartmentId])
	OR EXISTS (SELECT 1 FROM {departmentsUsers} du WHERE du.[userId] = w.row_id AND du.[departmentId] = u.[mainDepartmentId]
	           AND du.[departmentId] NOT IN (` + dropped + `)))`

// touch makes items of users whose memberships change.
func touch(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO touched_user (seq) SELECT w.seq FROM found_user w
		WHERE w.n IN (SELECT _n FROM {plan_memberships} WHERE _run = <run>)`)
	return schema.Wrap(err, "plan users whose memberships change")
}

// applyMemberships writes the memberships and claims of a chunk of users.
// Departments that have gone meanwhile are left out.
func applyMemberships(ctx context.Context, c *engine.Chunk) error {
	items := `{<plan>} p JOIN {plan_memberships} m ON m._run = p._run AND m._n = p._n`
	for _, step := range []struct {
		what, q string
		args    []any
	}{
		{"mark memberships that were there before", `
			INSERT INTO {kept_memberships} (user_id, department_id)
			SELECT p._row_id, m.department_id FROM ` + items + `
			JOIN {departmentsUsers} du ON du.[departmentId] = m.department_id AND du.[userId] = p._row_id
			WHERE <chunk> AND m._op = 'add' AND m.claim AND NOT EXISTS (
				SELECT 1 FROM {records} r JOIN {userDataSyncRecordsResources} c ON c.[recordId] = r.record_id
				WHERE r.row_id = p._row_id AND r.type = 'user' AND c.resource = 'departments' AND c.[resourcePk] = CAST(m.department_id AS text))
			ON CONFLICT DO NOTHING`, nil},
		{"end memberships", `
			DELETE FROM {departmentsUsers} WHERE ([departmentId], [userId]) IN (
				SELECT m.department_id, p._row_id FROM ` + items + ` WHERE <chunk> AND m._op = 'drop' AND m.member)`, nil},
		{"drop claims", `
			DELETE FROM {userDataSyncRecordsResources} WHERE id IN (
				SELECT m._pos FROM ` + items + ` WHERE <chunk> AND m._op = 'drop' AND m.claim)`, nil},
		{"add memberships", `
			INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId], [isOwner])
			SELECT <now>, <now>, m.department_id, p._row_id, m.is_owner
			FROM ` + items + ` JOIN {departments} d ON d.id = m.department_id
			WHERE <chunk> AND m._op = 'add' AND m.member
			ON CONFLICT DO NOTHING`, nil},
		{"claim memberships", `
			INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
			SELECT <now>, <now>, p._record_id, 'departments', CAST(m.department_id AS text)
			FROM ` + items + ` JOIN {departments} d ON d.id = m.department_id
			WHERE <chunk> AND m._op = 'add' AND m.claim`, nil},
		{"set owners", `
			UPDATE {departmentsUsers} AS t SET [isOwner] = m.is_owner, [updatedAt] = <now>
			FROM ` + items + ` WHERE <chunk> AND m._op = 'set' AND t.[departmentId] = m.department_id AND t.[userId] = p._row_id`, nil},
		{"forget what is not awaited", `
			DELETE FROM {pending} WHERE source = ? AND type = 'user' AND EXISTS (
				SELECT 1 FROM {<plan>} p WHERE <chunk> AND p._uid = {pending}.uid AND (p._memberships IS NOT NULL
				OR EXISTS (SELECT 1 FROM {plan_memberships} m WHERE m._run = p._run AND m._n = p._n AND m._op = 'add' AND m.department_uid = {pending}.awaits)))`, []any{c.Source}},
		{"keep what is awaited", `
			INSERT INTO {pending} (source, awaits, type, uid, pos, is_owner, is_main)
			SELECT ?, m.department_uid, 'user', p._uid, m._pos, m.is_owner, m.is_main
			FROM ` + items + ` WHERE <chunk> AND m._op = 'await'
			ON CONFLICT DO NOTHING`, []any{c.Source}},
	} {
		if _, err := c.Exec(ctx, step.q, step.args...); err != nil {
			return schema.Wrap(err, step.what)
		}
	}
	return nil
}
