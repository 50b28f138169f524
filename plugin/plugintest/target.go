package plugintest

import (
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

// A Shelf is what a target writes to: empty, and made for one check. The first
// four fields are needed; each of the others that is not nil lets more be told.
type Shelf struct {
	Info   plugin.TargetInfo
	Target plugin.Target
	// Records are three or more that the target accepts, in an order in which they
	// can be made. No two have a value of an attribute in common.
	Records []plugin.Record
	Holds   func() []plugin.Record // what has been written and not removed, in any order

	Refused *plugin.Record // that the target cannot write
	Field   string         // by which a Finder finds Records
}

// TestTarget tests what start gives; each check is a subtest on a shelf of its own.
func TestTarget(t *testing.T, start func(T) Shelf) {
	t.Helper()
	runTests(t, TargetChecks(), start)
}

// TargetChecks gives the promises of a target.
func TargetChecks() []Check[Shelf] {
	return append(append(applyChecks(), rowChecks()...), finderChecks()...)
}
