package mapping

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A Path leads to a place in JSON; the empty one to all of it, and nil nowhere.
type Path []string

// ParsePath reads a JSON pointer ("/data/items/0") or names with points between
// them ("data.items.0"). Nothing is the whole.
func ParsePath(text string) Path {
	if text == "" {
		return Path{}
	}
	if rest, ok := strings.CutPrefix(text, "/"); ok {
		p := strings.Split(rest, "/")
		for i, step := range p {
			p[i] = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		}
		return p
	}
	return strings.Split(text, ".")
}

// String gives a JSON pointer.
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(step, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// In gives what is there in a decoded value, and whether anything is.
func (p Path) In(v any) (any, bool) {
	for _, step := range p {
		switch parent := v.(type) {
		case map[string]any:
			child, ok := parent[step]
			if !ok {
				return nil, false
			}
			v = child
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, false
			}
			v = parent[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// LeadsThrough says whether the path goes through another place, or ends there.
func (p Path) LeadsThrough(at Path) bool {
	return p != nil && len(p) >= len(at) && slices.Equal(p[:len(at)], at)
}

// Text gives a text or a number as text; false: it is neither.
func Text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}
