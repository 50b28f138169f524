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

// Who calls keeps count of what cannot be used, and does not answer what was
// printed by mistake; a call whose answer cannot be used ends.
func TestTheCallingSideCountsWhatIsBad(t *testing.T) {
	in, theirs := io.Pipe()
	sent, ours := io.Pipe()
	bad := 0
	conn := frame.New(in, ours, frame.Options{Bad: func(bool) { bad++ }}).Connect(t.Context(), echo{})
	defer conn.Close()
	go func() {
		asked := make([]byte, 1000)
		sent.Read(asked)
		io.WriteString(theirs, "Loading …\n"+`{"jsonrpc":"2.0","id":null,"result":1}`+"\n[]\n"+`{"jsonrpc":"2.0","id":0,"result":}`+"\n")
		io.Copy(io.Discard, sent)
	}()
	err := conn.Call(t.Context(), "echo", nil, nil)
	if e, ok := errors.AsType[*jsonrpc2.Error](err); !ok || e.Code != jsonrpc2.CodeParseError || bad != 4 {
		t.Errorf("Call() = %v after %d bad frames, want the error of its answer and 4", err, bad)
	}
	theirs.Close()
}

// A frame that was meant for a message, and of which cannot be told which call it
// answers, is told from what was printed by mistake: its call would wait in vain.
func TestALostMessageIsToldFromAPrintedLine(t *testing.T) {
	large := strings.Repeat("x", 1000)
	for text, want := range map[string]bool{
		"Loading …\n":      false,
		"{'a': 1}\n":       false,
		large + "\n":       false,
		"{" + large + "\n": true,
		`{"result":{"a":,"jsonrpc":"2.0","id":"roster-1"}` + "\n":           true,
		`[{"jsonrpc":"2.0","id":"roster-1","result":null}]` + "\n":          true,
		`{"jsonrpc":"2.0","result":"` + large + `","id":"roster-1"}` + "\n": true,
		`{"jsonrpc":"2.0","id":"roster-1","result":"` + large + `"}` + "\n": false, // its call gets an error
		"Content-Length: 30\r\n\r\n" + `{"jsonrpc":"2.0","result":{}}}`:     true,
		"Content-Length: 1000\r\n\r\n{" + large[1:]:                         true,
		strings.Repeat(large, 20_000):                                       true, // without an end
	} {
		lost, bad := false, 0
		s := frame.New(strings.NewReader(text), io.Discard, frame.Options{MaxBytes: 500, Bad: func(l bool) { lost, bad = lost || l, bad+1 }})
		var v json.RawMessage
		s.ReadObject(&v)
		if bad == 0 || lost != want {
			t.Errorf("after %.60q %d frames were bad, lost: %t; want %t", text, bad, lost, want)
		}
	}
}
