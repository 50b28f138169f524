// Roster brings people and departments from where a company keeps them into
// NocoBase, and keeps them right.
package main

import (
	"os"

	"github.com/nocobase-roster/roster/cli"
	"github.com/nocobase-roster/roster/sources"
	"github.com/nocobase-roster/roster/targets"
)

func main() {
	os.Exit(cli.Main(cli.Parts{
		Drivers:     sources.All(),
		Targets:     targets.All,
		TargetInfos: targets.Infos(),
	}))
}
