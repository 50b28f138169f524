// The adapter ldif as a process of its own.
package main

import (
	"os"

	"github.com/nocobase-roster/roster/examples/ldif"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sdk"
)

func main() {
	var adapters plugin.Registry
	if err := adapters.AddDriver(ldif.Driver()); err != nil {
		panic(err) // a mistake in our own source
	}
	os.Exit(sdk.Main("ldif", "1.0.0", &adapters))
}
