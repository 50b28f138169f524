package mapping

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// An Expr says what an attribute is made of: a field of a record, text with
// fields in it, or a constant.
type Expr struct {
	constant any
	texts    []string // before, between and after the paths
	paths    []Path
	plain    bool // it is its one path
	whole    bool
}

// Parse reads an expression: "=constant", which may be JSON, "{first} {last}", or
// the path of a field; see [ParsePath]. One that is whole says nothing where a
// field of it is missing. at is the JSON pointer of the option, for the error.
func Parse(at, text string, whole bool) (*Expr, error) {
	constant, isConstant := strings.CutPrefix(text, "=")
	switch {
	case isConstant:
		return &Expr{constant: decode(constant)}, nil
	case strings.ContainsAny(text, "{}"):
		return parseTemplate(at, text, whole)
	case text == "":
		return nil, Wrong(at, "it is empty", "name a field of the record, or leave the attribute out")
	}
	return &Expr{paths: []Path{ParsePath(text)}, plain: true}, nil
}

// decode gives the value that text is as JSON, and else the text.
func decode(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return text
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return text // there is more, so it is no JSON
	}
	return v
}

func parseTemplate(at, text string, whole bool) (*Expr, error) {
	e := &Expr{whole: whole}
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{")
		e.texts = append(e.texts, before)
		if !found {
			return e, nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || name == "" {
			return nil, Wrong(at, "a brace is not closed, or there is nothing in it", "write {first} {last}")
		}
		e.paths, rest = append(e.paths, ParsePath(name)), tail
	}
}

// Paths are the fields that are in it.
func (e *Expr) Paths() []Path { return e.paths }

// Of gives what the expression makes of a decoded record; false: the record says
// nothing of it.
func (e *Expr) Of(record any) (any, bool) {
	switch {
	case e.plain:
		return e.paths[0].In(record)
	case len(e.texts) == 0:
		return e.constant, true
	}
	return e.fill(record)
}

// fill puts the fields of a record into the text. Where the record has none of
// them, or not all of what must be whole, it says nothing; blanks at the ends,
// where one is empty, go.
func (e *Expr) fill(record any) (any, bool) {
	var b strings.Builder
	said, gap := false, false
	for i, p := range e.paths {
		v, ok := p.In(record)
		said = said || ok
		part, _ := Text(v)
		gap = gap || part == ""
		b.WriteString(e.texts[i] + part)
	}
	b.WriteString(e.texts[len(e.paths)])
	return strings.TrimSpace(b.String()), said && (!e.whole || !gap)
}
