package examples_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	stdlog "log"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// A process is an adapter that runs, and the connection with it.
type process struct {
	conn  *jsonrpc2.Conn
	log   *zap.Logger // what it says on standard error and with $/log
	calls atomic.Uint64

	mu       sync.Mutex // guards what follows
	progress []string   // params of $/progress
}

// start starts the adapter in folder and shakes hands with it; it ends with the
// check.
func start(t plugintest.T, log *zap.Logger, folder string, env ...string) *process {
	t.Helper()
	m := manifestOf(t, folder)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), m.Command[0], m.Command[1:]...)
	cmd.Dir, cmd.Env = folder, append(cmd.Environ(), env...)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	cmd.Stderr = &zapLines{log}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %v in %s: %v", m.Command, folder, err)
	}
	p := &process{log: log}
	quiet := jsonrpc2.SetLogger(stdlog.New(io.Discard, "", 0))
	p.conn = frame.New(out, in, frame.Options{Headers: true}).Connect(context.WithoutCancel(t.Context()), p, quiet)
	t.Cleanup(func() {
		p.end(t, in)
		<-p.conn.DisconnectNotify()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the adapter in %s ended with %v", folder, err)
		}
	})
	var hello struct{ ProtocolVersion string }
	params := map[string]any{"protocolVersion": "1", "client": map[string]string{"name": "roster"}}
	if err := p.Call(t.Context(), "initialize", params, &hello); err != nil || hello.ProtocolVersion != "1" {
		t.Fatalf("initialize = %+v, %v", hello, err)
	}
	return p
}

func (p *process) end(t plugintest.T, in io.Closer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	if err := p.Call(ctx, "shutdown", struct{}{}, nil); err != nil {
		t.Errorf("shutdown = %v", err)
	}
	p.conn.Notify(ctx, "exit", nil)
	in.Close()
}

// Call calls a method of the adapter.
func (p *process) Call(ctx context.Context, method string, params, result any) error {
	id := jsonrpc2.ID{Str: "call-" + strconv.FormatUint(p.calls.Add(1), 10), IsString: true}
	call, err := p.conn.DispatchCall(ctx, method, params, jsonrpc2.PickID(id))
	if err != nil {
		return err
	}
	err = call.Wait(ctx, result)
	if ctx.Err() != nil {
		p.conn.Notify(context.WithoutCancel(ctx), "$/cancelRequest", map[string]any{"id": id})
		return context.Cause(ctx)
	}
	if e, ok := errors.AsType[*jsonrpc2.Error](err); ok {
		return errorOf(e)
	}
	return err
}

func errorOf(e *jsonrpc2.Error) error {
	var data struct {
		Kind                  plugin.Kind
		Hint, Path, RecordUID string
	}
	if e.Data == nil || json.Unmarshal(*e.Data, &data) != nil {
		return e
	}
	return &plugin.Error{Kind: data.Kind, Msg: e.Message, Hint: data.Hint, Path: data.Path, UID: data.RecordUID}
}

// Handle takes what the adapter says by itself.
func (p *process) Handle(_ context.Context, _ *jsonrpc2.Conn, req *jsonrpc2.Request) {
	if req.Method == "$/progress" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.progress = append(p.progress, strings.ReplaceAll(string(*req.Params), " ", ""))
		return
	}
	var said struct{ Message string }
	if req.Method == "$/log" && req.Params != nil && json.Unmarshal(*req.Params, &said) == nil {
		p.log.Info(said.Message)
	}
}

// told gives what progress was said.
func (p *process) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress
}

// ZapLines logs what is printed.
type zapLines struct{ log *zap.Logger }

func (z *zapLines) Write(text []byte) (int, error) {
	z.log.Info(string(text))
	return len(text), nil
}
