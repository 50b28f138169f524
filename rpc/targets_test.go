package rpc

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestTargetConversations plays the conversations of testdata/targets, in which
// the host is called, with the real engine on a new SQLite database.
func TestTargetConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/targets/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "roster.db")
			synctest.Test(t, func(t *testing.T) { play(t, file, realServer(t, path)) })
		})
	}
}

// Calls of ours take no place among the host's requests: with as many in hand as
// there may be, answers come through, and what is more is refused.
func TestAnswersComeThroughWhenNothingElseDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	synctest.Test(t, func(t *testing.T) {
		s := realServer(t, path)
		s.Limits = Limits{MaxRequestsInFlight: 2}
		c := converse(t.Context(), s)
		c.say(opened)
		c.say(`{"jsonrpc":"2.0","id":1,"method":"registry/registerTarget","params":{"name":"crm","accepts":["user"],"batches":true}}` + "\n")
		called := c.say(`{"jsonrpc":"2.0","id":2,"method":"sync/push","params":{"sourceName":"hr","dataType":"user","records":[{"uid":"1"}]}}
{"jsonrpc":"2.0","id":3,"method":"sync/push","params":{"sourceName":"crm","dataType":"user","records":[{"uid":"2"}]}}
`)
		for _, id := range []string{"roster-1", "roster-2"} {
			if !strings.Contains(called, `"id":"`+id+`"`) {
				t.Fatalf("the host was called with %s; want two calls", called)
			}
		}
		if said := c.say(`{"jsonrpc":"2.0","id":4,"method":"tasks/list"}` + "\n"); !strings.Contains(said, `"code":1011`) {
			t.Errorf("a third request is answered with %s, want 1011", said)
		}
		for _, id := range []string{"roster-2", "roster-1"} {
			said := c.say(`{"jsonrpc":"2.0","id":"` + id + `","error":{"code":-32601,"message":"no such method"}}` + "\n")
			if !strings.Contains(said, `crm: 1 failed`) {
				t.Errorf("when %s has been answered, Roster says %s; want the answer to a push", id, said)
			}
		}
		c.hangUp()
	})
}

// A host that takes its push back is not waited for in its target either.
func TestAPushThatIsTakenBackTakesItsCallsBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	synctest.Test(t, func(t *testing.T) {
		c := converse(t.Context(), realServer(t, path))
		c.say(opened)
		c.say(`{"jsonrpc":"2.0","id":1,"method":"registry/registerTarget","params":{"name":"crm","accepts":["user"],"batches":true}}` + "\n")
		c.say(`{"jsonrpc":"2.0","id":2,"method":"sync/push","params":{"dataType":"user","records":[{"uid":"1"}]}}` + "\n")
		said := c.say(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}` + "\n")
		for _, want := range []string{`"id":2,"error":{"code":-32800`, `"method":"$/cancelRequest","params":{"id":"roster-1"}`} {
			if !strings.Contains(said, want) {
				t.Errorf("the host is told %s, want %s", said, want)
			}
		}
		c.hangUp()
	})
}
