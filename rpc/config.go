package rpc

import "github.com/nocobase-roster/roster/plugin"

// Config is initialize's config: which database, and how NocoBase names things
// in it. The zero Config leaves all to flags and environment.
type Config struct {
	DB          plugin.Secret `json:"db,omitempty" jsonschema:"sqlite:PATH or postgres://…; may hold a password and is never repeated"`
	Schema      string        `json:"schema,omitempty" jsonschema:"the PostgreSQL schema of NocoBase's tables; this version knows public only"`
	TablePrefix string        `json:"tablePrefix,omitempty" jsonschema:"NocoBase's DB_TABLE_PREFIX; this version knows none only"`
	Underscored bool          `json:"underscored,omitempty" jsonschema:"NocoBase's DB_UNDERSCORED; this version knows false only"`
	Apply       string        `json:"apply,omitempty" jsonschema:"who writes to NocoBase's tables; this version knows direct only"`
	LogsDir     string        `json:"logsDir,omitempty" jsonschema:"where the files of received records go"`
}

// check refuses what this version cannot do, rather than to do something else.
func (c Config) check() error {
	switch {
	case c.Schema != "" && c.Schema != "public":
		return cannot("schema", "use the schema public")
	case c.TablePrefix != "":
		return cannot("tablePrefix", "use a NocoBase without DB_TABLE_PREFIX")
	case c.Underscored:
		return cannot("underscored", "use a NocoBase without DB_UNDERSCORED")
	case c.Apply != "" && c.Apply != "direct":
		return cannot("apply", "use direct")
	}
	return nil
}

func cannot(member, hint string) error {
	return &plugin.Error{
		Kind: plugin.Config, Path: "/config/" + member, Hint: hint,
		Msg: "this version of Roster cannot do what config." + member + " asks for",
	}
}
