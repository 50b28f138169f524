// Package departments writes departments into NocoBase's departments, as a
// tree, and people into them.
package departments

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Target writes records of type department as rows of departments, and what
// records of type user say of departments as memberships.
type Target struct {
	table *engine.Table
}

var (
	_ engine.Target  = (*Target)(nil)
	_ engine.Planner = (*Target)(nil)
	_ engine.Applier = (*Target)(nil)
	_ engine.Teller  = (*Target)(nil)
)

// New makes the target for db.
func New(db *schema.DB) *Target {
	return &Target{&engine.Table{
		Type: plugin.Department, Name: "departments", Plan: "plan_departments",
		Protected:    []string{"id", "uid", "createdAt", "updatedAt", "isLeaf", "createdById", "updatedById", "isDeleted", "parentId", "parentUid"},
		Associations: []string{"roles", "owners", "members", "parent", "children", "createdBy", "updatedBy"},
		Handled:      []string{"parentUid"},
		Derived:      []string{"parentId"},
		// The parents that are left and come to, which may be leaves or no more,
		// and the children of those that go.
		Besides: `SELECT p.[parentId] FROM {<plan>} p WHERE <chunk> AND p.[parentId] IS NOT NULL
			UNION SELECT d.[parentId] FROM {<plan>} p JOIN {departments} d ON d.id = p._row_id WHERE <chunk> AND d.[parentId] IS NOT NULL
			UNION SELECT d.id FROM {departments} d WHERE d.[parentId] IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete')`,
		Ends: []schema.Reference{
			db.Reference("departmentsUsers", "departmentId", "departments", "id", schema.Cascade),
			db.Reference("departmentsRoles", "departmentId", "departments", "id", schema.Cascade),
			db.Reference("users", "mainDepartmentId", "departments", "id", schema.SetNull),
			db.Reference("departments", "parentId", "departments", "id", schema.SetNull),
		},
		New: map[string]string{
			"isLeaf": "true",
			"title":  "p._uid",
			"sort":   `(SELECT coalesce(max(sort), 0) FROM {departments}) + row_number() OVER (ORDER BY p._n)`,
		},
		Match: map[string]func(*engine.Plan) string{"path": matchPaths},
		IDs:   db.Snowflakes,
	}}
}

// Info declares the target.
func Info() plugin.TargetInfo {
	return plugin.TargetInfo{Name: "departments", Accepts: []plugin.Type{plugin.User, plugin.Department}}
}

// Info declares the target.
func (t *Target) Info() plugin.TargetInfo { return Info() }

// Table describes the rows of departments.
func (t *Target) Table(of plugin.Type) *engine.Table {
	if of == plugin.Department {
		return t.table
	}
	return nil
}

// Plan works out the tree, or who is a member of what.
func (t *Target) Plan(ctx context.Context, p *engine.Plan) error {
	if p.Type == plugin.Department {
		return planTree(ctx, p)
	}
	return planMemberships(ctx, p)
}

// Apply mends what depends on the tree, or writes memberships.
func (t *Target) Apply(ctx context.Context, c *engine.Chunk) error {
	if c.Type == plugin.Department {
		return applyTree(ctx, c)
	}
	return applyMemberships(ctx, c)
}
