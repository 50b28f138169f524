package conform

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// protocolVersion is the version of the protocol that the kit speaks.
const protocolVersion = "1"

// A talk is a conversation with a process of the adapter. What is called on it by
// a check ends the check where no answer comes; Call, which is the
// [plugin.Caller] of what plugintest checks, returns an error.
type talk struct {
	*child
	t      plugintest.T
	framed bool // we write Content-Length headers, not lines
	calls  atomic.Int64
}

var _ plugin.Caller = (*talk)(nil)

// send sends one message as it is.
func (k *talk) send(text string) {
	if k.framed {
		text = fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text)
	} else {
		text += "\n"
	}
	k.write([]byte(text))
}

// request gives a request, its id and params as JSON.
func request(id, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params)
}

// notify sends a notification.
func (k *talk) notify(method, params string) {
	k.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s}`, method, params))
}

// ask sends a request and gives its id, as JSON.
func (k *talk) ask(method string, params any) string {
	text, err := json.Marshal(params)
	if err != nil {
		k.t.Fatalf("%s: %v", method, err)
	}
	id := strconv.Quote("conform-" + strconv.FormatInt(k.calls.Add(1), 10))
	k.send(request(id, method, string(text)))
	return id
}

// answer waits for the answer to a request.
func (k *talk) answer(id, method string) message {
	k.t.Helper()
	m, err := k.ears.await(k.t.Context(), func(m message) bool { return m.answers(id) })
	if err != nil {
		k.t.Fatalf("%s was not answered: %v", method, err)
	}
	return m
}

// call sends a request and waits for its answer.
func (k *talk) call(method string, params any) message {
	k.t.Helper()
	return k.answer(k.ask(method, params), method)
}

// must is call where the answer is to be a result, which is read into result
// unless that is nil.
func (k *talk) must(method string, params, result any) {
	k.t.Helper()
	if err := k.Call(k.t.Context(), method, params, result); err != nil {
		k.t.Fatalf("%v", err)
	}
}

// ping fails the check where the connection does not live.
func (k *talk) ping() {
	k.t.Helper()
	k.must("ping", struct{}{}, nil)
}

// refuses fails the check where the answer is not an error of the code.
func (k *talk) refuses(what string, m message, code int64) {
	k.t.Helper()
	if got := m.code(); got != code {
		k.t.Errorf("%s is answered %s, want an error with the code %d", what, verdict(m), code)
	}
}

// verdict is what an answer comes to.
func verdict(m message) string {
	if m.Error == nil {
		return "with a result"
	}
	return fmt.Sprintf("with the error %d", m.Error.Code)
}

// initialize opens the connection and gives what the adapter says of itself.
func (k *talk) initialize() introduction {
	k.t.Helper()
	var who introduction
	k.must("initialize", greeting(protocolVersion), &who)
	k.notify("initialized", "{}")
	return who
}

// An introduction is what the adapter answers to initialize.
type introduction struct {
	ProtocolVersion string `json:"protocolVersion"`
	Server          struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"server"`
	Limits struct {
		MaxFrameBytes int `json:"maxFrameBytes"`
	} `json:"limits"`
}

// greeting is the params of initialize.
func greeting(version string) map[string]any {
	return map[string]any{
		"protocolVersion": version,
		"client":          map[string]string{"name": "roster", "version": "conform"},
		"capabilities":    map[string]any{},
		"limits":          map[string]int{"maxFrameBytes": defaultFrameBytes},
	}
}

// Call is that of a [plugin.Caller].
func (k *talk) Call(ctx context.Context, method string, params, result any) error {
	id := k.ask(method, params)
	m, err := k.ears.await(ctx, func(m message) bool { return m.answers(id) })
	switch {
	case err != nil && ctx.Err() != nil:
		k.notify("$/cancelRequest", `{"id":`+id+`}`)
		return fmt.Errorf("%s was not answered: %w", method, err)
	case err != nil:
		return &plugin.Error{Kind: plugin.Transient, Msg: method + " was not answered", Err: err}
	case m.Error != nil:
		return m.Error.err(method)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(m.Result, result); err != nil {
		return &plugin.Error{Kind: plugin.Internal, Msg: "the answer to " + method + " is not what it must be", Err: err, Hint: "docs/protocol.md has its shape"}
	}
	return nil
}

// err is the error as Roster takes it.
func (e *wireError) err(method string) error {
	kind := plugin.Kind(e.Data.Kind)
	if !kind.Valid() {
		kind = plugin.Internal
	}
	return &plugin.Error{Kind: kind, Msg: fmt.Sprintf("%s is answered with the error %d: %.300s", method, e.Code, e.Message), Path: e.Data.Path, Hint: e.Data.Hint}
}

// soon is how long something may take that is to happen soon.
const soon = 2 * time.Second
