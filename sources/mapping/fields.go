package mapping

import (
	"maps"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
)

// A Field is one attribute of ours.
type Field struct {
	Name string
	Expr *Expr
}

// Fields are the attributes of a record, in the order of their names.
type Fields []Field

// ParseFields reads expressions by the attributes that they make. at is the JSON
// pointer of the option that has them.
func ParseFields(at string, exprs map[string]string) (Fields, error) {
	var fields Fields
	for _, name := range slices.Sorted(maps.Keys(exprs)) {
		e, err := Parse(at+Path{name}.String(), exprs[name], false)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{name, e})
	}
	return fields, nil
}

// Put gives attrs what a decoded record says of the fields.
func (f Fields) Put(attrs map[string]any, record any) {
	for _, field := range f {
		if v, ok := field.Expr.Of(record); ok {
			attrs[field.Name] = v
		}
	}
}

// Wrong is what an operator must mend in the options, at a JSON pointer.
func Wrong(at, msg, hint string) error {
	return &plugin.Error{Kind: plugin.Config, Path: at, Msg: "option " + at + ": " + msg, Hint: hint}
}
