package conform

import (
	"fmt"

	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// The codes that an adapter answers by the protocol.
const (
	codeParseError     = -32700
	codeInvalidRequest = -32600
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
	codeNotInitialized = -32002
	codeCanceled       = -32800
	codeConflict       = 1006
	codeNotFound       = 1009
	codeUnsupported    = 1010
)

// requestChecks hold an adapter to JSON-RPC.
func requestChecks() []check {
	return []check{
		{
			name: "what is no JSON is answered with -32700, and the connection lives on",
			why:  "a stray line of somebody's start script would end every run",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.send(`{"jsonrpc":"2.0","id":1,`)
				k.refuses("half an object", k.answer("null", "half an object"), codeParseError)
				k.ping()
			},
		},
		{
			name: "a batch is answered with -32600, and the connection lives on",
			why:  "JSON-RPC has batches and this protocol does not: who sends one must learn it",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.send("[" + request("1", "ping", "{}") + "]")
				k.refuses("a batch", k.answer("null", "a batch"), codeInvalidRequest)
				k.ping()
			},
		},
		{
			name: "an unknown method is answered with -32601",
			why:  "Roster learns from it what an adapter cannot do, and does without",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.refuses("conform/unknown", k.call("conform/unknown", struct{}{}), codeMethodNotFound)
			},
		},
		{
			name: "wrong params are answered with -32602",
			why:  "a mistake of the caller would look like one of the adapter",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				method, params := s.anyMethod()
				k.refuses(method+" with a number for a name", k.call(method, params), codeInvalidParams)
			},
		},
		{
			name: "a notification gets no answer, known or not",
			why:  "an answer to nothing is taken for one to something else",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.notify("conform/notice", "{}")
				k.notify("ping", "{}")
				k.ping()
				if messages, _ := k.ears.all(); k.unasked(messages) > 0 {
					t.Errorf("a notification is answered")
				}
			},
		},
		{
			name: "an id comes back as it was, string or number",
			why:  "7 and \"7\" are two requests",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				for _, id := range []string{`0`, `7`, `"7"`, `4294967296`, `"a b\"c"`} {
					k.send(request(id, "ping", "{}"))
				}
				for _, id := range []string{`0`, `7`, `"7"`, `4294967296`, `"a b\"c"`} {
					k.answer(id, fmt.Sprintf("ping with the id %s", id))
				}
			},
		},
	}
}

// anyMethod is a method that the adapter has, with params of the wrong type.
func (s *Subject) anyMethod() (method string, params any) {
	if len(s.types) == 0 && len(s.targets) > 0 {
		return "target/apply", map[string]any{"target": 7, "changes": 7}
	}
	return "source/open", map[string]any{"sourceType": 7}
}

// unasked counts answers to no request of ours.
func (*talk) unasked(messages []message) (n int) {
	for _, m := range messages {
		if m.Method == "" && string(m.ID) == "null" {
			n++
		}
	}
	return n
}
