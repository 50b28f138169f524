package frame

import (
	"encoding/json"
	"fmt"

	"github.com/sourcegraph/jsonrpc2"
)

// A fault is a frame that cannot be used. It is answered with an error and
// otherwise forgotten; one that is an answer itself is that error to who asked.
type fault struct {
	id     json.RawMessage // of the error; nil for null
	answer bool            // it answers, what id says where that could be told
	empty  bool            // it is an answer, if we asked id: one that says nothing
	lost   bool            // it was meant for a message, and may have answered anything
	code   int64
	text   string
	hint   string
}

func faultf(code int64, format string, args ...any) *fault {
	return &fault{code: code, text: fmt.Sprintf(format, args...)}
}

// Error gives the text that the peer is sent.
func (f *fault) Error() string { return f.text }

// reply gives the error as a message.
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
