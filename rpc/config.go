package rpc

import (
	"fmt"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// Config is initialize's config: which database, and how NocoBase names things
// in it. The zero Config leaves all to flags and environment.
type Config struct {
	DB          plugin.Secret `json:"db,omitempty" jsonschema:"sqlite:PATH or postgres://…; may hold a password and is never repeated"`
	Schema      *string       `json:"schema,omitempty" jsonschema:"the PostgreSQL schema of NocoBase's tables (DB_SCHEMA); left out, it is found out"`
	TablePrefix *string       `json:"tablePrefix,omitempty" jsonschema:"how the names of NocoBase's tables begin (DB_TABLE_PREFIX); left out, it is found out"`
	Underscored *bool         `json:"underscored,omitempty" jsonschema:"whether NocoBase's names are underscored (DB_UNDERSCORED); left out, it is found out"`
	Apply       string        `json:"apply,omitempty" jsonschema:"who writes to NocoBase's tables; this version knows direct only"`
	LogsDir     string        `json:"logsDir,omitempty" jsonschema:"where the files of received records go"`

	PublicURL engine.PublicURL `json:"publicUrl,omitempty" jsonschema:"where systems reach callbacks of sources: the address of a Roster that serves, or with {source} where the name of a source goes, one whose requests the host hands to source/webhook"`

	References []engine.Reference `json:"references,omitempty" jsonschema:"what NocoBase's referenceMap holds, of all collections: what becomes of rows that refer to one that goes; without it, NocoBase's table of fields is read, which does not know what stands in the code of plugins"`
}

// check refuses what this version cannot do, rather than to do something else.
func (c Config) check() error {
	if c.Apply != "" && c.Apply != "direct" {
		return &plugin.Error{
			Kind: plugin.Config, Path: "/config/apply", Hint: "use direct",
			Msg: "this version of Roster cannot do what config.apply asks for",
		}
	}
	if !c.PublicURL.Valid() {
		return &plugin.Error{
			Kind: plugin.Config, Path: "/config/publicUrl", Hint: "give it as https://roster.example.com, or with {source} where the name of a source goes",
			Msg: "config.publicUrl is no address",
		}
	}
	for i, r := range c.References {
		if member, wrong := r.Check(); wrong != "" {
			path := fmt.Sprintf("/config/references/%d/%s", i, member)
			return &plugin.Error{Kind: plugin.Config, Path: path, Msg: path[1:] + " " + wrong, Hint: "hand over table and column as the database calls them"}
		}
	}
	return nil
}
