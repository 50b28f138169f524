//go:build race

package engine_test

// underRace: the race detector makes SQLite ten times slower.
const underRace = true
