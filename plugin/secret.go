package plugin

import (
	"encoding/json"
	"fmt"
	"io"
)

// masked is what stands for a secret wherever it would be printed.
const masked = "***"

// A Secret is text that never prints: not with any verb of fmt, not in JSON or
// text encodings, not through zap. It is read from JSON like any string, and
// only Reveal gives it. Keep it in exported fields, and make no map key of it:
// fmt does not ask an unexported field, and encoding/json no key, how it wants
// to be printed.
type Secret string

// Reveal gives the text, for the one call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String gives asterisks, or nothing where there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString gives what String gives, for %#v.
func (s Secret) GoString() string { return fmt.Sprintf("plugin.Secret(%q)", s.String()) }

// Format prints what String gives whatever the verb, and what GoString gives for %#v.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	io.WriteString(f, text) //nolint:errcheck // fmt has no way to hear of it
}

// MarshalJSON gives null: on the wire secrets go one way.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// MarshalText gives what String gives.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalJSON reads a string; null leaves the secret as it is.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text != nil {
		*s = Secret(*text)
	}
	return nil
}
