// Package targets names every target resource there is.
package targets

import (
	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/targets/departments"
	"github.com/nocobase-roster/roster/targets/users"
)

// All gives the targets in NocoBase's order: users first, so that they exist
// when departments takes them in.
func All(db *schema.DB) []engine.Target {
	return []engine.Target{users.New(db), departments.New(db)}
}
