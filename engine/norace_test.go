//go:build !race

package engine_test

const (
	companyUsers       = 2500
	companyDepartments = 250
)
