package rpc

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nocobase-roster/roster/engine"
)

const opened = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"1"}}` + "\n"

type runParams struct {
	Steps         int   `json:"steps"`
	EveryMs       int   `json:"everyMs"`
	ProgressToken token `json:"progressToken,omitempty"`
}

// runner is a method that reports steps, one every so often, and one more when
// it is answered already.
func runner(late chan<- struct{}) methodInfo {
	return method("test/run", "Reports.", func(_ *session, ctx context.Context, p runParams) (string, error) {
		progress := newProgress(flightOf(ctx), p.ProgressToken)
		for i := range p.Steps {
			progress.report(engine.Progress{State: engine.Applying, Done: i + 1, Total: p.Steps})
			time.Sleep(time.Duration(p.EveryMs) * time.Millisecond) // the bubble's time
		}
		progress.last()
		if late != nil {
			go func() {
				time.Sleep(time.Hour)
				progress.report(engine.Progress{Done: -1})
				close(late)
			}()
		}
		return "done", nil
	})
}

func TestProgressIsThrottledAndTheLastIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		late := make(chan struct{})
		s.extra = append(s.extra, runner(late))
		c := converse(t.Context(), s)
		c.say(opened)
		said := c.say(`{"jsonrpc":"2.0","id":1,"method":"test/run","params":{"steps":100,"everyMs":10,"progressToken":"p"}}` + "\n")
		<-late // nothing is sent after the answer
		var done []string
		lines := strings.Split(strings.TrimSpace(said+c.out.take()), "\n")
		for _, l := range lines[:len(lines)-1] {
			var n int
			_, l, _ = strings.Cut(l, `"done":`)
			fmt.Sscan(l, &n)
			done = append(done, fmt.Sprint(n))
		}
		if got, want := strings.Join(done, " "), "1 11 21 31 41 51 61 71 81 91 100"; got != want {
			t.Errorf("progress of a second came at steps %s, want %s", got, want)
		}
		if last := lines[len(lines)-1]; last != `{"jsonrpc":"2.0","id":1,"result":"done"}` {
			t.Errorf("the last message is %s, want the answer", last)
		}
		c.hangUp()
	})
}

func TestProgressNeedsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.extra = append(s.extra, runner(nil))
		c := converse(t.Context(), s)
		c.say(opened)
		if got, want := c.say(`{"jsonrpc":"2.0","id":1,"method":"test/run","params":{"steps":1,"everyMs":0}}`+"\n"), `{"jsonrpc":"2.0","id":1,"result":"done"}`+"\n"; got != want {
			t.Errorf("without a token: %s, want %s", got, want)
		}
		if got, want := c.say(`{"jsonrpc":"2.0","id":2,"method":"test/run","params":{"steps":1,"everyMs":0,"progressToken":7}}`+"\n"), `"token":7,`; !strings.Contains(got, want) {
			t.Errorf("with a number as token: %s, want %s in it", got, want)
		}
		c.hangUp()
	})
}
