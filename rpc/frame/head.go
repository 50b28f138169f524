package frame

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// idInHead looks for the id of a message of which only the head is there, so
// that whoever waits for its answer learns of its end. It finds one that
// stands before params.
func idInHead(head []byte) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(head))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for {
		name, err := d.Token()
		if err != nil || name == "params" {
			return nil
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
		if name == "id" && utf8.Valid(value) {
			return echo(value)
		}
	}
}
