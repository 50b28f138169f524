//go:build !race

package engine_test

const (
	underRace          = false
	companyUsers       = 2500
	companyDepartments = 250
)
