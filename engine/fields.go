package engine

import (
	"cmp"
	"context"

	"github.com/nocobase-roster/roster/schema"
)

// fields are what NocoBase says of the columns of a table, by their names.
// Where there is no NocoBase, nothing.
type fields map[string]*schema.Field

// fields reads the fields of the tables that records become rows of.
func (e *Engine) fields(ctx context.Context, x schema.Conn) (map[string]fields, error) {
	var names []string
	for _, t := range e.types() {
		names = append(names, t.Name)
	}
	all, err := e.db.Fields(ctx, x, names...)
	byTable := map[string]fields{}
	for i := range all {
		f := &all[i]
		if byTable[f.Collection] == nil {
			byTable[f.Collection] = fields{}
		}
		byTable[f.Collection][f.Name] = f
	}
	return byTable, err
}

// name calls columns as NocoBase calls their fields.
func (fs fields) name(db *schema.DB, columns []schema.Column) {
	called := map[string]string{}
	for name, f := range fs {
		called[db.ColumnOf(f)] = name
	}
	for i := range columns {
		columns[i].Name = cmp.Or(called[columns[i].SQL()], columns[i].Name)
	}
}

// computed says why a sync leaves the member of a record alone that is called
// like a field of NocoBase's; empty when it does not. What a new row of ours
// has is ours to know, as departments.sort is.
func (l *layout) computed(name string) string {
	f := l.fields[name]
	switch {
	case f == nil || l.New[name] != "":
		return ""
	case f.Relation():
		return "is a relation (" + f.Type + "), which a sync does not write"
	}
	return f.Computed()
}

// conversion names, for the digest, what NocoBase does to values of the column.
func (l *layout) conversion(column string) string {
	if f := l.fields[column]; f != nil && f.Conversion() != "" {
		return ", " + f.Conversion()
	}
	return ""
}

// value makes of what a record states what the column takes.
func (l *layout) value(c *schema.Column, v any) (any, error) {
	if f := l.fields[c.Name]; f != nil {
		var err error
		if v, err = f.Convert(v); err != nil {
			return nil, err
		}
	}
	return c.Value(v)
}

// A Warning says what a sync cannot do as NocoBase would.
type Warning struct {
	Collection  string `json:"collection"`
	Field       string `json:"field"`
	Type        string `json:"type"` // of the field: sequence, formula
	Consequence string `json:"consequence"`
	Hint        string `json:"hint"`
}

// Warnings lists what of users and departments NocoBase computes for rows that
// it writes, and nobody does for those that a sync writes.
func (e *Engine) Warnings(ctx context.Context) ([]Warning, error) {
	x := e.db.On(e.db)
	fields, err := e.fields(ctx, x)
	if err != nil {
		return nil, told(ctx, err)
	}
	warnings := []Warning{}
	for _, t := range e.types() {
		l, err := readLayout(ctx, x, t, fields[t.Name])
		if err != nil {
			return nil, told(ctx, err)
		}
		warnings = append(warnings, l.warnings()...)
	}
	return warnings, nil
}

func (l *layout) warnings() []Warning {
	var warnings []Warning
	for _, columns := range [][]schema.Column{l.columns[:l.stated], l.fixed} {
		for i := range columns {
			c := &columns[i]
			if why := l.unfilled(c); why != "" {
				warnings = append(warnings, Warning{
					Collection: l.Name, Field: c.Name, Type: l.fields[c.Name].Type, Consequence: why, Hint: l.remedy(c),
				})
			}
		}
	}
	return warnings
}

// unfilled says what becomes of a column in rows that a sync makes, where
// NocoBase would have filled it.
func (l *layout) unfilled(c *schema.Column) string {
	f := l.fields[c.Name]
	if f == nil || l.New[c.Name] != "" || c.Name == "id" || c.Name == "createdAt" || c.Name == "updatedAt" {
		return ""
	}
	return f.Unfilled(c)
}

// remedy says what to do about a column that stays empty.
func (l *layout) remedy(c *schema.Column) string {
	if l.column(c.Name) != nil {
		return "have the source state it, or give the column a default in the database"
	}
	return "save such rows in NocoBase, by hand or by a workflow, or give the column a default in the database"
}

// noteUnfilled notes how many of the rows that were made, for a push or for all,
// have a column empty that NocoBase would have filled.
func (c *census) noteUnfilled(ctx context.Context, l *layout, s *share) ([]Note, error) {
	var left []Note
	for _, w := range l.warnings() {
		unsaid := "1 = 1"
		if l.column(w.Field) != nil {
			unsaid = "NOT " + l.states("p._mask", w.Field)
		}
		made, err := c.itemsWhere(ctx, l, `p._op = 'create' AND `+unsaid, s)
		if err != nil {
			return nil, err
		}
		if n := made["create"]; n > 0 {
			left = append(left, Note{Type: l.Type, Field: w.Field, Reason: w.Consequence, Records: n})
		}
	}
	return left, nil
}
