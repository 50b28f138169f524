//go:build race

package conform_test

// tried is that one of so many broken adapters is tried: a process that the race
// detector watches starts slowly, and 5,000 are started for all of them.
const tried = 8
