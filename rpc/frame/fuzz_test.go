package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// FuzzStream feeds hostile bytes: the stream must not panic, must come to the
// end, must give the library only messages that it can read, and must answer
// with whole, valid error replies, no more of them than there were frames.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		ping, ping + "\n" + ping, headed(ping) + headed(ping), "hello\n" + ping, headed("[]"),
		"Content-Length: 99\r\n\r\n{", "Content-Length: x\n\n{}" + headed(ping), "Content-Type: y\r\n\r\n", "a:\n:\n",
		`{"jsonrpc":"2.0","id":"é","method":"m","params":{"a":"` + "\xff" + `"}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}`,
		strings.Repeat("x", 5000), headed(strings.Repeat("[", 300)), "content-length:content-length:", "\x00\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, replies := exchange(t, bytes.NewReader(in), 256)
		for line := range strings.Lines(got) {
			if !strings.HasPrefix(line, `{"jsonrpc":"2.0"`) {
				t.Errorf("%q gave the library %q", in, line)
			}
		}
		answered := 0
		for r := newReader(strings.NewReader(replies), 0, func(mode) {}); ; answered++ {
			r.mode = undecided // it may have changed on the way
			reply, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			var m struct{ Error struct{ Code int } }
			if err := errors.Join(err, json.Unmarshal(reply, &m)); err != nil || m.Error.Code == 0 {
				t.Fatalf("%q was answered with %q: %v", in, replies, err)
			}
		}
		if answered > len(in) {
			t.Errorf("%q was answered with %d replies", in, answered)
		}
	})
}
