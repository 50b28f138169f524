// Package rawjson walks JSON that is known to be valid without decoding or
// copying it: what it yields are pieces of the bytes it was given. A push of
// many megabytes is taken apart this way.
//
// Bytes that are not valid JSON yield pieces that mean nothing, and never a
// panic; ask [encoding/json.Valid] first.
package rawjson

import (
	"bytes"
	"encoding/json"
	"iter"
)

// Members yields the members of the object raw, in order, each name unescaped.
// It yields nothing when raw is no object.
func Members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for i := enter(raw, '{'); i < len(raw) && raw[i] == '"'; i = next(raw, i) {
			end := valueEnd(raw, i)
			name := raw[i:end]
			i = skip(raw, end, ':')
			end = valueEnd(raw, i)
			if !yield(unquote(name), raw[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// Elements yields the elements of the array raw, in order. It yields nothing
// when raw is no array.
func Elements(raw []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for i := enter(raw, '['); i < len(raw) && raw[i] != ']'; i = next(raw, i) {
			end := valueEnd(raw, i)
			if !yield(raw[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// Kind gives the first byte of the value raw, which tells what it is: one of
// { [ " t f n - or a digit. It is 0 when there is no value.
func Kind(raw []byte) byte {
	if i := blank(raw, 0); i < len(raw) {
		return raw[i]
	}
	return 0
}

// enter gives where the first member or element of raw begins.
func enter(raw []byte, open byte) int {
	if Kind(raw) != open {
		return len(raw)
	}
	return skip(raw, blank(raw, 0), open)
}

// next gives where the member or element after the one that ends at i begins.
func next(raw []byte, i int) int { return skip(raw, i, ',') }

// skip steps over blanks, one byte c, and blanks.
func skip(raw []byte, i int, c byte) int {
	if i = blank(raw, i); i < len(raw) && raw[i] == c {
		i = blank(raw, i+1)
	}
	return i
}

// blank steps over white space.
func blank(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// valueEnd gives where the value that begins at i ends. It is greater than i
// unless i is the end of raw.
func valueEnd(raw []byte, i int) int {
	if i >= len(raw) {
		return len(raw)
	}
	switch raw[i] {
	case '"':
		return stringEnd(raw, i)
	case '{', '[':
		return compoundEnd(raw, i)
	}
	if n := bytes.IndexAny(raw[i+1:], ",]} \t\r\n"); n >= 0 {
		return i + 1 + n
	}
	return len(raw)
}

// compoundEnd gives where the object or array that begins at i ends.
func compoundEnd(raw []byte, i int) int {
	for depth := 0; i < len(raw); {
		switch raw[i] {
		case '"':
			i = stringEnd(raw, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if i++; depth == 0 {
			return i
		}
	}
	return len(raw)
}

// stringEnd gives where the string that begins at i ends.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// unquote gives the text of a JSON string.
func unquote(quoted []byte) string {
	if len(quoted) >= 2 && bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return string(quoted)
	}
	return s
}
