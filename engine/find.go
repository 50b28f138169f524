package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Limits of what Find is asked for, and gives.
const (
	findValues = 1000
	findRows   = 10_000
)

// Find gives the rows of a target whose field has one of the values, without
// their attributes, in the order of their ids. Of NocoBase's targets the field
// is id or a column that records state; values compare as the column's do. The
// error is of kind NotFound for an unknown target, Unsupported for one that has no
// rows of the type or cannot be asked, and Data for an unknown field or too many
// values.
func (e *Engine) Find(ctx context.Context, target string, q plugin.Query) ([]plugin.Found, error) {
	if len(q.Values) > findValues {
		return nil, &plugin.Error{Kind: plugin.Data, Path: "/values", Msg: fmt.Sprintf("%d values are asked for at once", len(q.Values)), Hint: fmt.Sprintf("at most %d are taken", findValues)}
	}
	for _, t := range e.targets {
		if t.Info().Name == target {
			return e.findRows(ctx, t, q)
		}
	}
	for _, p := range e.peers() {
		if p.Name != target {
			continue
		}
		if finder, ok := p.target.(plugin.Finder); ok {
			return finder.Find(ctx, q)
		}
		return nil, &plugin.Error{Kind: plugin.Unsupported, Path: "/target", Msg: "target " + target + " cannot be asked what it holds"}
	}
	return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/target", Msg: fmt.Sprintf("there is no target %.64q", target), Hint: "registry/listTargets lists them"}
}

func (e *Engine) findRows(ctx context.Context, t Target, q plugin.Query) ([]plugin.Found, error) {
	table := t.Table(q.Type)
	if table == nil {
		return nil, &plugin.Error{Kind: plugin.Unsupported, Path: "/dataType", Msg: fmt.Sprintf("target %s has no rows of type %.64q", t.Info().Name, q.Type)}
	}
	x := e.db.On(e.db)
	column, values, err := e.asked(ctx, x, table, q)
	if err != nil || len(values) == 0 {
		return nil, told(ctx, err)
	}
	var found []plugin.Found
	err = x.Select(ctx, &found, table.names(0).Replace(`
		SELECT CAST(t.id AS text) AS row, CAST(t.`+column+` AS text) AS value FROM {<rows>} t
		WHERE t.`+column+` IN (?`+strings.Repeat(", ?", len(values)-1)+`) ORDER BY t.id LIMIT `+strconv.Itoa(findRows+1)), values...)
	if len(found) > findRows {
		return nil, &plugin.Error{Kind: plugin.Data, Path: "/values", Msg: fmt.Sprintf("more than %d rows have these values", findRows), Hint: "ask for fewer, or by a field that tells rows apart"}
	}
	return found, told(ctx, schema.Wrap(err, "find rows of "+table.Name))
}

// asked gives the column that a query is about, as SQL, and its values as
// parameters. What the column cannot hold, nobody has.
func (e *Engine) asked(ctx context.Context, x schema.Conn, t *Table, q plugin.Query) (column string, values []any, err error) {
	parse := func(s string) (any, error) { return strconv.ParseInt(s, 10, 64) }
	column = "id"
	if q.Field != "id" {
		fields, err := e.fields(ctx, x)
		if err != nil {
			return "", nil, err
		}
		l, err := readLayout(ctx, x, t, fields[t.Name])
		if err != nil {
			return "", nil, err
		}
		c := l.column(q.Field)
		if c == nil {
			return "", nil, unknownField(l, q.Field)
		}
		column, parse = c.SQL(), c.Parse
	}
	for _, s := range q.Values {
		if v, err := parse(s); err == nil && v != nil && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return column, values, nil
}

func unknownField(l *layout, field string) error {
	names := []string{"id"}
	for _, c := range l.columns[:l.stated] {
		names = append(names, c.Name)
	}
	return &plugin.Error{Kind: plugin.Data, Path: "/field", Msg: fmt.Sprintf("%s cannot be searched by %.64q", l.Name, field), Hint: "by " + strings.Join(names, ", ")}
}
