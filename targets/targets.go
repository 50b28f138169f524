// Package targets is the list of the targets that are built in. It is the only
// file that names them all.
package targets

import (
	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/targets/departments"
	"github.com/nocobase-roster/roster/targets/users"
)

// All gives the targets in NocoBase's order: users first, so that they exist
// when departments takes them in.
func All(db *schema.DB) []engine.Target {
	return []engine.Target{users.New(db), departments.New(db)}
}

// Infos declares the same, for those who ask before there is a database.
func Infos() []plugin.TargetInfo {
	return []plugin.TargetInfo{users.Info(), departments.Info()}
}
