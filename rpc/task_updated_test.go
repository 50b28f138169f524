package rpc

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// A host is told each new state, and of those between not more than ten a
// second; what one run does keeps nothing of another from it.
func TestTaskNewsAreThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, host := io.Pipe()
		out := new(sink)
		conn := frame.New(in, out, frame.Options{}).Connect(context.Background(), jsonrpc2.HandlerWithError(nil))
		news := newTaskNews(conn)
		for i := range 100 {
			news.tell(engine.Task{ID: "1"}, engine.Progress{State: engine.Applying, Done: i})
			time.Sleep(10 * time.Millisecond) // the bubble's time
		}
		news.tell(engine.Task{ID: "2"}, engine.Progress{State: engine.Applying})
		news.tell(engine.Task{ID: "1"}, engine.Progress{State: engine.Applying, Type: "user"})
		ended := time.Now()
		news.tell(engine.Task{ID: "1", FinishedAt: &ended}, engine.Progress{State: engine.Success})
		lines := strings.Split(strings.TrimSpace(out.take()), "\n")
		if got, want := len(lines), 10+1+1+1; got != want {
			t.Errorf("the host was told %d times, want %d", got, want)
		}
		var last struct{ Params taskUpdatedParams }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Params.Progress.State != engine.Success {
			t.Errorf("it was told last %s, want success", lines[len(lines)-1])
		}
		if len(news.told) != 1 {
			t.Errorf("%d runs are remembered, want the one that has not ended", len(news.told))
		}
		host.Close()
		<-conn.DisconnectNotify()
	})
}
