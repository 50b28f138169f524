package frame

import (
	"encoding/json"

	"github.com/sourcegraph/jsonrpc2"
)

// A message is a request, a notification (no id) or a response (no method),
// with the large parts as they came or as they go.
type message struct {
	id     json.RawMessage
	method string
	params json.RawMessage
	result json.RawMessage
	err    *jsonrpc2.Error
}

// standIn gives the JSON that the library is shown: the message without params
// and result.
func (m *message) standIn() []byte {
	var b []byte
	switch b = m.open(); {
	case m.method != "":
	case m.err != nil:
		b = append(b, `,"error":`...)
		b = append(b, encode(m.err)...)
	default:
		b = append(b, `,"result":null`...)
	}
	return append(b, '}')
}

// open gives the beginning of the message's JSON, up to its method.
func (m *message) open() []byte {
	b := append(make([]byte, 0, 128), `{"jsonrpc":"2.0"`...)
	if m.id != nil {
		b = append(b, `,"id":`...)
		b = append(b, m.id...)
	}
	if m.method != "" {
		b = append(b, `,"method":`...)
		b = append(b, encode(m.method)...)
	}
	return b
}

// payload gives the message's last member, its name with a colon and its
// value; the value is nil when there is none.
func (m *message) payload() (name string, value json.RawMessage) {
	switch {
	case m.method != "":
		return `,"params":`, m.params
	case m.err != nil:
		return `,"error":`, encode(m.err)
	}
	return `,"result":`, m.result
}

// strayResponse says whether m is a response to nothing we could have asked.
func (m *message) strayResponse() bool { return m.method == "" && m.id == nil }

// messageOf gives what the library is about to send.
func messageOf(req *jsonrpc2.Request, resp *jsonrpc2.Response) message {
	if resp != nil {
		m := message{id: encode(resp.ID), err: resp.Error}
		if resp.Result != nil {
			m.result = *resp.Result
		}
		return m
	}
	m := message{method: req.Method}
	if !req.Notif {
		m.id = encode(req.ID)
	}
	if req.Params != nil {
		m.params = *req.Params
	}
	return m
}

// encode gives the JSON of a string, an id or an error, which always have one.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
