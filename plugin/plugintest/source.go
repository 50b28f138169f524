package plugintest

import (
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// A System is what a source reads: of known content, made for one check, and
// for the check to trouble. The first three fields are needed; each of the others
// that is not nil lets more be told. Its functions are safe for concurrent use.
type System struct {
	Type plugin.SourceType
	// Open opens a source of that type, which reads the system. It may be called
	// again, as by a Roster that was started anew.
	Open func(log *zap.Logger) (plugin.Source, error)
	// Holds is what a full reading brings. To be worth testing it takes at least
	// four pages.
	Holds []plugin.Record

	Served  func() int                               // how many pages the system has given so far
	Break   func(times int)                          // its next calls fail, in a way that may pass; with -1 all
	Stall   func() (waiting <-chan struct{})         // it answers no more; waiting is closed when a call is kept waiting
	Remove  func(plugin.Ref)                         // a record that it holds exists no more
	Hide    func(plugin.Ref)                         // a record that it holds can be seen no more
	Genuine func() (plugin.Callback, []plugin.Event) // a callback that it sends, and what it means
	Forged  func() plugin.Callback                   // one that somebody else sends
	Secrets []string                                 // which the options hold
}

// TestSource tests what start gives; each check is a subtest on a system of its own.
func TestSource(t *testing.T, start func(T) System) {
	t.Helper()
	runTests(t, SourceChecks(), start)
}

// SourceChecks gives the promises of a source.
func SourceChecks() []Check[System] {
	var all []Check[System]
	for _, some := range [][]Check[System]{declarationChecks(), pageChecks(), endChecks(), resumeChecks(), lookupChecks(), checkerChecks(), receiverChecks(), privacyChecks()} {
		all = append(all, some...)
	}
	return all
}
