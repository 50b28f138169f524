package frame

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// lookInto looks for the id of a message of which only the head is there, so
// that whoever waits for its end learns of it: the peer, or we where it is an
// answer. It finds one that stands before params, result and error.
func lookInto(head []byte) (id json.RawMessage, answer bool) {
	d := json.NewDecoder(bytes.NewReader(head))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for {
		name, err := d.Token()
		switch {
		case err != nil, name == "params":
			return id, false
		case name == "result", name == "error":
			return id, true
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return id, false
		}
		if name == "id" && utf8.Valid(value) {
			id = echo(value)
		}
	}
}
