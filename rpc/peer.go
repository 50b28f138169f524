package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// A caller calls the methods of the host, while the host may call ours: answers
// come in on the goroutine that reads, which waits for no method. It is safe for
// concurrent use.
type caller struct {
	session *session
	conn    *jsonrpc2.Conn
}

var _ plugin.Caller = caller{}

// Call sends a request and waits for its answer, until ctx ends or the host
// hangs up. A request that is not waited for any more is taken back with
// $/cancelRequest; an answer that comes after that is ignored.
func (c caller) Call(ctx context.Context, method string, params, result any) error {
	ctx, stop := c.session.whileConnected(ctx)
	defer stop()
	if ctx.Err() != nil {
		return unanswered(method, context.Cause(ctx))
	}
	id := jsonrpc2.ID{Str: "roster-" + strconv.FormatUint(c.session.calls.Add(1), 10), IsString: true}
	call, err := c.conn.DispatchCall(ctx, method, params, jsonrpc2.PickID(id))
	if err != nil {
		return unanswered(method, err)
	}
	var answer json.RawMessage
	if err := call.Wait(ctx, &answer); err != nil {
		if ctx.Err() != nil {
			c.conn.Notify(context.Background(), cancelRequest, cancelParams{id}) //nolint:errcheck // who hung up need not know
			err = context.Cause(ctx)
		}
		return unanswered(method, err)
	}
	if result == nil {
		return nil
	}
	if json.Unmarshal(answer, result) != nil {
		return &plugin.Error{Kind: plugin.Internal, Msg: "the answer to " + method + " is not what it must be", Hint: "see the protocol for its shape"}
	}
	return nil
}

// errHungUp ends calls of a host that reads no more, or says no more.
var errHungUp = errors.New("the host has hung up")

// whileConnected gives a context that ends with ctx and with the connection.
func (s *session) whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.connected, func() { cancel(errHungUp) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
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
	return &plugin.Error{Kind: plugin.Transient, Msg: method, Err: plugin.ErrNoAnswer, Hint: "it is tried again when the host is back"}
}

// theirError is what the host answered instead of a result: of the kind that its
// data names, else of the one that its code stands for. Any other is internal.
func theirError(method string, e *jsonrpc2.Error) *plugin.Error {
	var data errorData
	if e.Data != nil {
		_ = json.Unmarshal(*e.Data, &data) // data of another shape says nothing
	}
	kind := data.Kind
	if !kind.Valid() {
		kind = kindOfCode(e.Code)
	}
	return &plugin.Error{
		Kind: kind, Msg: fmt.Sprintf("%s: %.1000s", method, e.Message), Hint: data.Hint, Path: data.Path, UID: data.RecordUID,
		RetryAfter: max(0, time.Duration(data.RetryAfterMs)*time.Millisecond),
	}
}

// kindOfCode gives the kind that a code stands for, be it one that the wire
// gives by itself.
func kindOfCode(code int64) plugin.Kind {
	switch code {
	case jsonrpc2.CodeMethodNotFound:
		return plugin.Unsupported
	case jsonrpc2.CodeInvalidParams:
		return plugin.Data
	}
	for _, c := range errorCodes() {
		if c.code == code && c.kind != "" {
			return c.kind
		}
	}
	return plugin.Internal
}
