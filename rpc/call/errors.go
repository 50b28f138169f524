package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// ErrorData is the data of every error.
type ErrorData struct {
	Kind         plugin.Kind `json:"kind" jsonschema:"the class of the error: what a caller can act on"`
	Retryable    bool        `json:"retryable" jsonschema:"whether the same again may succeed"`
	RetryAfterMs int64       `json:"retryAfterMs,omitempty" jsonschema:"how long to wait before that"`
	Path         string      `json:"path,omitempty" jsonschema:"which member or field, as a JSON pointer or a field's name"`
	RecordUID    string      `json:"recordUid,omitempty" jsonschema:"which record"`
	Hint         string      `json:"hint,omitempty" jsonschema:"what to do next"`
}

// unanswered is the error of a call that did not bring what was asked.
func unanswered(method string, err error) error {
	if answered, ok := errors.AsType[*jsonrpc2.Error](err); ok {
		return theirError(method, answered)
	}
	switch {
	case errors.Is(err, frame.ErrTooLarge):
		return &plugin.Error{Kind: plugin.Data, Msg: method, Err: plugin.ErrTooLarge, Hint: "raise limits.maxFrameBytes in initialize"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &plugin.Error{Kind: plugin.Canceled, Msg: method + " was given up", Err: fmt.Errorf("%w: %w", plugin.ErrNoAnswer, err)}
	}
	return &plugin.Error{Kind: plugin.Transient, Msg: method, Err: plugin.ErrNoAnswer, Hint: "it is tried again when the other end is back"}
}

// theirError is what the other end answered instead of a result: of the kind
// that its data names, else of the one that its code stands for. Any other is
// internal.
func theirError(method string, e *jsonrpc2.Error) *plugin.Error {
	var data ErrorData
	if e.Data != nil {
		_ = json.Unmarshal(*e.Data, &data) // data of another shape says nothing
	}
	kind := data.Kind
	if !kind.Valid() {
		kind = kindOf(e.Code)
	}
	return &plugin.Error{
		Kind: kind, Msg: fmt.Sprintf("%s: %.1000s", method, e.Message), Hint: data.Hint, Path: data.Path, UID: data.RecordUID,
		RetryAfter: max(0, time.Duration(data.RetryAfterMs)*time.Millisecond),
	}
}
