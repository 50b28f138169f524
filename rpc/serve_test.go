package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var errGone = errors.New("nobody reads any more")

// A deaf host reads so many answers and then no more.
type deaf struct{ answers int }

func (d *deaf) Write(p []byte) (int, error) {
	if d.answers--; d.answers < 0 {
		return 0, errGone
	}
	return len(p), nil
}

func TestServeEndsWhenNobodyReads(t *testing.T) {
	in, host := io.Pipe()
	defer host.Close()
	go io.WriteString(host, opened+`{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
	if err := quiet().Serve(t.Context(), in, &deaf{answers: 1}); !errors.Is(err, errGone) {
		t.Errorf("Serve() = %v, want %v", err, errGone)
	}
}

func TestServeWithoutInput(t *testing.T) {
	out := new(sink)
	if err := quiet().Serve(t.Context(), strings.NewReader(""), out); err != nil || out.take() != "" {
		t.Errorf("Serve() of no input = %v, want nil and nothing said", err)
	}
}

// TestPipedInput is what a shell does: all requests at once, then the end.
func TestPipedInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(sink)
		in := opened + `{"jsonrpc":"2.0","id":1,"method":"registry/listTargets"}`
		if err := testServer(t).Serve(t.Context(), strings.NewReader(in), out); err != nil {
			t.Errorf("Serve() = %v", err)
		}
		if got, want := out.take(), `{"jsonrpc":"2.0","id":1,"result":{"targets":[{"name":"users","accepts":["user"]}]}}`+"\n"; !strings.HasSuffix(got, want) {
			t.Errorf("answered %q, want %q in the end", got, want)
		}
	})
}

// TestSecondHost holds two hosts of one server apart.
func TestSecondHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		first, second := converse(t.Context(), s), converse(t.Context(), s)
		first.say(opened)
		if got := second.say(`{"jsonrpc":"2.0","id":1,"method":"health/check"}` + "\n"); !strings.Contains(got, "-32002") {
			t.Errorf("the second host was answered %q, want -32002: only the first said initialize", got)
		}
		first.hangUp()
		second.hangUp()
	})
}

// TestNothingSecretIsLogged holds the log to what it may say of a connection.
func TestNothingSecretIsLogged(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	s := testServer(t)
	s.Log = zap.New(core)
	in := `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"1","config":{"db":"postgres://roster:hunter3@db"}}}
{"jsonrpc":"2.0","id":1,"method":"sync/push","params":{"records":[{"uid":"u1","password":"hunter3"}]}}
{"jsonrpc":"2.0","id":2,"method":"tasks/get","params":{"hunter3":1}}
{"hunter3
`
	out := new(sink)
	if err := s.Serve(context.Background(), strings.NewReader(in), out); err != nil {
		t.Errorf("Serve() = %v", err)
	}
	for _, entry := range logs.All() {
		if line := fmt.Sprint(entry.Message, entry.ContextMap()); strings.Contains(line, "hunter3") {
			t.Errorf("logged %s", line)
		}
	}
	if logs.Len() == 0 {
		t.Error("nothing was logged, not even at debug level")
	}
}

// FuzzDecode feeds params that are any JSON: each is read or refused with
// -32602, and never panics.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `[]`, `{"records":[1]}`, `{"config":{"db":{}}}`, `{"limits":[{}],"client":null}`, `{"\ud800":1}`, `{"progressToken":-1.5e9}`, `{"snapshot":{"id":"","counts":{"user":null}}}`, `{"options":{"sync":[]}}`, `{"taskId":"","timeoutMs":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		for _, v := range []any{new(pushParams), new(initializeParams), new(itemsParams), new(waitParams), new(cancelParams), new(none)} {
			err := decoder{}.decode(raw, v)
			var wire *wireFault
			if err != nil && (!errors.As(err, &wire) || wire.code != -32602) {
				t.Errorf("decode(%s, %T) = %v, want code -32602", raw, v, err)
			}
		}
	})
}
