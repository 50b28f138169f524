package schema

import (
	"context"
	"slices"
	"strings"
)

// A Relation is a table as the database itself knows it, whoever made it.
type Relation struct {
	SQL     string // its name, quoted: "public"."orders"
	Name    string // the same for people: orders
	columns []relationColumn
}

type relationColumn struct{ Name, Type string }

func (r *Relation) column(name string) *relationColumn {
	for i := range r.columns {
		if r.columns[i].Name == name {
			return &r.columns[i]
		}
	}
	return nil
}

func (r *Relation) has(column string) bool { return r.column(column) != nil }

// A Tie is a reference that holds: both its tables are there.
type Tie struct {
	From, To         *Relation
	Column, ToColumn string // not quoted
	OnDelete         string
	unlike           bool // the columns are of types that a database does not compare
}

// Same says whether the other tie is of the same columns.
func (t *Tie) Same(other *Tie) bool {
	return t.From == other.From && t.Column == other.Column && t.To == other.To
}

// Joins is SQL for: row t of From refers to row s of To.
func (t *Tie) Joins(row, to string) string { return t.Referring(row) + " = " + t.Referred(to) }

// Referring is SQL for what row of From says of the row it refers to.
func (t *Tie) Referring(row string) string { return t.as(row + "." + Quote(t.Column)) }

// Referred is SQL for what rows of From say that refer to row of To.
func (t *Tie) Referred(row string) string { return t.as(row + "." + Quote(t.ToColumn)) }

// as casts what could not be compared: somebody may refer to numbers by texts.
func (t *Tie) as(value string) string {
	if t.unlike {
		return "CAST(" + value + " AS text)"
	}
	return value
}

// Relations finds tables, each once: a table is one Relation.
type Relations struct {
	x     Conn
	found map[string]*Relation // by the name that was asked for
	known map[string]*Relation // by the name that they have
}

// NewRelations looks for tables on x.
func NewRelations(x Conn) *Relations {
	return &Relations{x: x, found: map[string]*Relation{}, known: map[string]*Relation{}}
}

// Find gives the table of that name, quoted or not, with its schema or as the
// connection finds it; nil when there is none, or when it is a view.
func (r *Relations) Find(ctx context.Context, name string) (*Relation, error) {
	if found, asked := r.found[name]; asked {
		return found, nil
	}
	q, arg := `
		SELECT n.nspname AS schema, c.relname AS "table", a.attname AS name, format_type(a.atttypid, NULL) AS type
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.oid = to_regclass(?) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, name
	if r.x.db.dialect.name == "sqlite" {
		q, arg = `SELECT '' AS schema, m.name AS "table", c.name, c.type FROM sqlite_master m, pragma_table_xinfo(m.name) c
			WHERE m.type = 'table' AND m.name = ? COLLATE NOCASE AND c.hidden <> 1 ORDER BY c.cid`, unquote(name[lastPart(name):])
	}
	var rows []struct{ Schema, Table, Name, Type string }
	if err := r.x.Select(ctx, &rows, q, arg); err != nil {
		return nil, Wrap(err, "look for the table "+name)
	}
	if len(rows) == 0 {
		r.found[name] = nil
		return nil, nil
	}
	sql := Quote(rows[0].Table)
	if rows[0].Schema != "" {
		sql = Quote(rows[0].Schema) + "." + sql
	}
	relation := r.known[sql]
	if relation == nil {
		relation = &Relation{SQL: sql, Name: rows[0].Table}
		for _, row := range rows {
			relation.columns = append(relation.columns, relationColumn{row.Name, row.Type})
		}
		r.known[sql] = relation
	}
	r.found[name] = relation
	return relation, nil
}

// Tie finds the tables of a reference; nil when one of them is not there, or
// lacks the column.
func (r *Relations) Tie(ctx context.Context, ref Reference) (*Tie, error) {
	from, err := r.Find(ctx, ref.Table)
	if err != nil || from == nil {
		return nil, err
	}
	to, err := r.Find(ctx, ref.Target)
	if err != nil || to == nil {
		return nil, err
	}
	a, b := from.column(ref.Column), to.column(ref.TargetColumn)
	if a == nil || b == nil {
		return nil, nil
	}
	return &Tie{
		From: from, To: to, Column: ref.Column, ToColumn: ref.TargetColumn, OnDelete: ref.OnDelete,
		unlike: !comparable(a.Type, b.Type),
	}, nil
}

// comparable says whether the database compares values of the two types.
func comparable(a, b string) bool {
	one, _, _ := kindOf(a)
	other, _, _ := kindOf(b)
	numbers := []kind{integer, number}
	return a == b || slices.Contains(numbers, one) && slices.Contains(numbers, other) || one == text && other == text
}

// lastPart is where the last part of a quoted name begins.
func lastPart(name string) int {
	quoted := false
	at := 0
	for i := range len(name) {
		switch {
		case name[i] == '"':
			quoted = !quoted
		case name[i] == '.' && !quoted:
			at = i + 1
		}
	}
	return at
}

// unquote takes back Quote.
func unquote(name string) string {
	if inner, ok := strings.CutPrefix(name, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return name
}

// Place is SQL for where the row of an alias lies, whatever its table: two rows
// of a database have not the same, and a row has it until it is written.
func (db *DB) Place(alias string) string {
	if db.dialect.name == "postgres" {
		return alias + ".tableoid, " + alias + ".ctid" // a table may be made of several
	}
	return alias + ".rowid"
}

// places are the columns that keep a Place, with their types.
func (db *DB) places() [][2]string {
	if db.dialect.name == "postgres" {
		return [][2]string{{"part", "oid"}, {"place", "tid"}}
	}
	return [][2]string{{"place", "integer"}}
}

// Places names the columns that keep a Place.
func (db *DB) Places() string {
	var names []string
	for _, c := range db.places() {
		names = append(names, c[0])
	}
	return strings.Join(names, ", ")
}

// PlaceColumns declares them.
func (db *DB) PlaceColumns() string {
	var columns []string
	for _, c := range db.places() {
		columns = append(columns, c[0]+" "+c[1]+" NOT NULL")
	}
	return strings.Join(columns, ", ")
}

// At is SQL for: row lies where kept says.
func (db *DB) At(row, kept string) string {
	places := strings.Split(db.Place(row), ", ")
	var conditions []string
	for i, c := range db.places() {
		conditions = append(conditions, places[i]+" = "+kept+"."+c[0])
	}
	return strings.Join(conditions, " AND ")
}

// Image is SQL for a row of the relation as JSON, whole.
func (db *DB) Image(r *Relation, row string) string {
	if db.dialect.name == "postgres" {
		return "CAST(row_to_json(" + row + ".*) AS text)"
	}
	// json_object takes only so many arguments.
	members := make([]string, len(r.columns))
	for i, c := range r.columns {
		value := row + "." + Quote(c.Name)
		name := strings.ReplaceAll(c.Name, "'", "''")
		members[i] = "json_quote('" + name + "') || ':' || CASE typeof(" + value + ") WHEN 'blob' THEN json_quote(hex(" + value + ")) ELSE json_quote(" + value + ") END"
	}
	return "'{' || " + strings.Join(members, " || ',' || ") + " || '}'"
}
