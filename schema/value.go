package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

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
		return c.date(v)
	case clock:
		return c.clock(v)
	case timestamp:
		return c.timestamp(v)
	case identifier:
		return c.identifier(v)
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
		f, err := strconv.ParseFloat(literal, 64) // 5.0 and 1e3 are whole as well
		if err != nil || f != math.Trunc(f) {
			return nil, c.expected("a whole number", v)
		}
		if math.Abs(f) >= 1<<53 {
			return nil, c.unfit()
		}
		n = int64(f)
	}
	limit := map[string]int64{"smallint": math.MaxInt16, "integer": math.MaxInt32}[strings.ToLower(c.Type)]
	if limit > 0 && (n > limit || n < -limit-1) {
		return nil, c.unfit()
	}
	return n, nil
}

// number gives the literal, which keeps the digits that a float64 would lose.
func (c *Column) number(v any) (any, error) {
	literal, ok := numeric(v)
	if !ok {
		return nil, c.expected("a number", v)
	}
	bits := 64
	if strings.EqualFold(c.Type, "real") {
		bits = 32
	}
	f, err := strconv.ParseFloat(literal, bits)
	switch {
	case err != nil && f == 0, math.IsNaN(f):
		return nil, c.expected("a number", v)
	case math.IsInf(f, 0), f == 0 && strings.ContainsAny(mantissa(literal), "123456789"), len(literal) > 1000, !c.holds(literal):
		return nil, c.unfit()
	}
	return literal, nil
}

func mantissa(literal string) string {
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		return literal[:i]
	}
	return literal
}

// holds says whether a number fits into the digits of the column, rounded to
// its places.
func (c *Column) holds(literal string) bool {
	if c.max == 0 {
		return true
	}
	r, ok := new(big.Rat).SetString(literal)
	if !ok {
		return false
	}
	power := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	r.Abs(r).Mul(r, new(big.Rat).SetInt(power(c.places)))
	r.Add(r, big.NewRat(1, 2)) // rounding may carry into one more digit
	return r.Cmp(new(big.Rat).SetInt(power(c.max))) < 0
}

// numeric reads what may be a number: one, or a text of its characters.
func numeric(v any) (string, bool) {
	s, ok := v.(string)
	if n, is := v.(json.Number); is {
		s, ok = n.String(), true
	}
	s = strings.TrimSpace(s)
	return s, ok && s != "" && strings.Trim(s, "0123456789+-.eE") == ""
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

// date keeps the day that was written, wherever it was that day.
func (c *Column) date(v any) (any, error) {
	t, err := c.moment(v)
	if err != nil {
		return nil, err
	}
	return t.Format(time.DateOnly), nil
}

// clock gives a time of day with its seconds.
func (c *Column) clock(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, c.expected("a time of day such as 09:00:00", v)
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format("15:04:05.999999"), nil
		}
	}
	return nil, fmt.Errorf("the text is no time of day such as 09:00:00")
}

// identifier gives a uuid in lower case.
func (c *Column) identifier(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, c.expected("a uuid", v)
	}
	if !uuid().MatchString(s) {
		return nil, fmt.Errorf("the text is no uuid such as 0f0e1d2c-3b4a-4958-8675-645342312010")
	}
	return strings.ToLower(s), nil
}

func uuid() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)
}

// timestamp gives a time in UTC as NocoBase writes it.
func (c *Column) timestamp(v any) (any, error) {
	t, err := c.moment(v)
	if err != nil {
		return nil, err
	}
	return t.UTC().Format(sequelizeTime), nil
}

// moments are the ways to write a time; fractions of a second may follow. One
// without a zone is UTC.
func moments() []string {
	return []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z07:00", time.DateTime, time.DateOnly}
}

func (c *Column) moment(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, c.expected("a date such as 2026-11-21T09:00:00Z", v)
	}
	for _, layout := range moments() {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if year := t.UTC().Year(); year < 1 || year > 9999 || t.Year() < 1 {
			return t, fmt.Errorf("the date is not in the years 1 to 9999")
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf("the text is no date such as 2026-11-21T09:00:00Z")
}

func (c *Column) document(v any) (any, error) {
	if !storable(v) {
		return nil, fmt.Errorf("the value holds a NUL character or a number that a database cannot keep")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("the value cannot be kept as JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// storable says whether PostgreSQL's jsonb takes the value.
func storable(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.IndexByte(v, 0) < 0
	case json.Number:
		f, err := v.Float64()
		return err == nil && !math.IsInf(f, 0)
	case []any:
		for _, element := range v {
			if !storable(element) {
				return false
			}
		}
	case map[string]any:
		for name, member := range v {
			if !storable(name) || !storable(member) {
				return false
			}
		}
	}
	return true
}

func (c *Column) unfit() error {
	return fmt.Errorf("the number does not fit a column of type %s", strings.ToLower(c.Type))
}

func (c *Column) expected(what string, v any) error {
	return fmt.Errorf("the column takes %s, and %s came", what, jsonType(v))
}

func jsonType(v any) string {
	switch v.(type) {
	case bool:
		return "true or false"
	case json.Number:
		return "another number"
	case string:
		return "a text that is none"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "something else"
}
