package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Column is a column of one of NocoBase's tables, custom ones included, as
// the database itself describes it.
type Column struct {
	Name    string
	Type    string // as the database writes it: "character varying(255)", "bigint"
	Default string // the SQL expression of its default; empty without one
	Unique  bool   // no two rows may hold the same value
	NotNull bool

	kind kind
	max  int // characters a text may have; 0 for any number
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
	timestamp
	document // json
)

// Writable says whether Roster knows how to write the column's type.
func (c *Column) Writable() bool { return c.kind != other }

// Comparable is SQL that compares the column's value: json has no equality.
func (c *Column) Comparable(alias string) string {
	s := alias + "." + Quote(c.Name)
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

// Columns describes the columns of one of NocoBase's tables, in their order.
func (db *DB) Columns(ctx context.Context, x Conn, table string) ([]Column, error) {
	read := columnsOfPostgres
	if db.dialect.name == "sqlite" {
		read = columnsOfSQLite
	}
	columns, err := read(ctx, x, table)
	if err != nil {
		return nil, Wrap(err, "read the columns of "+table)
	}
	if len(columns) == 0 {
		return nil, &Error{
			Kind: Misconfigured, Op: "read the columns of " + table,
			Hint: "the table is not there: is this NocoBase's database, and is the plugin that owns the table enabled?",
		}
	}
	for i := range columns {
		columns[i].kind, columns[i].max = kindOf(columns[i].Type)
	}
	return columns, nil
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
		ORDER BY a.attnum`, expand("{"+table+"}", x.db.dialect))
	return columns, err
}

func columnsOfSQLite(ctx context.Context, x Conn, table string) ([]Column, error) {
	var columns []Column
	err := x.Select(ctx, &columns, `
		SELECT c.name, c.type, coalesce(c.dflt_value, '') AS "default", c."notnull" <> 0 AS "notnull",
		       EXISTS (SELECT 1 FROM pragma_index_list(?) l WHERE l."unique" = 1 AND l.partial = 0
		               AND (SELECT group_concat(i.name) FROM pragma_index_info(l.name) i) = c.name) AS "unique"
		FROM pragma_table_xinfo(?) c WHERE c.hidden = 0 ORDER BY c.cid`, table, table)
	return columns, err
}

// kindOf reads a type as either database writes it.
func kindOf(typ string) (kind, int) {
	name, size, _ := strings.Cut(strings.ToLower(typ), "(")
	size, rest, _ := strings.Cut(size, ")")
	limit, _ := strconv.Atoi(size)
	switch strings.TrimSpace(name) + strings.TrimRight(rest, " ") {
	case "character varying", "varchar", "character", "char", "text", "citext":
		return text, limit
	case "smallint", "integer", "int", "bigint":
		return integer, 0
	case "numeric", "decimal", "real", "float", "double", "double precision":
		return number, 0
	case "boolean", "tinyint", "bool":
		return boolean, 0
	case "date":
		return date, 0
	case "timestamp with time zone", "timestamp without time zone", "timestamptz", "timestamp", "datetime":
		return timestamp, 0
	case "json", "jsonb":
		return document, 0
	}
	return other, 0
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

func (c *Column) value(v any) (any, error) {
	switch c.kind {
	case text:
		return c.text(v)
	case integer:
		return c.integer(v)
	case number:
		return c.number(v)
	case boolean:
		return c.boolean(v)
	case date:
		return c.moment(v, time.DateOnly, time.DateOnly, time.RFC3339)
	case timestamp:
		return c.moment(v, time.RFC3339Nano, time.RFC3339, "2006-01-02 15:04:05Z07:00", time.DateTime, time.DateOnly)
	case document:
		return c.document(v)
	}
	return nil, fmt.Errorf("a column of type %s cannot be written by a sync", c.Type)
}

func (c *Column) text(v any) (any, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		return nil, c.expected("text", v)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return nil, fmt.Errorf("the text holds a NUL character, which a database cannot keep")
	}
	if c.max > 0 && len(s) > c.max {
		if n := utf8.RuneCountInString(s); n > c.max {
			return nil, fmt.Errorf("the text has %d characters, the column takes %d", n, c.max)
		}
	}
	return s, nil
}

func (c *Column) integer(v any) (any, error) {
	literal, ok := numeric(v)
	if !ok {
		return nil, c.expected("a whole number", v)
	}
	n, err := strconv.ParseInt(literal, 10, 64)
	if err != nil {
		return nil, c.expected("a whole number", v)
	}
	limit := map[string]int64{"smallint": math.MaxInt16, "integer": math.MaxInt32}[strings.ToLower(c.Type)]
	if limit > 0 && (n > limit || n < -limit-1) {
		return nil, fmt.Errorf("the number does not fit a column of type %s", c.Type)
	}
	return n, nil
}

func (c *Column) number(v any) (any, error) {
	literal, ok := numeric(v)
	if !ok {
		return nil, c.expected("a number", v)
	}
	if f, err := strconv.ParseFloat(literal, 64); err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, c.expected("a number", v)
	}
	return literal, nil // the literal keeps the digits a float64 would lose
}

func numeric(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), true
	case string:
		return strings.TrimSpace(v), true
	}
	return "", false
}

func (c *Column) boolean(v any) (any, error) {
	switch v {
	case true, "true", json.Number("1"):
		return true, nil
	case false, "false", json.Number("0"):
		return false, nil
	}
	return nil, c.expected("true or false", v)
}

// moment reads a date or a time in any of layouts and writes it in the first.
func (c *Column) moment(v any, layouts ...string) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, c.expected("a date such as 2026-11-21T09:00:00Z", v)
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Format(layouts[0]), nil
		}
	}
	return nil, fmt.Errorf("the text is no date such as 2026-11-21T09:00:00Z")
}

func (c *Column) document(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("the value cannot be kept as JSON: %w", err)
	}
	return string(b), nil
}

func (c *Column) expected(what string, v any) error {
	return fmt.Errorf("the column takes %s, and %s came", what, jsonType(v))
}

func jsonType(v any) string {
	switch v.(type) {
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a text that is none"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "something else"
}
