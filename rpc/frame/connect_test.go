package frame_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/goleak"

	"github.com/nocobase-roster/roster/rpc/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers every request with its own params, and an error where the method says so.
type echo struct{}

func (echo) Handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	switch {
	case req.Notif:
	case req.Method == "fail":
		conn.ReplyWithError(ctx, req.ID, &jsonrpc2.Error{Code: 7, Message: "asked to"})
	case req.Params == nil:
		conn.Reply(ctx, req.ID, nil)
	default:
		conn.Reply(ctx, req.ID, *req.Params)
	}
}

// connect gives a client of a server that echoes, both ends over one pipe.
func connect(t testing.TB, client frame.Options) *jsonrpc2.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	far := frame.New(theirs, theirs, frame.Options{}).Connect(t.Context(), echo{})
	near := frame.New(ours, ours, client).Connect(t.Context(), echo{})
	t.Cleanup(func() {
		near.Close()
		<-far.DisconnectNotify()
	})
	return near
}

func TestCallsInBothFramings(t *testing.T) {
	for _, headers := range []bool{false, true} {
		conn := connect(t, frame.Options{Headers: headers})
		for _, params := range []string{`{"a":1.50,"b":"\u0000"}`, `{"x":"` + strings.Repeat("é", 1<<20) + `"}`} {
			var got json.RawMessage
			if err := conn.Call(t.Context(), "echo", json.RawMessage(params), &got); err != nil || string(got) != params {
				t.Errorf("headers %t: Call(echo) = %.50s, %v; want its params %.50s back", headers, got, err, params)
			}
		}
		if err := conn.Call(t.Context(), "echo", nil, nil, jsonrpc2.StringID()); err != nil {
			t.Errorf("headers %t: Call(echo) without params = %v", headers, err)
		}
		if err := conn.Notify(t.Context(), "echo", struct{}{}); err != nil {
			t.Errorf("headers %t: Notify() = %v", headers, err)
		}
		var wire *jsonrpc2.Error
		if err := conn.Call(t.Context(), "fail", nil, nil); !errors.As(err, &wire) || wire.Code != 7 {
			t.Errorf("headers %t: Call(fail) = %v, want code 7", headers, err)
		}
	}
}

func TestWritesAreLimited(t *testing.T) {
	end := make(chan struct{})
	s := frame.New(eofAfter(end), io.Discard, frame.Options{})
	s.LimitWrites(100)
	conn := s.Connect(t.Context(), echo{})
	if err := conn.Notify(t.Context(), "n", strings.Repeat("x", 100)); !errors.Is(err, frame.ErrTooLarge) {
		t.Errorf("Notify() of more than the peer reads = %v, want ErrTooLarge", err)
	}
	if err := conn.Notify(t.Context(), "n", "x"); err != nil {
		t.Errorf("Notify() after that = %v", err)
	}
	close(end)
	<-conn.DisconnectNotify()
}

// eofAfter is a reader that ends when the channel is closed.
type eofAfter <-chan struct{}

func (r eofAfter) Read([]byte) (int, error) {
	<-r
	return 0, io.EOF
}

func TestAtEndComesBeforeTheConnectionCloses(t *testing.T) {
	var conn *jsonrpc2.Conn
	started, said := make(chan struct{}), make(chan error, 1)
	s := frame.New(eofAfter(started), io.Discard, frame.Options{AtEnd: func() { said <- conn.Notify(context.Background(), "last", nil) }})
	conn = s.Connect(t.Context(), echo{})
	close(started)
	if err := <-said; err != nil {
		t.Errorf("Notify() at the end of the input = %v, want it sent", err)
	}
	<-conn.DisconnectNotify()
}
