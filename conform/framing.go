package conform

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/nocobase-roster/roster/plugin/plugintest"
)

const (
	// defaultFrameBytes is the limit of an adapter that announces none.
	defaultFrameBytes = 16 << 20
	// largestTried is the largest limit that is tried.
	largestTried = 64 << 20
	// drip is the time between bytes that come one by one.
	drip = time.Millisecond
)

// framingChecks hold an adapter to how messages travel.
func framingChecks() []check {
	return []check{
		{
			name: "a line is answered with a line",
			why:  "a host that writes lines reads lines",
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				k.initialize()
				k.inKind()
			},
		},
		{
			name: "Content-Length headers are answered with Content-Length headers",
			why:  "vscode-jsonrpc and language servers' libraries speak nothing else",
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				k.framed = true
				k.initialize()
				k.inKind()
			},
		},
		{
			name: "a message may come byte by byte",
			why:  "a pipe gives what there is, not what was written",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t) // it reads already: bytes do not pile up while it starts
				for _, b := range []byte(request(`"drip"`, "ping", "{}") + "\n") {
					k.write([]byte{b})
					<-time.After(drip)
				}
				if m := k.answer(`"drip"`, "ping"); m.Error != nil {
					t.Errorf("ping is answered %s", verdict(m))
				}
			},
		},
		{
			name: "Content-Length counts bytes, and text of any script comes back as it was",
			why:  "names are Chinese, Arabic and Greek, and a length in characters cuts them off",
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				k.framed = true
				k.initialize()
				const id = `"部门 Ωμέγα 🙂"`
				k.send(request(id, "ping", "{}"))
				k.answer(id, "ping with an id of "+id)
			},
		},
		{
			name:  "a message as large as it says it reads is read",
			why:   "a batch of changes is cut to what limits.maxFrameBytes says, 16 MiB where it says nothing",
			lacks: tooLargeToTry,
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.send(large(s.frameBytes()))
				k.refuses("an unknown method in a message of that size", k.answer(`"large"`, "a large message"), codeMethodNotFound)
			},
		},
		{
			name:  "a larger message is answered with -32600, and the connection lives on",
			why:   "one record with a picture in it would end the adapter, or fill its memory",
			lacks: tooLargeToTry,
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.send(large(s.frameBytes() + 1024))
				m, err := k.ears.await(t.Context(), func(m message) bool { return m.answers("null") || m.answers(`"large"`) })
				if err != nil {
					t.Fatalf("a message over the limit was not answered: %v", err)
				}
				k.refuses("a message over the limit", m, codeInvalidRequest)
				k.ping()
			},
		},
		{
			name: "blank lines mean nothing",
			why:  "hosts end messages with CRLF, or with one line feed more",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.write([]byte("\n"))
				k.ping()
				k.write([]byte("\n\r\n"))
				k.ping()
				if messages, _ := k.ears.all(); k.errors(messages) > 0 {
					t.Errorf("a blank line is answered with an error")
				}
			},
		},
	}
}

// inKind fails the check where an answer is framed otherwise than what was asked.
func (k *talk) inKind() {
	k.t.Helper()
	k.ping()
	messages, _ := k.ears.all()
	for _, m := range messages {
		if m.framed != k.framed {
			k.t.Errorf("an answer has Content-Length headers: %t; the request had: %t", m.framed, k.framed)
			return
		}
	}
}

// errors counts those among messages.
func (*talk) errors(messages []message) (n int) {
	for _, m := range messages {
		if m.Error != nil {
			n++
		}
	}
	return n
}

// frameBytes is the largest message that the adapter says it reads.
func (s *Subject) frameBytes() int { return cmp.Or(s.said.Limits.MaxFrameBytes, defaultFrameBytes) }

func tooLargeToTry(s *Subject) string {
	if s.frameBytes() > largestTried {
		return fmt.Sprintf("it reads messages of more than %d MiB", largestTried>>20)
	}
	return ""
}

// large is a request of a method that nobody has, in so many bytes.
func large(bytes int) string {
	empty := request(`"large"`, "conform/large", `{"padding":""}`)
	return strings.Replace(empty, `""`, `"`+strings.Repeat("x", bytes-len(empty))+`"`, 1)
}
