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
		addPending, resolveDepartments, addMemberships, setOwners, dropMemberships, endOthers, dropGone, awaitDepartments, chooseMain, touch,
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
		FROM {pending} w JOIN staged_user s ON s.uid = w.uid AND s._memberships IS NULL AND s._removed IS NULL
		WHERE w.source = ? AND w.type = 'user'`, p.Source)
	return schema.Wrap(err, "add memberships that waited")
}

// resolveDepartments finds the row of every department that is named, those
// that this run makes included.
func resolveDepartments(ctx context.Context, p *engine.Plan) error {
	db := p.DB()
	if err := p.Analyze(ctx, "staged_membership"); err != nil {
		return err
	}
	if err := db.Temp(ctx, p.Conn, "department_of", `uid text PRIMARY KEY, id bigint NOT NULL`); err != nil {
		return err
	}
	if err := db.Temp(ctx, p.Conn, "named", `seq bigint NOT NULL, pos bigint NOT NULL, uid text NOT NULL, id bigint, is_owner boolean, is_main boolean`); err != nil {
		return err
	}
	if _, err := p.Exec(ctx, `
		INSERT INTO department_of (uid, id)
		SELECT _uid, _row_id FROM {plan_departments} WHERE _run = <run> AND _op IN ('create', 'link')`); err != nil {
		return schema.Wrap(err, "find the departments that are new")
	}
	if _, err := p.Exec(ctx, `
		INSERT INTO department_of (uid, id)
		SELECT m.uid, d.id FROM (SELECT DISTINCT uid FROM staged_membership) m
		JOIN {records} r ON r.uid = m.uid AND r.source = ? AND r.type = 'department'
		JOIN {departments} d ON d.id = r.row_id
		WHERE NOT EXISTS (SELECT 1 FROM department_of o WHERE o.uid = m.uid)
		AND (r.removed IS NULL OR r.removed IN ('kept', 'disabled'))
		AND d.id NOT IN (SELECT _row_id FROM {plan_departments} WHERE _run = <run> AND _op = 'delete')
		AND m.uid NOT IN (SELECT _uid FROM {plan_departments} WHERE _run = <run> AND _op = 'unlink')`, p.Source); err != nil {
		return schema.Wrap(err, "find the departments that are named")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO named (seq, pos, uid, id, is_owner, is_main)
		SELECT m.seq, m.pos, m.uid, d.id, m.is_owner, m.is_main
		FROM staged_membership m JOIN found_user w ON w.seq = m.seq LEFT JOIN department_of d ON d.uid = m.uid
		WHERE m.seq NOT IN (SELECT seq FROM refused_user)`)
	if err != nil {
		return schema.Wrap(err, "find the departments that are named")
	}
	if err := db.Index(ctx, p.Conn, "named", "seq"); err != nil {
		return err
	}
	return p.Analyze(ctx, "named")
}

// claimed is SQL for: the record of w claims the membership in department id.
// What it claimed for another row than it comes to counts no more.
func claimed(id string) string {
	return `(w.op NOT IN ('create', 'link') AND EXISTS (SELECT 1 FROM {userDataSyncRecordsResources} c WHERE c.[recordId] = w.record_id
		AND c.resource = 'departments' AND c.[resourcePk] = CAST(` + id + ` AS text)))`
}

// addMemberships plans those that are missing, and claims on those that are
// there. What a record said before was claimed then and is not looked up.
func addMemberships(ctx context.Context, p *engine.Plan) error {
	present, missing := "claim", "du.[userId] IS NULL"
	if p.Options.Memberships != "own" {
		present = "adopt"
	}
	if p.Options.Drift == "keep" { // what was ended by hand stays so
		missing += ` AND (w.restated OR w.op IN ('create', 'attach') OR NOT ` + claimed("m.id") + `)`
	}
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id, department_uid, is_owner, is_main)
		SELECT <run>, w.n, m.pos,
		       CASE WHEN du.[userId] IS NOT NULL THEN '`+present+`' WHEN w.fresh OR NOT `+claimed("m.id")+` THEN 'add' ELSE 'restore' END,
		       m.id, m.uid, coalesce(m.is_owner, false), m.is_main
		FROM named m JOIN found_user w ON w.seq = m.seq JOIN staged_user s ON s.seq = m.seq
		LEFT JOIN {departmentsUsers} du ON du.[departmentId] = m.id AND du.[userId] = w.row_id
		LEFT JOIN {pending} q ON q.source = ? AND q.awaits = m.uid AND q.type = 'user' AND q.uid = s.uid
		WHERE m.id IS NOT NULL AND (`+missing+` OR ((w.restated OR q.uid IS NOT NULL) AND (w.fresh OR NOT `+claimed("m.id")+`)))`, p.Source)
	return schema.Wrap(err, "plan new memberships")
}

// setOwners plans the owner flags that a changed statement says otherwise than
// the membership has them. Flags set by hand stay as long as it says the same.
func setOwners(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id, department_uid, is_owner, is_main)
		SELECT <run>, w.n, m.pos, 'set', m.id, m.uid, coalesce(m.is_owner, false), m.is_main
		FROM named m JOIN found_user w ON w.seq = m.seq
		JOIN {departmentsUsers} du ON du.[departmentId] = m.id AND du.[userId] = w.row_id
		WHERE w.restated AND du.[isOwner] IS DISTINCT FROM coalesce(m.is_owner, false)`)
	return schema.Wrap(err, "plan owners")
}

// dropMemberships plans the end of claims that a record no longer makes. The
// membership goes with its last claim, unless it was there before the first.
func dropMemberships(ctx context.Context, p *engine.Plan) error {
	stays := `EXISTS (SELECT 1 FROM {kept_memberships} k WHERE k.user_id = w.row_id AND k.department_id = CAST(l.[resourcePk] AS bigint))
		OR EXISTS (SELECT 1 FROM {records} r JOIN {userDataSyncRecordsResources} c ON c.[recordId] = r.record_id
		           WHERE r.row_id = w.row_id AND r.type = 'user' AND r.record_id <> w.record_id
		           AND c.resource = 'departments' AND c.[resourcePk] = l.[resourcePk])`
	if p.Options.Memberships == "all" { // endOthers ends them
		stays = "w.op <> 'unlink' OR " + stays
	}
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id)
		SELECT <run>, w.n, l.id, CASE WHEN `+stays+` THEN 'unclaim' ELSE 'drop' END, CAST(l.[resourcePk] AS bigint)
		FROM found_user w JOIN {userDataSyncRecordsResources} l ON l.[recordId] = w.record_id AND l.resource = 'departments'
		WHERE (w.restated AND w.op NOT IN ('create', 'link') OR w.op = 'unlink') AND w.seq NOT IN (SELECT seq FROM refused_user)
		AND NOT EXISTS (SELECT 1 FROM named m WHERE m.seq = w.seq AND CAST(m.id AS text) = l.[resourcePk])`)
	return schema.Wrap(err, "plan the end of memberships")
}

// endOthers plans, where the source's statement is the whole truth, the end of
// memberships that it does not name, whoever made them.
func endOthers(ctx context.Context, p *engine.Plan) error {
	if p.Options.Memberships != "all" {
		return nil
	}
	stated := "s._memberships IS NOT NULL"
	if p.Options.Drift == "keep" { // what was made by hand stays so
		stated = "w.restated"
	}
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id)
		SELECT <run>, w.n, du.[departmentId], 'end', du.[departmentId]
		FROM found_user w JOIN staged_user s ON s.seq = w.seq JOIN {departmentsUsers} du ON du.[userId] = w.row_id
		WHERE `+stated+` AND w.op <> 'create' AND w.seq NOT IN (SELECT seq FROM refused_user)
		AND NOT EXISTS (SELECT 1 FROM named m WHERE m.seq = w.seq AND m.id = du.[departmentId])`)
	return schema.Wrap(err, "plan the end of memberships that the source does not name")
}

// dropGone plans the end of claims of users who were removed by somebody and
// are made again, and of claims on departments, of users whose departments were.
func dropGone(ctx context.Context, p *engine.Plan) error {
	if _, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id)
		SELECT <run>, w.n, l.id, 'forget', CAST(l.[resourcePk] AS bigint)
		FROM found_user w JOIN {userDataSyncRecordsResources} l ON l.[recordId] = w.record_id AND l.resource = 'departments'
		WHERE w.op IN ('create', 'link') AND NOT w.fresh AND w.seq NOT IN (SELECT seq FROM refused_user)`); err != nil {
		return schema.Wrap(err, "plan the end of claims of a row that is gone")
	}
	// CASE has PostgreSQL look into the plan by a hash, however empty it holds it for.
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_id)
		SELECT <run>, w.n, l.id, 'unclaim', CAST(l.[resourcePk] AS bigint)
		FROM found_user w JOIN {userDataSyncRecordsResources} l ON l.[recordId] = w.record_id AND l.resource = 'departments'
		WHERE NOT w.restated AND w.op NOT IN ('create', 'link')
		AND CASE WHEN w.n IN (SELECT _n FROM {plan_memberships} WHERE _run = <run> AND _op = 'add') THEN true ELSE false END
		AND NOT EXISTS (SELECT 1 FROM {departments} d WHERE d.id = CAST(l.[resourcePk] AS bigint))`)
	return schema.Wrap(err, "plan the end of claims on departments that are gone")
}

// awaitDepartments remembers the departments that are named and not known.
func awaitDepartments(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO {plan_memberships} (_run, _n, _pos, _op, department_uid, is_owner, is_main)
		SELECT <run>, w.n, m.pos, 'await', m.uid, m.is_owner, m.is_main
		FROM named m JOIN found_user w ON w.seq = m.seq JOIN staged_user s ON s.seq = m.seq
		WHERE m.id IS NULL AND (w.restated OR NOT EXISTS (
			SELECT 1 FROM {pending} q WHERE q.source = ? AND q.awaits = m.uid AND q.type = 'user' AND q.uid = s.uid))`, p.Source)
	return schema.Wrap(err, "plan what is awaited")
}

// chooseMain picks the main department of users whose departments change: the
// one marked, if the statement is new or has waited for that department; else
// the present one while it is a membership; else the first.
func chooseMain(ctx context.Context, p *engine.Plan) error {
	if err := findTwins(ctx, p); err != nil {
		return err
	}
	if err := findLeaving(ctx, p); err != nil {
		return err
	}
	_, err := p.Exec(ctx, `
		INSERT INTO derived_user (seq, [mainDepartmentId])
		SELECT seq, main FROM (
			SELECT w.seq, w.op, u.[mainDepartmentId] AS present,
			       CASE WHEN first.is_main AND (w.restated OR first.awaited) THEN first.id
			            WHEN `+stays+` THEN u.[mainDepartmentId]
			            WHEN first.id IS NOT NULL THEN first.id
			            ELSE (SELECT min(+du.[departmentId]) FROM {departmentsUsers} du
			                  WHERE du.[userId] = w.row_id AND `+remains+`) END AS main
			FROM found_user w
			LEFT JOIN {users} u ON u.id = w.row_id
			LEFT JOIN (SELECT m.seq, m.id, m.is_main,
			                  EXISTS (SELECT 1 FROM {pending} q WHERE q.source = ? AND q.type = 'user' AND q.awaits = m.uid AND q.uid = s.uid) AS awaited,
			                  row_number() OVER (PARTITION BY m.seq ORDER BY CASE WHEN m.is_main THEN 0 ELSE 1 END, m.pos) AS place
			           FROM named m JOIN staged_user s ON s.seq = m.seq WHERE m.id IS NOT NULL) first ON first.seq = w.seq AND first.place = 1
			WHERE (w.restated OR w.n IN (SELECT _n FROM {plan_memberships} WHERE _run = <run> AND _op IN ('add', 'restore', 'drop', 'end')) OR w.n IN (SELECT n FROM twins))
			AND w.n NOT IN (SELECT gone FROM twins) AND w.seq NOT IN (SELECT seq FROM refused_user)) chosen
		WHERE op = 'create' AND main IS NOT NULL OR op <> 'create' AND main IS DISTINCT FROM present`, p.Source)
	return schema.Wrap(err, "choose main departments")
}

// findTwins finds the items of records that come to stand for the row of one
// that is gone: such a row is written once, for both, by the one that stands.
func findTwins(ctx context.Context, p *engine.Plan) error {
	if err := p.DB().Temp(ctx, p.Conn, "twins", `n bigint NOT NULL, gone bigint NOT NULL`); err != nil || !p.Removing() {
		return err
	}
	_, err := p.Exec(ctx, `
		INSERT INTO twins (n, gone)
		SELECT w.n, g.n FROM found_user w JOIN found_user g ON g.row_id = w.row_id AND g.op = 'unlink'
		WHERE w.op = 'link' AND w.seq NOT IN (SELECT seq FROM refused_user)`)
	return schema.Wrap(err, "find who comes to stand for whose row")
}

// findLeaving finds the departments that records leave, or their twins.
func findLeaving(ctx context.Context, p *engine.Plan) error {
	if err := p.DB().Temp(ctx, p.Conn, "leaving", `n bigint NOT NULL, department_id bigint NOT NULL, PRIMARY KEY (n, department_id)`); err != nil {
		return err
	}
	_, err := p.Exec(ctx, `
		INSERT INTO leaving (n, department_id)
		SELECT DISTINCT coalesce(t.n, x._n), x.department_id
		FROM {plan_memberships} x LEFT JOIN twins t ON t.gone = x._n WHERE x._run = <run> AND x._op IN ('drop', 'end')`)
	return schema.Wrap(err, "find who leaves which departments")
}

// remains is SQL for: the membership du of w does not end with this run.
const remains = `NOT EXISTS (SELECT 1 FROM leaving l WHERE l.n = w.n AND l.department_id = du.[departmentId])
	AND du.[departmentId] NOT IN (SELECT g._row_id FROM {plan_departments} g WHERE g._run = <run> AND g._op = 'delete')`

// stays is SQL for: the main department of u is and stays a membership of w,
// or becomes one.
const stays = `u.[mainDepartmentId] IS NOT NULL AND (
	EXISTS (SELECT 1 FROM named m WHERE m.seq = w.seq AND m.id = u.[mainDepartmentId])
	OR EXISTS (SELECT 1 FROM {departmentsUsers} du WHERE du.[userId] = w.row_id AND du.[departmentId] = u.[mainDepartmentId]
	           AND ` + remains + `))`

// touch makes items of users whose memberships change; new ones are items anyway.
func touch(ctx context.Context, p *engine.Plan) error {
	_, err := p.Exec(ctx, `
		INSERT INTO touched_user (seq) SELECT w.seq FROM found_user w
		WHERE w.op <> 'create' AND w.n IN (SELECT _n FROM {plan_memberships} WHERE _run = <run>)`)
	return schema.Wrap(err, "plan users whose memberships change")
}

// items are, as SQL, the people of a chunk with what is planned for their
// memberships. CROSS JOIN holds SQLite to this order; to PostgreSQL it is a join
// like any.
const (
	items = `{<plan>} p CROSS JOIN {plan_memberships} m`
	of    = `<chunk> AND <members>`
)

// applyMemberships writes the memberships and claims of a chunk of users.
// Departments that have gone meanwhile are left out, and what others claim by
// now stays.
func applyMemberships(ctx context.Context, c *engine.Chunk) error {
	there := items + ` CROSS JOIN {departments} d`
	claims := `SELECT 1 FROM {records} r JOIN {userDataSyncRecordsResources} c ON c.[recordId] = r.record_id
		WHERE r.row_id = p._row_id AND r.type = 'user' AND c.resource = 'departments' AND c.[resourcePk] = CAST(m.department_id AS text)`
	if err := tellOwners(ctx, c); err != nil {
		return err
	}
	if err := c.Lock(ctx, engine.Step{
		What: "lock memberships", When: []string{"membership drop", "membership unclaim", "membership end", "membership set", "delete"}, SQL: `
			SELECT 1 FROM {departmentsUsers} t WHERE (t.[departmentId], t.[userId]) IN (
				SELECT m.department_id, p._row_id FROM ` + items + ` WHERE ` + of + ` AND m._op IN ('drop', 'unclaim', 'end', 'set')
				UNION SELECT du.[departmentId], du.[userId] FROM {<plan>} p JOIN {departmentsUsers} du ON du.[userId] = p._row_id WHERE <chunk> AND p._op = 'delete')
			ORDER BY t.[departmentId], t.[userId] ` + c.DB().ForUpdate("t", true),
	}); err != nil {
		return err
	}
	return c.Run(ctx,
		engine.Step{What: "mark memberships that were there before", When: []string{"membership claim"}, SQL: `
			INSERT INTO {kept_memberships} (user_id, department_id)
			SELECT p._row_id, m.department_id FROM ` + items + `
			CROSS JOIN {departmentsUsers} du
			WHERE ` + of + ` AND du.[departmentId] = m.department_id AND du.[userId] = p._row_id AND m._op = 'claim' AND NOT EXISTS (` + claims + `)
			ON CONFLICT DO NOTHING`},
		engine.Step{What: "forget marks of memberships that the source takes over", When: []string{"membership adopt"}, SQL: `
			DELETE FROM {kept_memberships} WHERE (user_id, department_id) IN (
				SELECT p._row_id, m.department_id FROM ` + items + ` WHERE ` + of + ` AND m._op = 'adopt')`},
		engine.Step{What: "drop claims", When: []string{"membership drop", "membership unclaim", "membership forget"}, SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE id IN (
				SELECT m._pos FROM ` + items + ` WHERE ` + of + ` AND m._op IN ('drop', 'unclaim', 'forget'))`},
		engine.Step{What: "end memberships", When: []string{"membership drop", "membership unclaim", "membership end"}, SQL: `
			DELETE FROM {departmentsUsers} WHERE ([departmentId], [userId]) IN (
				SELECT m.department_id, p._row_id FROM ` + items + ` WHERE ` + of + ` AND (m._op = 'end' OR m._op IN ('drop', 'unclaim')
				AND NOT EXISTS (SELECT 1 FROM {kept_memberships} k WHERE k.user_id = p._row_id AND k.department_id = m.department_id)
				AND NOT EXISTS (` + claims + `)))`},
		engine.Step{What: "forget marks of memberships that were removed since", When: []string{"kept"}, SQL: `
			DELETE FROM {kept_memberships} WHERE (user_id, department_id) IN (
				SELECT p._row_id, m.department_id FROM ` + items + ` WHERE ` + of + ` AND m._op IN ('add', 'restore'))`},
		engine.Step{What: "add memberships", When: []string{"membership add", "membership restore", "membership claim", "membership adopt"}, SQL: `
			INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId], [isOwner])
			SELECT <now>, <now>, m.department_id, p._row_id, m.is_owner
			FROM ` + there + `
			WHERE ` + of + ` AND d.id = m.department_id AND m._op IN ('add', 'restore', 'claim', 'adopt')
			ORDER BY m.department_id, p._row_id
			ON CONFLICT DO NOTHING`},
		engine.Step{What: "claim memberships", When: []string{"membership add", "membership claim", "membership adopt"}, SQL: `
			INSERT INTO {userDataSyncRecordsResources} ([createdAt], [updatedAt], [recordId], resource, [resourcePk])
			SELECT <now>, <now>, p._record_id, 'departments', CAST(m.department_id AS text)
			FROM ` + there + `
			WHERE ` + of + ` AND d.id = m.department_id AND m._op IN ('add', 'claim', 'adopt')`},
		engine.Step{What: "set owners", When: []string{"membership set"}, SQL: `
			UPDATE {departmentsUsers} AS t SET [isOwner] = m.is_owner, [updatedAt] = <now>
			FROM ` + items + ` WHERE ` + of + ` AND m._op = 'set' AND t.[departmentId] = m.department_id AND t.[userId] = p._row_id`},
		engine.Step{What: "end memberships of users who go", When: []string{"delete"}, SQL: `
			DELETE FROM {departmentsUsers} WHERE [userId] IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete')`},
		engine.Step{What: "forget marks of memberships of users who go", When: []string{"delete"}, SQL: `
			DELETE FROM {kept_memberships} WHERE user_id IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete')`},
		engine.Step{What: "forget what is not awaited", When: []string{"pending"}, Args: []any{c.Source}, SQL: `
			DELETE FROM {pending} WHERE source = ? AND type = 'user' AND EXISTS (
				SELECT 1 FROM {<plan>} p WHERE <chunk> AND p._uid = {pending}.uid AND (p._memberships IS NOT NULL
				OR EXISTS (SELECT 1 FROM {plan_memberships} m WHERE <members> AND m._op IN ('add', 'restore', 'claim', 'adopt') AND m.department_uid = {pending}.awaits)))`},
		engine.Step{What: "keep what is awaited", When: []string{"membership await"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {pending} (source, awaits, type, uid, pos, is_owner, is_main)
			SELECT ?, m.department_uid, 'user', p._uid, m._pos, m.is_owner, m.is_main
			FROM ` + items + ` WHERE ` + of + ` AND m._op = 'await'
			ON CONFLICT DO NOTHING`},
		engine.Step{What: "await departments that are not there", When: []string{"unmade"}, Args: []any{c.Source}, SQL: `
			INSERT INTO {pending} (source, awaits, type, uid, pos, is_owner, is_main)
			SELECT ?, m.department_uid, 'user', p._uid, m._pos, m.is_owner, m.is_main
			FROM ` + items + ` WHERE ` + of + ` AND m._op IN ('add', 'restore', 'claim', 'adopt') AND NOT EXISTS (SELECT 1 FROM {departments} d WHERE d.id = m.department_id)
			ON CONFLICT DO NOTHING`},
		engine.Step{What: "choose another main department", When: []string{"unmade"}, SQL: mainAmong(`id IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND ` + c.States("mainDepartmentId") + `)
			AND NOT EXISTS (SELECT 1 FROM {departments} d WHERE d.id = {users}.[mainDepartmentId])`)},
		// What others claim, or claim no more, since the plan was made decides what ends.
		engine.Step{What: "choose the main department among those that stayed", When: []string{"membership drop", "membership unclaim"}, SQL: mainAmong(`
			id IN (SELECT p._row_id FROM ` + items + ` WHERE ` + of + ` AND m._op IN ('drop', 'unclaim'))
			AND ([mainDepartmentId] IS NOT NULL OR EXISTS (SELECT 1 FROM {departmentsUsers} du WHERE du.[userId] = {users}.id))
			AND NOT EXISTS (SELECT 1 FROM {departmentsUsers} du WHERE du.[userId] = {users}.id AND du.[departmentId] = {users}.[mainDepartmentId])`)})
}

// mainAmong is SQL that gives the users for which which holds their first
// membership as main department. The plus keeps PostgreSQL from looking for the
// least department of all in its index until it meets one of theirs.
func mainAmong(which string) string {
	return `UPDATE {users} SET [mainDepartmentId] = (SELECT min(+du.[departmentId]) FROM {departmentsUsers} du WHERE du.[userId] = {users}.id) WHERE ` + which
}
