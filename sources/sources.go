// Package sources is the list of the source types that are built in. It is the
// only file that names them all.
package sources

import (
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/httpapi"
	"github.com/nocobase-roster/roster/sources/wecom"
)

// All gives the drivers of the built-in source types.
func All() []plugin.Driver {
	return []plugin.Driver{
		httpapi.Driver(),
		httpapi.PullDriver(),
		wecom.Driver(),
	}
}
