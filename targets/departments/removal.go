package departments

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
)

// lift finds the departments that go, in going, and those right below them, in
// lifted, with the nearest ancestor that stays. Where a removal takes what is
// below with it, that goes as well, as far as it is the source's alone.
func lift(ctx context.Context, p *engine.Plan) error {
	db := p.DB()
	if err := db.Temp(ctx, p.Conn, "going", db.Key("id")+`, parent_id bigint`); err != nil {
		return err
	}
	if err := db.Temp(ctx, p.Conn, "lifted", db.Key("id")+`, parent_id bigint`); err != nil {
		return err
	}
	if !p.Removing() {
		return nil
	}
	if p.Options.Removal.Children == "remove" {
		if err := removeBelow(ctx, p); err != nil {
			return err
		}
	}
	if _, err := p.Exec(ctx, `INSERT INTO going (id, parent_id) SELECT d.id, d.[parentId] FROM found_department w JOIN {departments} d ON d.id = w.row_id WHERE w.op = 'delete'`); err != nil {
		return schema.Wrap(err, "find the departments that go")
	}
	_, err := p.Exec(ctx, `
		INSERT INTO lifted (id, parent_id)
		WITH RECURSIVE up (id, parent) AS (
			SELECT d.id, g.parent_id FROM {departments} d JOIN going g ON g.id = d.[parentId] WHERE d.id NOT IN (SELECT id FROM going)
			UNION SELECT up.id, g.parent_id FROM up JOIN going g ON g.id = up.parent)
		SELECT id, parent FROM up WHERE parent IS NULL OR parent NOT IN (SELECT id FROM going)`)
	return schema.Wrap(err, "find the departments below those that go")
}

// removeBelow has departments go with the one above them, unless they are in
// the push, were there before the source, or another source claims them. What
// is below one that stays, stays with it.
func removeBelow(ctx context.Context, p *engine.Plan) error {
	return p.Remove(ctx, `
		WITH RECURSIVE own (id, uid, goes) AS (
			SELECT r.row_id, r.uid, NOT r.adopted AND NOT EXISTS (
				SELECT 1 FROM {records} o WHERE o.row_id = r.row_id AND o.type = r.type AND o.source <> r.source AND o.removed IS NULL)
			FROM {records} r WHERE r.source = ? AND r.type = 'department' AND r.removed IS NULL
			AND NOT EXISTS (SELECT 1 FROM staged_department s WHERE s.uid = r.uid)
			AND NOT EXISTS (SELECT 1 FROM staged_refused f WHERE f.uid = r.uid AND f.type = r.type)
			AND NOT `+p.Came()+`
		), gone (id, uid, goes) AS (
			SELECT row_id, '', true FROM found_department WHERE op = 'delete'
			UNION SELECT own.id, own.uid, own.goes FROM {departments} d JOIN gone ON d.[parentId] = gone.id AND gone.goes JOIN own ON own.id = d.id)
		SELECT uid FROM gone WHERE uid <> ''`, p.Source)
}

// applyRemovals ends, with departments that go, who is in them. Nobody is
// removed: people come to their next department, and wait for the one that went
// in case it stands again.
func applyRemovals(ctx context.Context, c *engine.Chunk) error {
	const gone = `SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete'`
	// What people claim is found by their records: read by themselves first, for
	// no index knows links by the department.
	const claims = `WITH claims AS MATERIALIZED (
		SELECT l.id, l.[resourcePk] AS claimed, u.source, u.uid, p._uid AS awaits, p._row_id AS department, du.[isOwner] AS is_owner,
		       EXISTS (SELECT 1 FROM {users} x WHERE x.id = du.[userId] AND x.[mainDepartmentId] = p._row_id) AS is_main
		FROM {<plan>} p JOIN {departmentsUsers} du ON du.[departmentId] = p._row_id
		JOIN {records} u ON u.row_id = du.[userId] AND u.type = 'user'
		JOIN {userDataSyncRecordsResources} l ON l.[recordId] = u.record_id AND l.resource = 'departments'
		WHERE <chunk> AND p._op = 'delete')`
	when := []string{"delete"}
	if !c.Has(when...) {
		return nil
	}
	err := c.Run(ctx,
		engine.Step{What: "await departments that go", When: when, Args: []any{c.Source}, SQL: `
			INSERT INTO {pending} (source, awaits, type, uid, pos, is_owner, is_main)
			` + claims + ` SELECT source, awaits, 'user', uid, id, is_owner, is_main FROM claims
			WHERE claimed = CAST(department AS text) AND source = ? ON CONFLICT DO NOTHING`},
		engine.Step{What: "drop claims on departments that go", When: when, SQL: `
			DELETE FROM {userDataSyncRecordsResources} WHERE id IN (` + claims + ` SELECT id FROM claims WHERE claimed = CAST(department AS text))`})
	if err != nil {
		return err
	}
	for _, lock := range []engine.Step{
		{What: "lock people whose main department goes", SQL: `SELECT t.id FROM {users} t WHERE t.[mainDepartmentId] IN (` + gone + `) ORDER BY t.id ` + c.DB().ForUpdate("t", false)},
		{What: "lock memberships in departments that go", SQL: `SELECT 1 FROM {departmentsUsers} t WHERE t.[departmentId] IN (` + gone + `) ORDER BY t.[departmentId], t.[userId] ` + c.DB().ForUpdate("t", true)},
	} {
		if err := c.Lock(ctx, lock); err != nil {
			return err
		}
	}
	return c.Run(ctx,
		engine.Step{What: "end memberships in departments that go", When: when, SQL: `DELETE FROM {departmentsUsers} WHERE [departmentId] IN (` + gone + `)`},
		engine.Step{What: "forget marks of memberships in departments that go", When: when, SQL: `DELETE FROM {kept_memberships} WHERE department_id IN (` + gone + `)`},
		engine.Step{What: "end roles of departments that go", When: when, SQL: `DELETE FROM {departmentsRoles} WHERE [departmentId] IN (` + gone + `)`},
		engine.Step{What: "choose another main department", When: when, SQL: mainAmong(`[mainDepartmentId] IN (` + gone + `)`)})
}
