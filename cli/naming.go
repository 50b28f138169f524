package cli

import (
	"github.com/spf13/cobra"

	"github.com/nocobase-roster/roster/schema"
)

// namingFlags say how NocoBase calls its tables, where that is not to be found
// out.
type namingFlags struct {
	changed        func(flag string) bool
	schema, prefix string
	underscored    bool
}

func (f *namingFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	f.changed = flags.Changed
	flags.StringVar(&f.schema, "schema", "", "PostgreSQL schema of NocoBase's tables, its DB_SCHEMA (default: found out)")
	flags.StringVar(&f.prefix, "table-prefix", "", "NocoBase's DB_TABLE_PREFIX (default: found out)")
	flags.BoolVar(&f.underscored, "underscored", false, "NocoBase's DB_UNDERSCORED (default: found out)")
}

func (f *namingFlags) told() schema.Told {
	var t schema.Told
	if f.changed("schema") {
		t.Schema = &f.schema
	}
	if f.changed("table-prefix") {
		t.Prefix = &f.prefix
	}
	if f.changed("underscored") {
		t.Underscored = &f.underscored
	}
	return t
}
