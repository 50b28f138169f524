package frame

import (
	"encoding/json"
	"fmt"

	"github.com/sourcegraph/jsonrpc2"
)

// A fault is a frame that is answered with an error and otherwise forgotten.
type fault struct {
	id   json.RawMessage // the id it is answered with; nil for null
	code int64
	text string
	hint string
}

func faultf(code int64, format string, args ...any) *fault {
	return &fault{code: code, text: fmt.Sprintf(format, args...)}
}

// Error gives the text that the peer is sent.
func (f *fault) Error() string { return f.text }

// reply gives the message that answers the fault.
func (f *fault) reply() message {
	e := &jsonrpc2.Error{Code: f.code, Message: f.text}
	e.SetError(struct {
		Kind      string `json:"kind"`
		Retryable bool   `json:"retryable"`
		Hint      string `json:"hint,omitempty"`
	}{"data", false, f.hint})
	id := f.id
	if id == nil {
		id = json.RawMessage("null")
	}
	return message{id: id, err: e}
}
