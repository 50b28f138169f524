package call

import (
	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
)

// Codes that the wire gives by itself: those of the Language Server Protocol,
// and one of ours.
const (
	CodeNotInitialized = -32002
	CodeCanceled       = -32800
	CodeOverloaded     = 1011
)

// A Code says what the code of an error means and which errors get it.
type Code struct {
	Code  int64
	Name  string
	Kind  plugin.Kind // "" where the wire itself gives it
	Means string
}

// Codes is every error that travels.
func Codes() []Code {
	return []Code{
		{jsonrpc2.CodeParseError, "ParseError", "", "what came is no JSON, or its framing is broken"},
		{jsonrpc2.CodeInvalidRequest, "InvalidRequest", "", "what came is no request, or it came at the wrong time"},
		{jsonrpc2.CodeMethodNotFound, "MethodNotFound", "", "there is no such method"},
		{jsonrpc2.CodeInvalidParams, "InvalidParams", "", "a member of params is unknown, missing or of the wrong type; data.path says which"},
		{jsonrpc2.CodeInternalError, "InternalError", plugin.Internal, "a mistake of Roster's; its log has the whole of it"},
		{CodeNotInitialized, "NotInitialized", "", "initialize comes first"},
		{CodeCanceled, "Canceled", plugin.Canceled, "the host took the request back"},
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
		{CodeOverloaded, "Overloaded", plugin.Overloaded, "more is in flight than is taken at once, or an answer is larger than the host reads"},
		{1012, "Stale", plugin.Stale, "what was asked about has changed since"},
	}
}

// CodeOf gives the code of a kind, and that of a mistake of ours where it has none.
func CodeOf(k plugin.Kind) int64 {
	for _, c := range Codes() {
		if c.Kind == k && k != "" {
			return c.Code
		}
	}
	return jsonrpc2.CodeInternalError
}

// kindOf gives the kind that a code stands for, be it one that the wire gives
// by itself.
func kindOf(code int64) plugin.Kind {
	switch code {
	case jsonrpc2.CodeMethodNotFound:
		return plugin.Unsupported
	case jsonrpc2.CodeInvalidParams:
		return plugin.Data
	}
	for _, c := range Codes() {
		if c.Code == code && c.Kind != "" {
			return c.Kind
		}
	}
	return plugin.Internal
}
