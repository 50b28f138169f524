package rpc

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// encode gives the JSON of a result. Bytes of records that are no UTF-8 become
// U+FFFD: what goes out is always readable.
func encode(result any) (json.RawMessage, error) {
	b, err := json.Marshal(result)
	if err == nil && !utf8.Valid(b) {
		b = []byte(strings.ToValidUTF8(string(b), "\uFFFD"))
	}
	return b, err
}

// list makes an empty list of a missing one: hosts get [] and never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
