package schema

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// A Column is a column of one of NocoBase's tables, custom ones included, as
// the database itself describes it.
type Column struct {
	Name    string // NocoBase's: of the field
	Type    string // as the database writes it: "character varying(255)", "bigint"
	Default string // the SQL expression of its default; empty without one
	Unique  bool   // no two rows may hold the same value
	NotNull bool

	column string // the database's
	kind   kind
	max    int // characters of a text, or digits of a number; 0 for any number
	places int // digits of a number after the point, where max is given
}

// kind is what values a column takes.
type kind int

const (
	other kind = iota // nothing of ours writes it
	text
	integer
	number
	boolean
	date
	clock // a time of day
	timestamp
	identifier // a uuid
	document   // json
)

// Writable says whether Roster knows how to write the column's type.
func (c *Column) Writable() bool { return c.kind != other }

// SQL is what the database calls the column, in tables of ours that mirror it
// as well.
func (c *Column) SQL() string { return Quote(c.column) }

// Comparable is SQL that compares the column's value: json has no equality.
func (c *Column) Comparable(alias string) string {
	s := alias + "." + c.SQL()
	if c.kind == document {
		return "CAST(" + s + " AS text)"
	}
	return s
}

// MirrorType is the type that keeps the column's values in a table of ours.
func (c *Column) MirrorType() string {
	if c.kind == text {
		return "text"
	}
	return c.Type
}

// Parse makes of a value that the database wrote as text what Value makes of
// one that came as JSON.
func (c *Column) Parse(s string) (any, error) {
	switch c.kind {
	case boolean:
		return c.Value(s == "true" || s == "t" || s == "1")
	case integer, number:
		return c.Value(json.Number(s))
	case document, date, clock, timestamp, identifier: // it takes what it wrote, to the microsecond
		return s, nil
	}
	return c.Value(s)
}

// Columns describes the columns of one of NocoBase's tables, in their order.
func (db *DB) Columns(ctx context.Context, x Conn, table string) ([]Column, error) {
	columns, err := db.columns(ctx, x, table)
	if err != nil {
		return nil, Wrap(err, "read the columns of "+table)
	}
	if len(columns) == 0 {
		return nil, &Error{
			Kind: Misconfigured, Op: "read the columns of " + table,
			Hint: "the table is not there: is this NocoBase's database, and is the plugin that owns the table enabled?",
		}
	}
	return columns, nil
}

// columns are none where there is no such table.
func (db *DB) columns(ctx context.Context, x Conn, table string) ([]Column, error) {
	columns, err := db.read(ctx, x, table)
	for i := range columns {
		c := &columns[i]
		c.Name = db.naming.field(c.column)
		c.kind, c.max, c.places = kindOf(c.Type)
	}
	return columns, err
}

// read reads the columns of a table as the database names and describes them.
func (db *DB) read(ctx context.Context, x Conn, table string) ([]Column, error) {
	read := columnsOfPostgres
	if db.dialect.name == "sqlite" {
		read = columnsOfSQLite
	}
	columns, err := read(ctx, x, db.table(table))
	for i := range columns {
		columns[i].column = columns[i].Name
	}
	return columns, err
}

func columnsOfPostgres(ctx context.Context, x Conn, table string) ([]Column, error) {
	var columns []Column
	err := x.Select(ctx, &columns, `
		SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
		       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default",
		       a.attnotnull AS "notnull",
		       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
		               AND i.indnkeyatts = 1 AND a.attnum = ANY (i.indkey) AND i.indpred IS NULL) AS "unique"
		FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		ORDER BY a.attnum`, table)
	return columns, err
}

func columnsOfSQLite(ctx context.Context, x Conn, table string) ([]Column, error) {
	var columns []Column
	err := x.Select(ctx, &columns, `
		SELECT c.name, c.type, coalesce(c.dflt_value, '') AS "default", c."notnull" <> 0 AS "notnull",
		       EXISTS (SELECT 1 FROM pragma_index_list(?) l WHERE l."unique" = 1 AND l.partial = 0
		               AND (SELECT group_concat(i.name) FROM pragma_index_info(l.name) i) = c.name) AS "unique"
		FROM pragma_table_xinfo(?) c WHERE c.hidden = 0 ORDER BY c.cid`, unquote(table), unquote(table))
	return columns, err
}

// kindOf reads a type as either database writes it, and its size.
func kindOf(typ string) (k kind, limit, places int) {
	name, size, _ := strings.Cut(strings.ToLower(typ), "(")
	size, rest, _ := strings.Cut(size, ")")
	size, scale, _ := strings.Cut(size, ",")
	limit, _ = strconv.Atoi(strings.TrimSpace(size)) // without one there is no limit
	places, _ = strconv.Atoi(strings.TrimSpace(scale))
	switch strings.TrimSpace(name) + strings.TrimRight(rest, " ") {
	case "character varying", "varchar", "character", "char", "text", "citext":
		return text, limit, 0
	case "smallint", "integer", "int", "bigint":
		return integer, 0, 0
	case "numeric", "decimal":
		return number, limit, places
	case "real", "float", "double", "double precision":
		return number, 0, 0
	case "boolean", "tinyint", "bool":
		return boolean, 0, 0
	case "date":
		return date, 0, 0
	case "time without time zone", "time":
		return clock, 0, 0
	case "uuid":
		return identifier, 0, 0
	case "timestamp with time zone", "timestamp without time zone", "timestamptz", "timestamp", "datetime":
		return timestamp, 0, 0
	case "json", "jsonb":
		return document, 0, 0
	}
	return other, 0, 0
}

// Value makes of v, a value as JSON has it, what the column takes: nil, a
// string, an int64, a float64 or a bool. The error says what the column takes
// and what came, without the value.
func (c *Column) Value(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	value, err := c.value(v)
	if s, ok := value.(string); ok && s == "" && c.Unique {
		return nil, err // two rows could not both hold the empty text
	}
	return value, err
}
