//go:build !race

package schematest

// UnderRace says whether the race detector watches.
const UnderRace = false
