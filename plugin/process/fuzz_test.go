package process

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// FuzzHostileAdapter has an adapter send anything: random frames, halves of
// frames, huge lengths, answers to what was asked and to what was not, with the
// right ids and with others. Each piece, up to a zero byte, is sent when Roster
// has sent something. Whatever comes, a call ends with what it must bring or with
// an error that can be acted on, nothing is left when the process is closed, and
// memory stays within bounds. Time does not pass.
func FuzzHostileAdapter(f *testing.F) {
	types := `{"types":[{"name":"good","title":"Speaker","dataTypes":["user"],"optionsSchema":{"type":"object","properties":{"secret":{"type":"string","writeOnly":true}}},"capabilities":{"pull":true,"push":false,"webhook":false,"lookup":false,"check":false}}]}`
	answer := func(id, result string) string {
		return `{"jsonrpc":"2.0","id":"roster-` + id + `","result":` + result + "}\n"
	}
	greeted := answer("1", `{"protocolVersion":"1","limits":{"maxFrameBytes":5000}}`) + "\x00\x00" + answer("2", types) + "\x00" + answer("3", `{"targets":[]}`) + "\x00" + answer("4", `{"session":"s"}`) + "\x00"
	for _, seed := range []string{
		"", "\n\n\x00", "hello\n", "{", "[]\n", "Content-Length: 4294967295\r\n\r\n{", "Content-Length: 16777216\r\n\r\n{", "Content-Length: -1\r\n\r\n", "Content-Length: 72777216\r\n\r\n",
		greeted, greeted + answer("5", `{"pages":[{"dataType":"user","records":[{"uid":"1"}]}],"done":false}`) + "\x00" + answer("6", "null") + "\x00" + answer("7", `{"done":true}`),
		greeted + answer("5", `{"pages":7}`), greeted + answer("5", `{"done":true}`) + answer("5", `{"done":true}`), greeted + answer("-1", "1") + answer("99", "{}"),
		greeted + `{"jsonrpc":"2.0","id":"roster-5","error":{"code":-32800,"message":"no","data":{"kind":"auth","retryAfterMs":-5}}}` + "\n",
		greeted + `{"jsonrpc":"2.0","id":1,"method":"sync/push"}` + "\n" + `{"jsonrpc":"2.0","method":"$/log","params":{"level":"fatal","message":7}}` + "\n" + `{"jsonrpc":"2.0","method":"$/log","params":{"level":"fatal","message":"x"}}` + "\n",
		greeted + "Content-Length: 50\r\n\r\n" + answer("5", "{}"),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		synctest.Test(t, func(t *testing.T) { callHostile(t, script) }) // fails when a goroutine is left
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 128<<20+1000*uint64(len(script)) {
			t.Errorf("%d bytes were taken for a script of %d", grown, len(script))
		}
	})
}

func callHostile(t *testing.T, script []byte) {
	p := newProcess(Found{Manifest: manifest("good")}, Options{Log: zap.NewNop()})
	defer p.Close()
	p.launch = piped(func(in io.Reader, out, stderr io.Writer) int { return hostile(script, in, out) })
	source, err := dial(t, p)
	if err == nil {
		_, err = count(t, source)
		source.(io.Closer).Close()
	}
	if err != nil && !plugin.KindOf(err).Valid() {
		t.Errorf("a call ended with %v, which has no kind", err)
	}
}

// hostile sends a piece of the script for each thing that it is sent, and ends.
func hostile(script []byte, in io.Reader, out io.Writer) int {
	sent := make(chan struct{}, 1000)
	go func() {
		defer close(sent)
		for p := make([]byte, 64<<10); ; {
			if _, err := in.Read(p); err != nil {
				return
			}
			select {
			case sent <- struct{}{}:
			default:
			}
		}
	}()
	for piece := range bytes.SplitSeq(script, []byte{0}) {
		if _, ok := <-sent; !ok {
			return 1
		}
		if _, err := out.Write(piece); err != nil {
			return 1
		}
	}
	return 1
}
