package schema

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Naming is how a NocoBase calls its tables and columns, which its settings
// DB_SCHEMA, DB_TABLE_PREFIX and DB_UNDERSCORED decide. The zero Naming is that
// of a NocoBase without them, in the schema where the connection looks first.
type Naming struct {
	Schema      string `json:"schema,omitempty"` // of PostgreSQL; empty for none
	Prefix      string `json:"tablePrefix"`      // of the names of tables
	Underscored bool   `json:"underscored"`      // created_at, not createdAt
}

// A Host is the NocoBase that made the tables of a database.
type Host struct {
	Version string `json:"version,omitempty"`
	Naming
}

// Host is the NocoBase in the database, which Migrate found; nil where the
// tables are Roster's own.
func (db *DB) Host() *Host { return db.host }

// String says it as an operator would.
func (n Naming) String() string {
	s := "tables named " + n.Prefix + n.name("departmentsUsers")
	if n.Schema != "" {
		s = "schema " + n.Schema + ", " + s
	}
	return s
}

// table is the table of a collection, as SQL.
func (n Naming) table(collection string) string {
	name := Quote(n.Prefix + n.name(collection))
	if n.Schema == "" {
		return name
	}
	return Quote(n.Schema) + "." + name
}

// column is the column of a field.
func (n Naming) column(field string) string { return n.name(field) }

func (n Naming) name(name string) string {
	if n.Underscored {
		return underscore(name)
	}
	return name
}

// field is the field of a column: of one of NocoBase's own, or of one that
// somebody added and called like its field.
func (n Naming) field(column string) string {
	if n.Underscored {
		for _, field := range camels() {
			if underscore(field) == column {
				return field
			}
		}
	}
	return column
}

// camels are the fields of NocoBase's own, in the tables that a sync reads or
// writes, that underscores change.
func camels() []string {
	return []string{
		"createdAt", "updatedAt", "createdById", "updatedById", "passwordChangeTz", "appLang", "resetToken", "systemSettings",
		"mainDepartmentId", "parentId", "isLeaf", "nodePk", "rootPk", "departmentId", "userId", "isOwner", "isMain", "roleName",
		"sourceName", "sourceUk", "dataType", "metaData", "lastMetaData", "recordId", "resourcePk", "sourceType", "displayName", "sourceId",
	}
}

// underscore writes a name as Sequelize does: a _ before each capital.
func underscore(name string) string {
	var b strings.Builder
	for i, r := range name {
		if 'A' <= r && r <= 'Z' && i > 0 {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

// Told is what somebody says of how NocoBase calls its tables; what is nil is
// found out.
type Told struct {
	Schema      *string
	Prefix      *string
	Underscored *bool
}

// allows says whether n is as was told.
func (t Told) allows(n Naming) bool {
	return (t.Schema == nil || *t.Schema == "" || n.Schema == "" || *t.Schema == n.Schema) && (t.Prefix == nil || *t.Prefix == n.Prefix) &&
		(t.Underscored == nil || *t.Underscored == n.Underscored)
}

// find finds the NocoBase whose tables are in the database: the one that was
// told, or the one that Roster's index is of, or the only one. There may be none.
func (db *DB) find(ctx context.Context, told Told) (n Naming, there bool, err error) {
	all, err := db.namings(ctx)
	if err != nil {
		return n, false, err
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(n Naming) bool { return !told.allows(n) })
	if len(fit) > 1 {
		ours, err := db.indexed(ctx)
		if err != nil {
			return n, false, err
		}
		if i := slices.IndexFunc(fit, func(n Naming) bool { return n.String() == ours }); i >= 0 {
			fit = fit[i : i+1]
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], true, nil
	case len(fit) > 1:
		return n, false, &Error{
			Kind: Misconfigured, Op: fmt.Sprintf("there are %d NocoBases in the database: %s", len(fit), inWords(fit)),
			Hint: "say which: its schema, its table prefix, whether its names are underscored",
		}
	case len(all) > 0:
		return n, false, &Error{
			Kind: Misconfigured, Op: "the database holds no NocoBase with the schema, table prefix and underscored that were given; it holds " + inWords(all),
			Hint: "give what its settings DB_SCHEMA, DB_TABLE_PREFIX and DB_UNDERSCORED are, or nothing, to have it found out",
		}
	}
	return n, false, nil
}

func inWords(namings []Naming) string {
	var s []string
	for _, n := range namings {
		s = append(s, n.String())
	}
	return strings.Join(s, "; ")
}

// namings finds every NocoBase in the database by its users and a table that
// nobody else has.
func (db *DB) namings(ctx context.Context) ([]Naming, error) {
	q := `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'roster' AND n.nspname NOT LIKE 'pg\_%'`
	if db.dialect.name == "sqlite" {
		q = `SELECT '' AS schema, name FROM sqlite_master WHERE type = 'table'`
	}
	var tables []struct{ Schema, Name string }
	if err := db.On(db).Select(ctx, &tables, q); err != nil {
		return nil, Wrap(err, "look for NocoBase's tables")
	}
	users := map[Naming]bool{}
	var marked []Naming
	for _, t := range tables {
		for _, underscored := range []bool{false, true} {
			n := Naming{Schema: t.Schema, Underscored: underscored}
			for _, collection := range []string{"users", "applicationVersion", "userDataSyncRecords"} {
				prefix, found := strings.CutSuffix(t.Name, n.name(collection))
				n.Prefix = prefix
				switch {
				case found && collection == "users":
					users[n] = true
				case found:
					marked = append(marked, n)
				}
			}
		}
	}
	marked = slices.DeleteFunc(marked, func(n Naming) bool { return !users[n] })
	slices.SortFunc(marked, func(a, b Naming) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(marked), nil
}

// indexed is the NocoBase that Roster's index is of, in words; empty for none.
func (db *DB) indexed(ctx context.Context) (string, error) {
	there, err := db.On(db).hasTable(ctx, db.dialect.own+"host")
	if err != nil || !there {
		return "", err
	}
	var naming string
	err = db.On(db).Get(ctx, &naming, `SELECT coalesce(naming, '') FROM {host}`)
	return naming, Wrap(err, "see which NocoBase the index is of")
}

// claim has the index be of the NocoBase at hand, if it is not another's.
func (db *DB) claim(ctx context.Context) error {
	naming := db.naming.String()
	_, err := db.On(db).Exec(ctx, `UPDATE {host} SET naming = ? WHERE naming IS NULL`, naming)
	if err != nil {
		return Wrap(err, "keep which NocoBase the index is of")
	}
	ours, err := db.indexed(ctx)
	if err != nil || ours == naming {
		return err
	}
	return &Error{
		Kind: Misconfigured, Op: fmt.Sprintf("Roster's tables in this database are of another NocoBase (%s) than this one (%s)", ours, naming),
		Hint: "use a database for each NocoBase; if this one has moved, drop Roster's tables and have roster reindex build them anew",
	}
}
