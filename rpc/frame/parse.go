package frame

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// maxEcho is the longest id that a reply about a bad frame repeats.
const maxEcho = 256

// An envelope holds a message's members as they came; nil is a missing one.
type envelope struct {
	jsonrpc, id, method, params, result, err json.RawMessage
}

// inMessages is in every message, and hardly in what is printed by mistake.
const inMessages = `"jsonrpc"`

// parse reads the envelope of a message. Its params and result are pieces of
// data. The error is a *fault.
func parse(data []byte) (message, error) {
	if !json.Valid(data) {
		return message{}, malformed(data)
	}
	switch rawjson.Kind(data) {
	case '{':
	case '[':
		f := faultf(jsonrpc2.CodeInvalidRequest, "batches are not supported: send one message at a time")
		f.lost = bytes.Contains(data, []byte(inMessages))
		return message{}, f
	default:
		return message{}, faultf(jsonrpc2.CodeInvalidRequest, "a message must be a JSON object")
	}
	e, err := open(data)
	if err != nil {
		return message{}, err
	}
	if e.method == nil && (e.result != nil || e.err != nil) {
		return e.response(), nil
	}
	return e.request()
}

// malformed says what of data is no JSON, repeating no more than a character.
func malformed(data []byte) *fault {
	if len(data) == 0 {
		return faultf(jsonrpc2.CodeParseError, "an empty frame")
	}
	var none json.RawMessage
	f := faultf(jsonrpc2.CodeParseError, "not valid JSON: %v", json.Unmarshal(data, &none))
	f.lost = bytes.Contains(data, []byte(inMessages))
	if id, answer := lookInto(data[:min(len(data), headBytes)]); answer {
		f.id, f.answer = id, true
	}
	return f
}

// open finds the members of a message.
func open(data []byte) (envelope, error) {
	var e envelope
	members := map[string]*json.RawMessage{
		"jsonrpc": &e.jsonrpc, "id": &e.id, "method": &e.method,
		"params": &e.params, "result": &e.result, "error": &e.err,
	}
	for name, value := range rawjson.Members(data) {
		opaque := name == "params" || name == "result" || name == "error"
		if !utf8.ValidString(name) || !opaque && !utf8.Valid(value) {
			return e, faultf(jsonrpc2.CodeParseError, "not valid UTF-8")
		}
		if member := members[name]; member != nil {
			*member = value
		}
	}
	return e, nil
}

func (e *envelope) response() message {
	m := message{result: e.result}
	if isID(e.id) {
		m.id = e.id
	}
	if k := rawjson.Kind(e.err); k != 0 && k != 'n' {
		m.err = &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: "the peer answered with an error that is none"}
		if theirs := new(jsonrpc2.Error); json.Unmarshal(e.err, theirs) == nil {
			m.err = theirs
		}
	}
	return m
}

func (e *envelope) request() (message, error) {
	m := message{id: e.id, params: e.params}
	switch {
	case e.id != nil && !isID(e.id):
		return m, e.invalid("id must be a string or an integer of 0 to 2^63-1")
	case string(e.jsonrpc) != `"2.0"`:
		return m, e.invalid(`jsonrpc must be "2.0"`)
	case e.method == nil:
		f := e.invalid("method is missing")
		f.empty = true
		return m, f
	case json.Unmarshal(e.method, &m.method) != nil || m.method == "":
		return m, e.invalid("method must be a string that names one")
	}
	if k := rawjson.Kind(e.params); k != 0 && k != '{' && k != '[' {
		return m, e.invalid("params must be an object")
	}
	return m, nil
}

// invalid is the fault of a message whose envelope is wrong, with its id where
// that can be told.
func (e *envelope) invalid(why string) *fault {
	f := faultf(jsonrpc2.CodeInvalidRequest, "invalid request: %s", why)
	f.id = echo(e.id)
	return f
}

// echo gives an id as a reply repeats it: nil for what is no string or number.
func echo(id json.RawMessage) json.RawMessage {
	k := rawjson.Kind(id)
	if len(id) > maxEcho || k != '"' && k != '-' && (k < '0' || k > '9') {
		return nil
	}
	return id
}

// isID says whether an id is one that we take.
func isID(id json.RawMessage) bool {
	if rawjson.Kind(id) == '"' {
		return true
	}
	n, err := strconv.ParseInt(string(id), 10, 64)
	return err == nil && n >= 0 && id[0] != '-'
}
