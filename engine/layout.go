package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/schema"
)

// A layout is how records of a type lie in a table's columns during one run:
// which columns a record may state, in which order, and what is left out.
type layout struct {
	*Table
	columns []schema.Column // those that records state, then the derived ones
	stated  int             // how many of columns records state
	fixed   []schema.Column // all others of the table: NocoBase's to set
	print   string          // what the digest of a record depends on besides the record
	fields  fields          // what NocoBase says of the columns
	hanging *hanging        // what hangs on the rows; nil until rows go
}

// newLayout reads the table's columns as they are now, custom ones included,
// and gives the plan table those it lacks.
func newLayout(ctx context.Context, x schema.Conn, t *Table, fields fields) (*layout, error) {
	l, err := readLayout(ctx, x, t, fields)
	if err != nil {
		return nil, err
	}
	return l, x.DB().Mirror(ctx, x, t.Plan, l.columns)
}

func readLayout(ctx context.Context, x schema.Conn, t *Table, fields fields) (*layout, error) {
	all, err := x.DB().Columns(ctx, x, t.Name)
	if err != nil {
		return nil, err
	}
	fields.name(x.DB(), all)
	l := &layout{Table: t, fields: fields}
	var derived []schema.Column
	for _, c := range all {
		switch {
		case slices.Contains(t.Derived, c.Name):
			derived = append(derived, c)
		case slices.Contains(t.Protected, c.Name) || reserved(c.Name) || !c.Writable() || l.computed(c.Name) != "":
			l.fixed = append(l.fixed, c)
		default:
			l.columns = append(l.columns, c)
		}
	}
	l.stated = len(l.columns)
	l.columns = append(l.columns, derived...)
	l.print = l.fingerprint()
	return l, nil
}

// reserved says whether a column is called what statements of ours call
// something else: it is left alone.
func reserved(name string) bool {
	return strings.HasPrefix(name, "_") || strings.Contains(name, "<") || strings.EqualFold(name, "seq") || strings.EqualFold(name, "uid")
}

func (l *layout) fingerprint() string {
	h := sha256.New()
	for _, c := range l.columns {
		h.Write([]byte(c.Name + " " + c.Type + l.conversion(c.Name) + "\n"))
	}
	return string(h.Sum(nil))
}

// unique are the columns whose values no two rows share.
func (l *layout) unique() []schema.Column {
	return slices.DeleteFunc(slices.Clone(l.columns[:l.stated]), func(c schema.Column) bool { return !c.Unique })
}

// states is SQL for: the record with that mask states column.
func (l *layout) states(mask, column string) string {
	i := slices.IndexFunc(l.columns, func(c schema.Column) bool { return c.Name == column })
	return fmt.Sprintf("substr(%s, %d, 1) = '1'", mask, i+1)
}

// derives is SQL for: an item with that mask states a column that a Planner
// worked out.
func (l *layout) derives(mask string) string {
	return fmt.Sprintf("substr(%s, %d) LIKE '%%1%%'", mask, l.stated+1)
}

// nothing is the mask of a record that states no column.
func (l *layout) nothing() string { return strings.Repeat("0", l.stated) }

// column finds a column that records may state.
func (l *layout) column(name string) *schema.Column {
	for i := range l.columns[:l.stated] {
		if l.columns[i].Name == name {
			return &l.columns[i]
		}
	}
	return nil
}

// each joins what f makes of every column.
func (l *layout) each(sep string, f func(c *schema.Column) string) string {
	parts := make([]string, len(l.columns))
	for i := range l.columns {
		parts[i] = f(&l.columns[i])
	}
	return strings.Join(parts, sep)
}

// quoted lists the columns, each after prefix, each after a comma.
func (l *layout) quoted(prefix string) string {
	return l.each("", func(c *schema.Column) string { return ", " + prefix + c.SQL() })
}
