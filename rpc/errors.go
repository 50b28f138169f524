package rpc

import (
	"context"
	"errors"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// Codes that the wire gives by itself: those of the Language Server Protocol,
// and one of ours.
const (
	codeNotInitialized = -32002
	codeCanceled       = -32800
	codeOverloaded     = 1011
)

// An errorCode says what a code means and which errors get it.
type errorCode struct {
	code  int64
	name  string
	kind  plugin.Kind // "" where the wire itself gives it
	means string
}

// errorCodes is every error a host may get.
func errorCodes() []errorCode {
	return []errorCode{
		{jsonrpc2.CodeParseError, "ParseError", "", "what came is no JSON, or its framing is broken"},
		{jsonrpc2.CodeInvalidRequest, "InvalidRequest", "", "what came is no request, or it came at the wrong time"},
		{jsonrpc2.CodeMethodNotFound, "MethodNotFound", "", "there is no such method"},
		{jsonrpc2.CodeInvalidParams, "InvalidParams", "", "a member of params is unknown, missing or of the wrong type; data.path says which"},
		{jsonrpc2.CodeInternalError, "InternalError", plugin.Internal, "a mistake of Roster's; its log has the whole of it"},
		{codeNotInitialized, "NotInitialized", "", "initialize comes first"},
		{codeCanceled, "Canceled", plugin.Canceled, "the host took the request back"},
		{1001, "Config", plugin.Config, "settings are wrong; retrying changes nothing"},
		{1002, "Auth", plugin.Auth, "credentials were refused"},
		{1003, "RateLimited", plugin.RateLimited, "too many calls"},
		{1004, "Transient", plugin.Transient, "a fault that may pass"},
		{1005, "Data", plugin.Data, "a record or a body is not what it must be"},
		{1006, "Conflict", plugin.Conflict, "somebody else holds the value or the row"},
		{1007, "Guard", plugin.Guard, "a safety rule held the run"},
		{1008, "Locked", plugin.Locked, "somebody else is at work on it"},
		{1009, "NotFound", plugin.NotFound, "there is no such task, record or source"},
		{1010, "Unsupported", plugin.Unsupported, "this version cannot do it"},
		{codeOverloaded, "Overloaded", plugin.Overloaded, "more is in flight than is taken at once, or an answer is larger than the host reads"},
		{1012, "Stale", plugin.Stale, "what was asked about has changed since"},
	}
}

// errorData is the data of every error.
type errorData struct {
	Kind         plugin.Kind `json:"kind" jsonschema:"the class of the error: what a caller can act on"`
	Retryable    bool        `json:"retryable" jsonschema:"whether the same again may succeed"`
	RetryAfterMs int64       `json:"retryAfterMs,omitempty" jsonschema:"how long to wait before that"`
	Path         string      `json:"path,omitempty" jsonschema:"which member or field, as a JSON pointer or a field's name"`
	RecordUID    string      `json:"recordUid,omitempty" jsonschema:"which record"`
	Hint         string      `json:"hint,omitempty" jsonschema:"what to do next"`
}

// wireError makes an error what the host is sent. The text of a plugin.Error
// is safe to send; any other may hold a secret, is logged whole and goes out
// as an internal error.
func (s *session) wireError(err error) *jsonrpc2.Error {
	f := classify(err)
	if f.code == jsonrpc2.CodeInternalError && !errors.Is(err, errPanic) {
		s.log.Error("internal error", zap.Error(err))
	}
	e := *f.err
	data := errorData{
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
		if code := codeOf(e.Kind); code != jsonrpc2.CodeInternalError {
			return &wireFault{err: e, code: code}
		}
	}
	if errors.Is(err, context.Canceled) {
		return &wireFault{err: errCanceled, code: codeCanceled}
	}
	hidden := &plugin.Error{Kind: plugin.Internal, Msg: "internal error", Hint: "Roster's log says more"}
	return &wireFault{err: hidden, code: jsonrpc2.CodeInternalError}
}

// codeOf gives the code of a kind.
func codeOf(k plugin.Kind) int64 {
	for _, c := range errorCodes() {
		if c.kind == k && k != "" {
			return c.code
		}
	}
	return jsonrpc2.CodeInternalError
}
