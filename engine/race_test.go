//go:build race

package engine_test

// The race detector makes SQLite forty times slower.
const (
	underRace          = true
	companyUsers       = 200
	companyDepartments = 60
)
