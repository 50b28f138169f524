package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testServer is a server with the methods of the tests. What its database does
// is said by config.db: "slow" opens when the connection ends, "panic" panics,
// "refused" and "gone" fail, anything else is an internal error.
func testServer(t testing.TB) *Server {
	return &Server{
		Version:  "0.0.0",
		Adapters: testAdapters(t),
		Open:     openNothing,
		Log:      zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)),
		Level:    zap.NewAtomicLevel(),
		extra:    testMethods(),
	}
}

func testAdapters(t testing.TB) *plugin.Registry {
	t.Helper()
	r := &plugin.Registry{}
	err := errors.Join(
		r.AddDriver(plugin.Driver{Type: plugin.SourceType{Name: "http-api", Title: "HTTP API", Origin: "builtin", DataTypes: []plugin.Type{"department", "user"}}}),
		r.AddTarget(plugin.TargetInfo{Name: "users", Accepts: []plugin.Type{"user"}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openNothing(ctx context.Context, c Config) (*engine.Engine, error) {
	switch c.DB.Reveal() {
	case "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	case "panic":
		panic("opened on a bad day")
	case "refused":
		return nil, fmt.Errorf("open: %w", &plugin.Error{Kind: plugin.Auth, Msg: "the database refused the password", Hint: "check it"})
	case "gone":
		return nil, &plugin.Error{Kind: plugin.Transient, Msg: "the database does not answer"}
	}
	return nil, errors.New("dial tcp: password hunter2")
}

// testMethods are methods that behave in ways that no real one should.
func testMethods() []methodInfo {
	release := make(chan struct{})
	return []methodInfo{
		method("test/hold", "Waits until it is canceled or released.", func(_ *session, ctx context.Context, _ none) (string, error) {
			select {
			case <-release:
				return "released", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}),
		method("test/stubborn", "Waits until it is released.", func(*session, context.Context, none) (string, error) {
			<-release
			return "too late", nil
		}),
		notification("test/release", "Ends the waiting.", func(*session, context.Context, none) { close(release) }),
		method("test/panic", "Panics.", func(*session, context.Context, none) (none, error) { panic("boom") }),
		method("test/fail", "Fails.", func(_ *session, _ context.Context, p failure) (none, error) { return none{}, p.error() }),
		method("test/big", "Answers at length.", func(_ *session, _ context.Context, p big) (string, error) { return strings.Repeat("x", p.Bytes), nil }),
		method("test/raw", "Answers with bytes that are no UTF-8.", func(*session, context.Context, none) (json.RawMessage, error) {
			return json.RawMessage("\"\xff\""), nil
		}),
	}
}

type big struct {
	Bytes int            `json:"bytes"`
	Pad   string         `json:"pad,omitempty"`
	More  map[string]any `json:"more,omitempty"`
}

type failure struct {
	Kind plugin.Kind `json:"kind"`
}

func (f failure) error() error {
	if f.Kind == "" {
		return errors.New("pq: password authentication failed for hunter2")
	}
	e := &plugin.Error{Kind: f.Kind, Msg: "read the list", UID: "u1", Path: "email", Hint: "look again", RetryAfter: 1500e6, Err: errors.New("status 500")}
	return fmt.Errorf("not for the host: %w", e)
}

// A conversation is a server in a synctest bubble and the host that speaks with it.
type conversation struct {
	in   *io.PipeWriter
	out  *sink
	done chan error // what Serve returned
}

func converse(ctx context.Context, s *Server) *conversation {
	in, host := io.Pipe()
	c := &conversation{in: host, out: new(sink), done: make(chan error, 1)}
	go func() { c.done <- s.Serve(ctx, in, c.out) }()
	return c
}

// say sends bytes and gives what is answered until nothing more happens.
func (c *conversation) say(text string) string {
	go io.WriteString(c.in, text)
	synctest.Wait()
	return c.out.take()
}

// hangUp ends the input and gives what is answered before anything else does.
func (c *conversation) hangUp() string {
	c.in.Close()
	synctest.Wait()
	return c.out.take()
}

// A sink keeps what is written to it.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *sink) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.buf.Reset()
	return s.buf.String()
}
