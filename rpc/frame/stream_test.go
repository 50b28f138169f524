package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// exchange reads all of in and gives what reached the library, one message a
// line with its params, and what was answered on the way.
func exchange(t testing.TB, in io.Reader, max int) (got, replies string) {
	t.Helper()
	var out, delivered bytes.Buffer
	s := New(in, &out, Options{MaxBytes: max})
	for {
		var standIn json.RawMessage
		err := s.ReadObject(&standIn)
		if errors.Is(err, io.EOF) {
			return delivered.String(), out.String()
		}
		if err != nil {
			t.Fatalf("ReadObject() = %v, want io.EOF in the end", err)
		}
		fmt.Fprintf(&delivered, "%s%s%s\n", standIn, s.last.params, s.last.result)
	}
}

// reply is the error reply to a bad frame.
func reply(id string, code int, text string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q,"data":{"kind":"data","retryable":false}}}`+"\n", id, code, text)
}

// headedReply is reply with headers, to a frame without an id.
func headedReply(code int, text string) string {
	return headed(strings.TrimSuffix(reply("null", code, text), "\n"))
}

func headed(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }

const (
	ping   = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	cutOff = "the input ended inside a frame"
	noHead = "out of step with the Content-Length headers: "
)

func TestLines(t *testing.T) {
	for _, c := range []struct{ name, in, want, replies string }{
		{"nothing", "", "", ""},
		{"blank lines", "\n\r\n \t\n", "", ""},
		{"LF, CRLF and no end", ping + "\n\n" + ping + "\r\n" + ping, strings.Repeat(ping+"\n", 3), ""},
		{"garbage before the first frame", "hello\n" + ping + "\n", ping + "\n", reply("null", -32700, "neither a Content-Length header nor a JSON object")},
		{"garbage after it", ping + "\nhello\n" + ping, ping + "\n" + ping + "\n", reply("null", -32700, "not valid JSON: invalid character 'h' looking for beginning of value")},
		{"two on a line", ping + ping + "\n" + ping, ping + "\n", reply("null", -32700, "not valid JSON: invalid character '{' after top-level value")},
		{"params untouched", `{"jsonrpc":"2.0","id":"a","method":"m","params":{"a": 1e400,"b":"` + "\xff" + `\u0000"}}`, `{"jsonrpc":"2.0","id":"a","method":"m"}{"a": 1e400,"b":"` + "\xff" + `\u0000"}` + "\n", ""},
		{"result untouched", `{"jsonrpc":"2.0","id":7,"result":{"a": 1.50}}`, `{"jsonrpc":"2.0","id":7,"result":null}{"a": 1.50}` + "\n", ""},
		{"an answer to nothing", `{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}`, "", ""},
		{"an error that is none", `{"jsonrpc":"2.0","id":7,"error":"x"}`, `{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"the peer answered with an error that is none"}}` + "\n", ""},
		{"a notification", `{"jsonrpc":"2.0","method":"n","more":[1]}`, `{"jsonrpc":"2.0","method":"n"}` + "\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, c.in, c.want, c.replies) })
	}
}

func TestEnvelope(t *testing.T) {
	const badID = "invalid request: id must be a string or an integer of 0 to 2^63-1"
	for in, want := range map[string]string{
		`{"jsonrpc"`:                            reply("null", -32700, "not valid JSON: unexpected end of JSON input"),
		`[]`:                                    reply("null", -32600, "batches are not supported: send one message at a time"),
		`[` + ping + `]`:                        reply("null", -32600, "batches are not supported: send one message at a time"),
		`3`:                                     reply("null", -32600, "a message must be a JSON object"),
		`{}`:                                    reply("null", -32600, `invalid request: jsonrpc must be "2.0"`),
		`{"jsonrpc":"1.0","id":1,"method":"m"}`: reply("1", -32600, `invalid request: jsonrpc must be "2.0"`),
		`{"id":"x","method":"m"}`:               reply(`"x"`, -32600, `invalid request: jsonrpc must be "2.0"`),
		`{"jsonrpc":"2.0","id":1}`:              reply("1", -32600, "invalid request: method is missing"),
		`{"jsonrpc":"2.0","id":1,"Method":"m"}`: reply("1", -32600, "invalid request: method is missing"),
		`{"jsonrpc":"2.0","id":1,"method":7}`:   reply("1", -32600, "invalid request: method must be a string that names one"),
		`{"jsonrpc":"2.0","id":1,"method":""}`:  reply("1", -32600, "invalid request: method must be a string that names one"),
		`{"jsonrpc":"2.0","id":null,"method":"m"}`:            reply("null", -32600, badID),
		`{"jsonrpc":"2.0","id":1.5,"method":"m"}`:             reply("1.5", -32600, badID),
		`{"jsonrpc":"2.0","id":-1,"method":"m"}`:              reply("-1", -32600, badID),
		`{"jsonrpc":"2.0","id":-0,"method":"m"}`:              reply("-0", -32600, badID),
		`{"jsonrpc":"2.0","id":{},"method":"m"}`:              reply("null", -32600, badID),
		`{"jsonrpc":"2.0","id":true,"method":"m"}`:            reply("null", -32600, badID),
		`{"jsonrpc":"2.0","id":1e3,"method":"m"}`:             reply("1e3", -32600, badID),
		`{"jsonrpc":"2.0","id":9223372036854775808}`:          reply("9223372036854775808", -32600, badID),
		`{"jsonrpc":"2.0","id":1,"method":"m","params":null}`: reply("1", -32600, "invalid request: params must be an object"),
		`{"jsonrpc":"2.0","id":1,"method":"m","params":"x"}`:  reply("1", -32600, "invalid request: params must be an object"),
		`{"jsonrpc":"2.0","id":1,"method":"` + "\xff" + `"}`:  reply("null", -32700, "not valid UTF-8"),
		`{"jsonrpc":"2.0","method":"m","params":1}`:           reply("null", -32600, "invalid request: params must be an object"),
	} {
		t.Run(in, func(t *testing.T) {
			check(t, in+"\n"+ping, ping+"\n", want)
			check(t, headed(ping)+headed(in)+headed(ping), ping+"\n"+ping+"\n", headed(strings.TrimSuffix(want, "\n")))
		})
	}
}

func TestHeaders(t *testing.T) {
	const two = ping + "\n" + ping + "\n"
	for _, c := range []struct{ name, in, want, replies string }{
		{"CRLF", headed(ping) + headed(ping), two, ""},
		{"LF and other headers", "content-type: x; charset=utf-8\nCONTENT-LENGTH:40 \n\n" + ping, ping + "\n", ""},
		{"blank lines between", headed(ping) + "\r\n\n" + headed(ping), two, ""},
		{"no length", "Content-Type: x\r\n\r\n" + ping + headed(ping) + headed(ping), two, headedReply(-32700, noHead+"there is no Content-Length")},
		{"two lengths", "Content-Length: 40\r\nContent-Length: 40\r\n\r\n" + ping + headed(ping), ping + "\n", headedReply(-32700, noHead+"there is more than one Content-Length")},
		{"a length that is none", "Content-Length: x\r\n\r\n" + ping + headed(ping), ping + "\n", headedReply(-32700, noHead+"Content-Length is no number of bytes of a frame")},
		{"a negative length", "Content-Length: -40\r\n\r\n" + ping + headed(ping), ping + "\n", headedReply(-32700, noHead+"Content-Length is no number of bytes of a frame")},
		{"an absurd length", "Content-Length: 99999999999\r\n\r\n" + ping + headed(ping), ping + "\n", headedReply(-32700, noHead+"Content-Length is no number of bytes of a frame")},
		{"a long line", "X: " + strings.Repeat("x", 9000) + "\n" + headed(ping), ping + "\n", reply("null", -32700, noHead+"a header line is too long")},
		{"length zero", "Content-Length: 0\r\n\r\n" + headed(ping), ping + "\n", headedReply(-32700, "an empty frame")},
		{
			"a length too small", headed(ping) + "Content-Length: 39\r\n\r\n" + ping + headed(ping), two,
			headedReply(-32700, "not valid JSON: unexpected end of JSON input") +
				headedReply(-32700, noHead+"a line that is none of them"),
		},
		{
			"a line among headers", headed(ping) + ping + "\n" + headed(ping), two,
			headedReply(-32700, noHead+"a line that is none of them"),
		},
		{"cut in a header", "Content-Le", "", reply("null", -32700, cutOff)},
		{"cut after a header", "Content-Length: 5\r\n", "", headedReply(-32700, cutOff)},
		{"cut in a body", "Content-Length: 5\r\n\r\n{", "", headedReply(-32700, cutOff)},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, c.in, c.want, c.replies) })
	}
}

func TestOversized(t *testing.T) {
	const hint = `"kind":"data","retryable":false,"hint":"send less at a time; the limit is in the answer to initialize, limits.maxFrameBytes"`
	big := `{"jsonrpc":"2.0","id":"a","method":"m","params":{"x":"` + strings.Repeat("x", 200<<10) + `"}}`
	for _, c := range []struct {
		name, in, want string
		headers        bool
	}{
		{"line", big + "\n" + ping, `"id":"a","error":{"code":-32600,"message":"a frame of 204857 bytes exceeds the limit of 100"`, false},
		{"just over", ping + strings.Repeat(" ", 61) + "\r\n" + ping, `"id":1,"error":{"code":-32600,"message":"a frame of 101 bytes exceeds the limit of 100"`, false},
		{"headers", headed(big) + headed(ping), `"id":"a","error":{"code":-32600,"message":"a frame of 204857 bytes exceeds the limit of 100"`, true},
		{"id after params", headed(`{"params":{"id":1},"id":2}`+strings.Repeat(" ", 100)) + headed(ping), `"id":null,"error":{"code":-32600,"message":"a frame of 126 bytes exceeds the limit of 100"`, true},
		{"no JSON", strings.Repeat("}", 101) + "\n" + ping, `"id":null,"error":{"code":-32600,"message":"a frame of 101 bytes exceeds the limit of 100"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := `{"jsonrpc":"2.0",` + c.want + `,"data":{` + hint + `}}}`
			if want += "\n"; c.headers {
				want = headed(strings.TrimSpace(want))
			}
			got, replies := exchange(t, strings.NewReader(c.in), 100)
			if got != ping+"\n" || replies != want {
				t.Errorf("got %q, replied %q; want %q, reply %q", got, replies, ping+"\n", want)
			}
		})
	}
	if got, replies := exchange(t, strings.NewReader(ping+"\r\n"), len(ping)); got != ping+"\n" || replies != "" {
		t.Errorf("a line of the limit: got %q, replied %q", got, replies)
	}
}

func check(t *testing.T, in, want, replies string) {
	t.Helper()
	got, answered := exchange(t, strings.NewReader(in), 0)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q: messages mismatch (-want +got):\n%s", in, diff)
	}
	if diff := cmp.Diff(replies, answered); diff != "" {
		t.Errorf("%q: replies mismatch (-want +got):\n%s", in, diff)
	}
}

// A pieces is a reader that gives its bytes in pieces of any size.
type pieces struct {
	in  *bytes.Reader
	rng *rand.Rand
}

func (p pieces) Read(b []byte) (int, error) {
	return p.in.Read(b[:1+p.rng.IntN(min(len(b), 1<<p.rng.IntN(14)))])
}

func TestAnySplitReadsTheSame(t *testing.T) {
	junk := []string{"\n", "hello\r\n", "Content-Length: 3\n\n", headed("[]"), headed(ping), ping + "\n", "x: y\r\n\r\n", "{", strings.Repeat("z", 70<<10), strings.Repeat("content-length", 20), `{"jsonrpc":"2.0","id":1.5}` + "\n"}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var in strings.Builder
		for range 1 + rng.IntN(12) {
			in.WriteString(junk[rng.IntN(len(junk))])
		}
		want, replies := exchange(t, strings.NewReader(in.String()), 60<<10)
		for _, r := range []io.Reader{pieces{bytes.NewReader([]byte(in.String())), rng}, iotest.OneByteReader(strings.NewReader(in.String())), iotest.DataErrReader(strings.NewReader(in.String()))} {
			got, answered := exchange(t, r, 60<<10)
			if got != want || answered != replies {
				t.Fatalf("seed %d: %T: got %q, replied %q; whole: %q, %q", seed, r, got, answered, want, replies)
			}
		}
	}
}
