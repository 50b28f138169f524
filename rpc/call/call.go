// Package call calls the methods of whoever is at the other end of a connection,
// and makes errors of what it answers. Package rpc calls a host with it, and
// package plugin/process an adapter.
package call

import (
	"context"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
)

// CancelRequest is the notification that takes a request back, with CancelParams.
const CancelRequest = "$/cancelRequest"

// CancelParams name the request that is taken back.
type CancelParams struct {
	ID jsonrpc2.ID `json:"id" jsonschema:"of the request"`
}

// A Caller calls over a connection. Answers come in on the goroutine that reads,
// which waits for no method. It is safe for concurrent use.
type Caller struct {
	Conn *jsonrpc2.Conn
	// Last counts the calls that were made over the connection; their ids are
	// made of it.
	Last *atomic.Uint64
	// Grace is how long an answer is waited for once the request was taken back,
	// whether the other end reads that or not. 0: for no answer, but until that
	// was sent.
	Grace time.Duration
}

var _ plugin.Caller = Caller{}

// Call sends a request and waits for its answer, until ctx ends or the
// connection does. A request that is not waited for any more is taken back with
// $/cancelRequest; an answer that comes after the grace time is ignored.
func (c Caller) Call(ctx context.Context, method string, params, result any) error {
	if ctx.Err() != nil {
		return unanswered(method, context.Cause(ctx))
	}
	sent, err := json.Marshal(params)
	if err != nil {
		return &plugin.Error{Kind: plugin.Data, Msg: "the params of " + method + " are no JSON", Hint: "mend who made the record"}
	}
	answer, err := c.ask(ctx, method, sent)
	if err != nil {
		return unanswered(method, err)
	}
	if result != nil && json.Unmarshal(answer, result) != nil {
		return &plugin.Error{Kind: plugin.Internal, Msg: "the answer to " + method + " is not what it must be", Hint: "see the protocol for its shape"}
	}
	return nil
}

// An answer is what a request brought.
type answer struct {
	result json.RawMessage
	err    error
}

// ask gives the answer to a request, or the cause of ctx's end.
func (c Caller) ask(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	if c.Grace == 0 {
		a := c.send(ctx, method, params)
		return a.result, a.err
	}
	answered := make(chan answer, 1)
	go func() { answered <- c.send(ctx, method, params) }()
	select {
	case a := <-answered:
		return a.result, a.err
	case <-ctx.Done():
	}
	grace := time.NewTimer(c.Grace)
	defer grace.Stop()
	select {
	case a := <-answered:
		return a.result, a.err
	case <-grace.C:
		return nil, context.Cause(ctx)
	}
}

// send writes the request, and when ctx ends that it is taken back.
func (c Caller) send(ctx context.Context, method string, params json.RawMessage) (a answer) {
	id := jsonrpc2.ID{Str: "roster-" + strconv.FormatUint(c.Last.Add(1), 10), IsString: true}
	call, err := c.Conn.DispatchCall(ctx, method, params, jsonrpc2.PickID(id))
	if err != nil {
		return answer{nil, err}
	}
	if a.err = call.Wait(ctx, &a.result); a.err == nil || ctx.Err() == nil {
		return a
	}
	c.Conn.Notify(context.Background(), CancelRequest, CancelParams{id}) //nolint:errcheck // who hung up need not know
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), c.Grace)
	defer stop()
	if a.err = call.Wait(late, &a.result); late.Err() != nil {
		a.err = context.Cause(ctx)
	}
	return a
}
