package conform

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// A check is a promise of the protocol.
type check struct {
	group string                // what it is about
	name  string                // the promise
	why   string                // what comes of breaking it
	lacks func(*Subject) string // what is missing to tell it, "" when nothing is; nil: nothing ever is
	run   func(plugintest.T, *Subject)
}

// checks are all of them, in the order in which they are made and documented.
func checks() []check {
	return slices.Concat(
		group("Messages", framingChecks()), group("Requests", requestChecks()), group("The connection", handshakeChecks()),
		group("Declarations", declarationChecks()), group("Reading", readingChecks()), group("Sessions", sessionChecks()),
		group("Cancellation", cancelChecks()), group("Options and faults", optionChecks()), group("Look-ups, tests and callbacks", powerChecks()),
		group("Secrets and personal data", privacyChecks()), group("Targets", targetChecks()), group("The end", endChecks()),
	)
}

func group(name string, some []check) []check {
	for i := range some {
		some[i].group = name
	}
	return some
}

// promises makes checks of those of plugintest that can be told through a wire,
// in its words. The others are about what stands on this side of it, or need a
// system that the test can trouble.
func promises(lacks func(*Subject) string, names ...string) []check {
	var some []check
	for _, name := range names {
		c := promise(name)
		some = append(some, check{name: name, why: c.Why, lacks: lacks, run: func(t plugintest.T, s *Subject) { c.Run(t, s.system(t)) }})
	}
	return some
}

// promise gives the check of plugintest of that name.
func promise(name string) plugintest.Check[plugintest.System] {
	all := plugintest.SourceChecks()
	return all[slices.IndexFunc(all, func(c plugintest.Check[plugintest.System]) bool { return c.Name == name })]
}

// reads is what is missing to read a source.
func reads(s *Subject) string {
	switch {
	case s.Type == nil:
		return s.untyped
	case s.unread != nil:
		return "its source cannot be read"
	case len(s.holds) < 2:
		return "its source has fewer than two records: --options of one that has more"
	}
	return ""
}

// can makes a need of reads and a capability.
func can(what string, has func(*Subject) bool) func(*Subject) string {
	return func(s *Subject) string {
		missing := reads(s)
		if missing == "" && !has(s) {
			missing = "its type does not declare " + what
		}
		return missing
	}
}

// given makes a need of reads and of options that were given.
func given(flag string, options func(Adapter) json.RawMessage) func(*Subject) string {
	return func(s *Subject) string {
		return cmp.Or(reads(s), missingUnless(options(s.adapter) != nil, "no "+flag))
	}
}

// missingUnless says what is missing, unless it is there.
func missingUnless(has bool, missing string) string {
	if has {
		return ""
	}
	return missing
}
