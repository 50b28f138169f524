package host

import (
	"fmt"
	"regexp"
	"strings"
)

// A Naming is what NocoBase calls its tables and columns, by the settings of
// its installation. The zero value is its default.
type Naming struct {
	Schema      string
	Prefix      string
	Underscored bool
}

// Table is the table of a collection, as SQL.
func (n Naming) Table(collection string) string {
	schema := n.Schema
	if schema == "" {
		schema = "public"
	}
	return fmt.Sprintf("%q.%q", schema, n.Prefix+n.Column(collection))
}

// Column is the name of a field's column.
func (n Naming) Column(field string) string {
	if !n.Underscored {
		return field
	}
	return strings.ToLower(capital.ReplaceAllString(field, "_$0"))
}

var capital = regexp.MustCompile(`[A-Z]`)

// environment is the naming as NocoBase is told it.
func (n Naming) environment() []string {
	return []string{
		"DB_SCHEMA=" + n.Schema, "DB_TABLE_PREFIX=" + n.Prefix,
		fmt.Sprintf("DB_UNDERSCORED=%v", n.Underscored),
	}
}
