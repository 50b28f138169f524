package rpc

import (
	"context"
	"errors"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
)

// A caller calls the methods of the host, while the host may call ours. It is
// safe for concurrent use.
type caller struct {
	session *session
	conn    *jsonrpc2.Conn
}

var _ plugin.Caller = caller{}

// Call calls until ctx ends or the host hangs up.
func (c caller) Call(ctx context.Context, method string, params, result any) error {
	ctx, stop := c.session.whileConnected(ctx)
	defer stop()
	return call.Caller{Conn: c.conn, Last: &c.session.calls}.Call(ctx, method, params, result)
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
