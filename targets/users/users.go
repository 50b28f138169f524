// Package users writes people into NocoBase's users.
package users

import (
	"context"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Target writes records of type user as rows of users, with the role that
// NocoBase gives to new users.
type Target struct {
	table *engine.Table
}

var (
	_ engine.Target  = (*Target)(nil)
	_ engine.Applier = (*Target)(nil)
)

// New makes the target for db.
func New(db *schema.DB) *Target {
	return &Target{&engine.Table{
		Type: plugin.User, Name: "users", Plan: "plan_users",
		// As NocoBase's own resource leaves them out; passwordChangeTz besides,
		// which would sign people out.
		Protected: []string{
			"id", "uid", "createdAt", "updatedAt", "appLang", "resetToken", "systemSettings", "password", "passwordChangeTz",
			"sort", "createdById", "updatedById", "isDeleted", "departments", "mainDepartmentId",
		},
		Associations: []string{"roles", "mainDepartment", "createdBy", "updatedBy"},
		Handled:      []string{"departments"},
		Derived:      []string{"mainDepartmentId"},
		MatchKeys:    []string{"username", "email", "phone"},
		Spared: `CASE WHEN EXISTS (SELECT 1 FROM {rolesUsers} x WHERE x.[userId] = u.id AND x.[roleName] = 'root') THEN 'has the role root, which no sync removes'
			WHEN u.id = <actor> THEN 'runs the sync' END`,
		Ends: []schema.Reference{
			db.Reference("rolesUsers", "userId", "users", "id", schema.Cascade),
			db.Reference("departmentsUsers", "userId", "users", "id", schema.Cascade), // by the other target
		},
		// The id is as good an order as the greatest sort so far, which no
		// index knows; NocoBase takes ties.
		New: map[string]string{"systemSettings": db.JSON("'{}'"), "sort": "p._row_id"},
		IDs: func(ctx context.Context, x schema.Conn) (*schema.Sequence, error) {
			return db.Sequence(ctx, x, "users")
		},
	}}
}

// Info declares the target.
func Info() plugin.TargetInfo {
	return plugin.TargetInfo{Name: "users", Accepts: []plugin.Type{plugin.User}}
}

// Info declares the target.
func (t *Target) Info() plugin.TargetInfo { return Info() }

// Table describes the rows of users.
func (t *Target) Table(of plugin.Type) *engine.Table {
	if of == plugin.User {
		return t.table
	}
	return nil
}

// Apply gives new users the default role, and takes the roles of those who go.
func (t *Target) Apply(ctx context.Context, c *engine.Chunk) error {
	return c.Run(ctx,
		engine.Step{What: "give new users the default role", When: []string{"create"}, SQL: `
			INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId])
			SELECT <now>, <now>, r.name, p._row_id
			FROM {<plan>} p JOIN {roles} r ON r.name = (SELECT min(name) FROM {roles} WHERE "default" = true)
			WHERE <chunk> AND p._op = 'create'`},
		engine.Step{What: "take the roles of users who go", When: []string{"delete"}, SQL: `
			DELETE FROM {rolesUsers} WHERE [userId] IN (SELECT p._row_id FROM {<plan>} p WHERE <chunk> AND p._op = 'delete')`})
}
