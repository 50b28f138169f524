package departments

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// Tell tells of people whose memberships are others than before.
func (t *Target) Tell(ctx context.Context, c *engine.Chunk) error {
	if c.Type == plugin.Department || !c.Has(
		"membership add", "membership restore", "membership set", "membership drop", "membership end",
		"membership claim", "membership adopt", "membership unclaim") {
		return nil
	}
	// A claim makes a membership where somebody ended it meanwhile, and may let go
	// of one that stays.
	const there = `EXISTS (SELECT 1 FROM {departmentsUsers} du WHERE du.[departmentId] = m.department_id AND du.[userId] = p._row_id`
	return c.Changes(ctx, "users", `SELECT p._row_id FROM `+items+` WHERE `+of+` AND p._op <> 'create' AND (
		m._op IN ('add', 'restore', 'set', 'drop', 'end')
		OR m._op IN ('claim', 'adopt') AND `+there+` AND du.[createdAt] >= <arrived>)
		OR m._op = 'unclaim' AND NOT `+there+`))`)
}

// tellOwners tells, before anything is written, of departments whose owners
// come and go: their members are shown them.
func tellOwners(ctx context.Context, c *engine.Chunk) error {
	const owner = `SELECT 1 FROM {departmentsUsers} du WHERE du.[departmentId] = m.department_id AND du.[userId] = p._row_id AND du.[isOwner] = true`
	if c.Has("membership add", "membership restore", "membership set", "membership drop", "membership end", "membership unclaim") {
		err := c.Changes(ctx, "departments", `
			SELECT m.department_id FROM `+items+` WHERE `+of+` AND (m._op = 'set' OR m._op IN ('add', 'restore') AND m.is_owner = true
			OR m._op IN ('drop', 'end', 'unclaim') AND EXISTS (`+owner+`))`)
		if err != nil {
			return err
		}
	}
	if !c.Has("delete") {
		return nil
	}
	return c.Changes(ctx, "departments", `
		SELECT du.[departmentId] FROM {<plan>} p CROSS JOIN {departmentsUsers} du WHERE <chunk> AND p._op = 'delete' AND du.[userId] = p._row_id AND du.[isOwner] = true`)
}

// tellBelow tells, before anything is written, of who is in departments that
// go, and of the departments right below them.
func tellBelow(ctx context.Context, c *engine.Chunk) error {
	if !c.Has("delete") {
		return nil
	}
	const gone = `SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete'`
	err := c.Changes(ctx, "users", `
		SELECT du.[userId] FROM {departmentsUsers} du WHERE du.[departmentId] IN (`+gone+`)
		UNION SELECT id FROM {users} WHERE [mainDepartmentId] IN (`+gone+`)`)
	if err != nil {
		return err
	}
	return c.Changes(ctx, "departments", `SELECT id FROM {departments} WHERE [parentId] IN (`+gone+`)`)
}
