package rpc

import (
	"context"
	"errors"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
)

// wireError makes an error what the host is sent. The text of a plugin.Error
// is safe to send; any other may hold a secret, is logged whole and goes out
// as an internal error.
func (s *session) wireError(err error) *jsonrpc2.Error {
	f := classify(err)
	if f.code == jsonrpc2.CodeInternalError && !errors.Is(err, errPanic) {
		s.log.Error("internal error", zap.Error(err))
	}
	e := *f.err
	data := call.ErrorData{
		Kind: e.Kind, Retryable: e.Retryable() && !f.final, RetryAfterMs: e.RetryAfter.Milliseconds(),
		Path: e.Path, RecordUID: e.UID, Hint: e.Hint,
	}
	e.Hint = "" // it has a place of its own
	out := &jsonrpc2.Error{Code: f.code, Message: e.Error()}
	out.SetError(data)
	return out
}

// classify gives what may be said of an error, and its code.
func classify(err error) *wireFault {
	if f, ok := errors.AsType[*wireFault](err); ok {
		return f
	}
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		if code := call.CodeOf(e.Kind); code != jsonrpc2.CodeInternalError {
			return &wireFault{err: e, code: code}
		}
	}
	if errors.Is(err, context.Canceled) {
		return &wireFault{err: errCanceled, code: call.CodeCanceled}
	}
	hidden := &plugin.Error{Kind: plugin.Internal, Msg: "internal error", Hint: "Roster's log says more"}
	return &wireFault{err: hidden, code: jsonrpc2.CodeInternalError}
}
