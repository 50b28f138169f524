package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
)

// A Field is a field of one of NocoBase's collections as its table of fields
// describes it: how the application means a column, where a Column says how the
// database keeps it.
type Field struct {
	Collection string
	Name       string
	Type       string // NocoBase's: string, formula, belongsTo
	Interface  string // what it is called in the panel: email, m2o
	Options    fieldOptions
}

// fieldOptions are those of a field's options that matter here.
type fieldOptions struct {
	Field                 string          `json:"field"` // its column, where that is not called as all are
	AutoFill              *bool           `json:"autoFill"`
	AutoIncrement         bool            `json:"autoIncrement"`
	DefaultValue          json.RawMessage `json:"defaultValue"`
	DefaultToCurrentTime  bool            `json:"defaultToCurrentTime"`
	OnUpdateToCurrentTime bool            `json:"onUpdateToCurrentTime"`
	Trim                  bool            `json:"trim"`
	Accuracy              string          `json:"accuracy"`
	UISchema              struct {
		Props struct {
			Accuracy string `json:"accuracy"`
		} `json:"x-component-props"`
	} `json:"uiSchema"`

	// Of relations.
	Target     string `json:"target"`
	ForeignKey string `json:"foreignKey"`
	Through    string `json:"through"`
	OtherKey   string `json:"otherKey"`
	SourceKey  string `json:"sourceKey"`
	TargetKey  string `json:"targetKey"`
	OnDelete   string `json:"onDelete"`
}

// Fields describes the fields of collections, or of all where none is named.
// There are none in a database that no NocoBase has made.
func (db *DB) Fields(ctx context.Context, x Conn, collections ...string) ([]Field, error) {
	table, err := NewRelations(x).Find(ctx, db.Table("fields"))
	if err != nil || table == nil || !table.has(db.naming.column("collectionName")) {
		return nil, err
	}
	which, args := "", make([]any, len(collections))
	if len(collections) > 0 {
		which = ` WHERE [collectionName] IN (` + strings.Repeat("?, ", len(collections)-1) + `?)`
		for i, name := range collections {
			args[i] = name
		}
	}
	var rows []struct{ Collection, Name, Type, Interface, Options string }
	if err := x.Select(ctx, &rows, `
		SELECT [collectionName] AS collection, name, type, coalesce(interface, '') AS interface, coalesce(CAST(options AS text), '{}') AS options
		FROM {fields}`+which+` ORDER BY [collectionName], sort, name`, args...); err != nil {
		return nil, Wrap(err, "read NocoBase's fields")
	}
	fields := make([]Field, len(rows))
	for i, row := range rows {
		f := Field{Collection: row.Collection, Name: row.Name, Type: row.Type, Interface: row.Interface}
		_ = json.Unmarshal([]byte(row.Options), &f.Options) // what is of another kind than NocoBase's is left out
		fields[i] = f
	}
	return fields, nil
}

// ColumnOf is what the database calls the column of the field, as SQL.
func (db *DB) ColumnOf(f *Field) string {
	if f.Options.Field != "" {
		return Quote(f.Options.Field)
	}
	return db.Column(f.Name)
}

// Relation says whether the field is a relation, which has no column.
func (f *Field) Relation() bool {
	switch f.Type {
	case "belongsTo", "hasOne", "hasMany", "belongsToMany", "belongsToArray":
		return true
	}
	return false
}

// Computed says why a sync does not write the field, though its column could
// be written: what NocoBase makes of a value, or without one, SQL cannot. It is
// empty for what is written.
func (f *Field) Computed() string {
	switch {
	case slices.Contains([]string{"createdAt", "updatedAt"}, f.Interface):
		return "NocoBase computes it (" + f.Interface + ")"
	case f.filled() && f.Type != "formula", f.Options.AutoIncrement, f.Options.OnUpdateToCurrentTime,
		slices.Contains([]string{"formula", "context", "virtual"}, f.Type):
		return "NocoBase computes it (" + f.Type + ")"
	case f.Type == "password", f.Type == "encryption":
		return "NocoBase encrypts it (" + f.Type + ")"
	case f.Type == "radio":
		return "NocoBase allows it in one row only (radio)"
	}
	return ""
}

// filled says whether NocoBase gives a row that it makes a value of its own.
func (f *Field) filled() bool {
	switch f.Type {
	case "nanoid", "uuid", "snowflakeId":
		return f.Options.AutoFill == nil || *f.Options.AutoFill
	case "sequence", "uid", "sort", "formula":
		return true
	}
	return false
}

// Unfilled says what becomes of the field in rows that a sync makes and NocoBase
// would have filled; empty where nothing is amiss. c is its column.
func (f *Field) Unfilled(c *Column) string {
	given := len(f.Options.DefaultValue) > 0 && string(f.Options.DefaultValue) != "null"
	switch {
	case c.Default != "" || f.Options.AutoIncrement:
		return ""
	case f.Type == "formula":
		return "stays as it is, empty in new rows, until NocoBase saves the row (formula)"
	case f.filled():
		return "stays empty in rows that a sync makes: NocoBase fills it (" + f.Type + ")"
	case f.Options.DefaultToCurrentTime, f.Options.OnUpdateToCurrentTime:
		return "stays empty in rows that a sync makes: NocoBase fills in the time (" + f.Type + ")"
	case given:
		return "stays empty in rows that a sync makes: NocoBase fills in the field's default, which the column has not"
	}
	return ""
}

// Conversion names what Convert does to values; empty for nothing.
func (f *Field) Conversion() string {
	switch {
	case f.Type == "unixTimestamp":
		return f.Type + " " + f.accuracy()
	case f.Type == "array", f.Type == "set":
		return f.Type
	case f.Options.Trim && (f.Type == "string" || f.Type == "text"):
		return "trim"
	}
	return ""
}

// Convert makes of a value, as JSON has it, what NocoBase would keep. What it
// leaves as it is, Column.Value judges.
func (f *Field) Convert(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch conversion := f.Conversion(); conversion {
	case "":
		return v, nil
	case "trim":
		if s, ok := v.(string); ok {
			v = strings.TrimSpace(s)
		}
		return v, nil
	case "array", "set":
		return list(v, conversion == "set")
	}
	return f.seconds(v)
}

func (f *Field) accuracy() string {
	for _, accuracy := range []string{f.Options.UISchema.Props.Accuracy, f.Options.Accuracy} {
		if accuracy != "" {
			return accuracy
		}
	}
	return "second"
}

// seconds makes of a date the number that counts it from 1970; a number is one.
func (f *Field) seconds(v any) (any, error) {
	if literal, ok := v.(json.Number); ok {
		n, err := literal.Float64()
		if err != nil || math.Abs(n) >= 1<<53 {
			return v, nil // the column says why not
		}
		return json.Number(fmt.Sprintf("%.0f", math.Floor(n))), nil
	}
	t, err := (&Column{}).moment(v)
	if err != nil {
		return nil, err
	}
	if f.accuracy() == "millisecond" {
		return json.Number(fmt.Sprint(t.UnixMilli())), nil
	}
	return json.Number(fmt.Sprint(t.Unix())), nil
}

// list puts a list in the order in which NocoBase keeps it, that of JavaScript,
// and each value once in a set. A list of lists or objects stays as it is.
func list(v any, once bool) (any, error) {
	if s, ok := v.(string); ok { // NocoBase reads it
		var parsed []any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if d.Decode(&parsed) == nil {
			v = parsed
		}
	}
	elements, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("the field takes a list, and %s came", jsonType(v))
	}
	sorted := slices.Clone(elements)
	for _, element := range sorted {
		switch element.(type) {
		case []any, map[string]any:
			return sorted, nil
		}
	}
	slices.SortStableFunc(sorted, func(a, b any) int { return slices.Compare(units(a), units(b)) })
	if once {
		sorted = slices.Compact(sorted)
	}
	return sorted, nil
}

// units are what JavaScript compares texts by.
func units(v any) []uint16 {
	if v == nil {
		v = "null"
	}
	return utf16.Encode([]rune(fmt.Sprint(v)))
}
