//go:build race

package schematest

// UnderRace says whether the race detector watches. It makes SQLite forty times
// slower, which is Go itself: tests that run on both databases leave it out then.
const UnderRace = true
