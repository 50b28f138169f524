//go:build race

package engine_test

// Under the race detector there is a smaller company.
const (
	companyUsers       = 200
	companyDepartments = 60
)
