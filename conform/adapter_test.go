package conform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// frameBytes is the largest message that the adapter reads.
const frameBytes = 1 << 20

// An adapter is one that keeps all promises but, where a fault is named, one.
type adapter struct {
	fault   string
	hostMax int
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	stage    string     // "", "refused", "ready", "shut"
	asked    map[jsonrpc2.ID]string
	inHand   map[jsonrpc2.ID]context.CancelFunc
	news     chan struct{} // closed when more is read
	ended    bool
	applying bool
	last     int
	sessions map[string]*session
	rows     map[string]plugin.Record
	done     map[string][]string // the rows of changes, by key
}

// serve is the process.
func serve(fault string) {
	if fault == "dies at once" {
		fmt.Fprintln(os.Stderr, "no module named people")
		os.Exit(4)
	}
	a := &adapter{
		fault: fault, news: make(chan struct{}), asked: map[jsonrpc2.ID]string{}, inHand: map[jsonrpc2.ID]context.CancelFunc{},
		sessions: map[string]*session{}, rows: map[string]plugin.Record{}, done: map[string][]string{},
	}
	in, out := spoil(fault, os.Stdin, os.Stdout)
	reads := frameBytes
	switch fault {
	case "reads less than it says":
		reads = 64 << 10
	case "reads whatever comes":
		reads = 64 << 20
	}
	conn := frame.New(in, out, frame.Options{MaxBytes: reads, AtEnd: a.drain}).Connect(context.Background(), a)
	<-conn.DisconnectNotify()
	if fault == "a bad end of its input" {
		os.Exit(1)
	}
}

func (a *adapter) has(fault string) bool { return a.fault == fault }

// drain waits for what is in hand.
func (a *adapter) drain() {
	a.mu.Lock()
	a.ended = true
	close(a.news)
	a.news = make(chan struct{})
	for _, cancel := range a.inHand {
		defer cancel()
	}
	a.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.running.Wait()
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// Handle takes a message.
func (a *adapter) Handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	a.mu.Lock()
	close(a.news)
	a.news = make(chan struct{})
	a.mu.Unlock()
	if req.Notif {
		a.notice(conn, req)
		return
	}
	if err := a.admit(req); err != nil {
		conn.ReplyWithError(ctx, req.ID, wire(a.fault, err))
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	a.mu.Lock()
	a.asked[req.ID], a.inHand[req.ID] = req.Method, cancel
	news := a.news
	a.mu.Unlock()
	answer := func() {
		result, err := a.call(ctx, conn, req)
		a.mu.Lock()
		delete(a.inHand, req.ID)
		a.mu.Unlock()
		if a.has("forgets what is in hand") && req.Method == "ping" && a.endsNext(news) {
			return
		}
		if err != nil {
			conn.ReplyWithError(ctx, req.ID, wire(a.fault, err))
			return
		}
		conn.Reply(context.Background(), req.ID, result)
	}
	if req.Method == "initialize" || req.Method == "shutdown" {
		answer()
		return
	}
	a.running.Go(answer)
}

// endsNext says whether nothing more comes.
func (a *adapter) endsNext(news chan struct{}) bool {
	select {
	case <-news:
	case <-time.After(300 * time.Millisecond):
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ended
}

func (a *adapter) notice(conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	switch {
	case req.Method == "$/cancelRequest":
		var p struct{ ID jsonrpc2.ID }
		json.Unmarshal(*req.Params, &p)
		a.takeBack(conn, p.ID)
	case req.Method == "exit":
		if a.has("a bad end after exit") {
			os.Exit(3)
		}
		os.Exit(0)
	case a.has("answers notifications") && req.Method == "conform/notice":
		fmt.Println(`{"jsonrpc":"2.0","id":null,"result":null}`)
	}
}

func (a *adapter) takeBack(conn *jsonrpc2.Conn, id jsonrpc2.ID) {
	a.mu.Lock()
	cancel, method := a.inHand[id], a.asked[id]
	a.mu.Unlock()
	switch {
	case cancel != nil && !a.has("does not hear a cancellation"):
		cancel()
	case method == "" && a.has("answers what was never asked"), method == "source/read" && cancel == nil && a.has("answers twice"):
		conn.ReplyWithError(context.Background(), id, wire("", context.Canceled))
	}
}

var errInvalid = &plugin.Error{Kind: plugin.Data, Msg: "not now"}

// admit says whether a request may come now.
func (a *adapter) admit(req *jsonrpc2.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.stage == "shut" && !a.has("works after shutdown"):
		return &coded{-32600, errInvalid}
	case req.Method == "initialize" && a.stage == "ready" && !a.has("initializes twice"):
		return &coded{-32600, errInvalid}
	case req.Method == "initialize" && a.stage == "refused" && a.has("gives one chance"):
		return &coded{-32600, errInvalid}
	case req.Method != "initialize" && a.stage != "ready" && a.stage != "shut" && !a.has("works before initialize"):
		return &coded{-32002, &plugin.Error{Kind: plugin.Config, Msg: "initialize comes first"}}
	}
	return nil
}

func (a *adapter) call(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) (any, error) {
	switch req.Method {
	case "initialize":
		return with(req, a.initialize)
	case "ping":
		if a.has("hangs") {
			<-ctx.Done()
		}
		return struct{}{}, nil
	case "shutdown":
		a.mu.Lock()
		defer a.mu.Unlock()
		a.stage = "shut"
		return nil, nil
	case "registry/listSourceTypes":
		return map[string]any{"types": []plugin.SourceType{declare(a.fault)}}, nil
	case "registry/listTargets":
		return map[string]any{"targets": targets(a.fault)}, nil
	case "source/open":
		return with(req, a.open)
	case "source/read":
		return with(req, func(p plugin.ReadParams) (any, error) { return a.read(ctx, conn, p) })
	case "source/ack":
		return with(req, a.ack)
	case "source/check":
		return with(req, a.check)
	case "source/lookup":
		return with(req, a.lookup)
	case "source/webhook":
		return with(req, a.webhook)
	case "source/close":
		return with(req, a.close)
	case "target/apply":
		return with(req, a.apply)
	case "target/find":
		return with(req, a.find)
	}
	if a.has("does whatever is asked") && req.Method == "conform/unknown" {
		return nil, nil
	}
	return nil, &coded{-32601, &plugin.Error{Kind: plugin.Unsupported, Msg: "no such method"}}
}

// with decodes params.
func with[P any](req *jsonrpc2.Request, f func(P) (any, error)) (any, error) {
	var p P
	if req.Params != nil && json.Unmarshal(*req.Params, &p) != nil {
		return nil, &coded{-32602, &plugin.Error{Kind: plugin.Data, Path: "/" + req.Method, Msg: "wrong params"}}
	}
	return f(p)
}

type greeting struct {
	ProtocolVersion string
	Limits          struct{ MaxFrameBytes int }
}

func (a *adapter) initialize(p greeting) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.ProtocolVersion != "1" && !a.has("speaks any version") {
		a.stage = "refused"
		return nil, &plugin.Error{Kind: plugin.Unsupported, Path: "/protocolVersion", Msg: "this version is not spoken", Hint: "the one that is spoken is 1"}
	}
	a.stage, a.hostMax = "ready", p.Limits.MaxFrameBytes
	if a.hostMax == 0 {
		a.hostMax = frameBytes
	}
	name := "fixture"
	if a.has("nobody") {
		name = ""
	}
	return map[string]any{
		"protocolVersion": "1", "server": map[string]string{"name": name, "version": "1.0"},
		"capabilities": map[string]any{}, "limits": map[string]int{"maxFrameBytes": frameBytes},
	}, nil
}

// A coded error has a code of JSON-RPC itself.
type coded struct {
	code int64
	error
}

// wire makes an error one that is answered.
func wire(fault string, err error) *jsonrpc2.Error {
	code := map[plugin.Kind]int64{plugin.Auth: 1002, plugin.Transient: 1004, plugin.Data: 1005, plugin.Conflict: 1006, plugin.NotFound: 1009, plugin.Unsupported: 1010}
	var c *coded
	var e *plugin.Error
	out := &jsonrpc2.Error{Code: -32603, Message: "internal error"}
	if errors.As(err, &c) {
		err = c.error
	}
	switch {
	case errors.Is(err, context.Canceled):
		out.Code, out.Message = -32800, "canceled"
		out.SetError(map[string]any{"kind": plugin.Canceled})
	case errors.As(err, &e):
		out.Code, out.Message = code[e.Kind], e.Msg
		data := map[string]any{"kind": e.Kind, "path": e.Path, "hint": e.Hint}
		if fault == "errors without a kind" {
			delete(data, "kind")
		}
		out.SetError(data)
	}
	if c != nil {
		out.Code = c.code
	}
	if out.Code == -32602 && fault == "calls wrong params its own mistake" {
		out.Code = -32603
	}
	return out
}

// declare is the source type.
func declare(fault string) plugin.SourceType {
	t := plugin.SourceType{
		Name: "people", Title: "People", Origin: "fixture", DataTypes: []plugin.Type{plugin.User},
		OptionsSchema: json.RawMessage(`{"type":"object","properties":{
			"key":{"type":"string","writeOnly":true,"title":"Key","description":"Opens the door."},
			"mode":{"type":"string","title":"Mode","description":"What goes wrong."}}}`),
		Capabilities: plugin.Capabilities{Pull: true, Lookup: true, Check: true, Webhook: true},
	}
	switch fault {
	case "a name with a blank":
		t.Name = "my people"
	case "an option without a title":
		t.OptionsSchema = json.RawMessage(`{"type":"object","properties":{"key":{"type":"string","writeOnly":true,"description":"Opens."}}}`)
	case "a schema that is none":
		t.OptionsSchema = json.RawMessage(`{"type":"objekt","properties":{"key":{"type":"string","writeOnly":true,"title":"Key","description":"Opens."}}}`)
	case "a secret in clear":
		t.OptionsSchema = json.RawMessage(`{"type":"object","properties":{"key":{"type":"string","writeOnly":true,"title":"Key","description":"Opens."},
			"password":{"type":"string","title":"Password","description":"Opens too."}}}`)
	}
	return t
}

// targets are those declared.
func targets(fault string) []plugin.TargetInfo {
	shelf := plugin.TargetInfo{Name: "shelf", Accepts: []plugin.Type{plugin.User}}
	switch fault {
	case "null for a list":
		return nil
	case "a target that accepts nothing":
		return []plugin.TargetInfo{shelf, {Name: "void"}}
	}
	return slices.Clip([]plugin.TargetInfo{shelf})
}
