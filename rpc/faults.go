package rpc

import (
	"errors"
	"strings"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
)

// A wireFault is an error as the host is told it.
type wireFault struct {
	err   *plugin.Error
	code  int64
	final bool // the same again fares no better, whatever the kind says
}

// Error gives the text of the error.
func (f *wireFault) Error() string { return f.err.Error() }

// Unwrap gives the error without its code.
func (f *wireFault) Unwrap() error { return f.err }

var (
	errCanceled = &plugin.Error{Kind: plugin.Canceled, Msg: "the request was canceled"}
	errPanic    = errors.New("a panic, which has been logged")
)

func notInitialized() error {
	return &wireFault{err: &plugin.Error{Kind: plugin.Config, Msg: "initialize comes first", Hint: "send initialize and wait for its answer"}, code: call.CodeNotInitialized}
}

func invalidRequest(msg, hint string) error {
	return &wireFault{err: &plugin.Error{Kind: plugin.Data, Msg: msg, Hint: hint}, code: jsonrpc2.CodeInvalidRequest}
}

// invalidParams makes e the error of a request's params.
func invalidParams(e *plugin.Error) error {
	e.Kind = plugin.Data
	return &wireFault{err: e, code: jsonrpc2.CodeInvalidParams}
}

// methodNotFound names the methods that may have been meant.
func methodNotFound(name string, table map[string]methodInfo) error {
	e := &plugin.Error{Kind: plugin.Unsupported, Msg: "unknown method " + quoteShort(name), Hint: "rpc.discover lists the methods"}
	if similar := near(name, table); len(similar) > 0 {
		e.Hint = "did you mean " + strings.Join(similar, " or ") + "?"
	}
	return &wireFault{err: e, code: jsonrpc2.CodeMethodNotFound}
}

func overloaded() error {
	return &plugin.Error{
		Kind: plugin.Overloaded, Msg: "too much is in flight", RetryAfter: 100 * time.Millisecond,
		Hint: "wait for answers before sending more; the limits are in the answer to initialize",
	}
}

// answerTooLarge is final: the work is done, only its answer cannot be brought
// home, and doing the work again would not change that.
func answerTooLarge() error {
	return &wireFault{err: &plugin.Error{
		Kind: plugin.Overloaded, Msg: "the answer is larger than the host reads; what was asked has been done",
		Hint: "ask for less (limit), or raise limits.maxFrameBytes in initialize; tasks/items has what a run did",
	}, code: call.CodeOverloaded, final: true}
}
