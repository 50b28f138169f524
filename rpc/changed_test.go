package rpc

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// A host that has the answer to a push has been told before of every row that
// is no more as it was, in messages of a bounded size.
func TestTheHostIsToldOfChangesBeforeTheAnswer(t *testing.T) {
	const n = 2500
	path := filepath.Join(t.TempDir(), "roster.db")
	synctest.Test(t, func(t *testing.T) {
		c := converse(t.Context(), realServer(t, path))
		c.say(opened)
		push := func(id int, nickname string) []string {
			records := make([]string, n)
			for i := range records {
				records[i] = fmt.Sprintf(`{"uid":"%d","nickname":%q}`, i, nickname)
			}
			said := c.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"sync/push","params":{"dataType":"user","records":[%s]}}`+"\n", id, strings.Join(records, ",")))
			return strings.Split(strings.TrimSpace(said), "\n")
		}
		if said := push(1, "Ann"); len(said) != 1 {
			t.Errorf("of people who are new the host is told %d times, want the answer alone", len(said)-1)
		}
		said := push(2, "Anna")
		last := len(said) - 1
		if !strings.HasPrefix(said[last], `{"jsonrpc":"2.0","id":2,"result"`) {
			t.Errorf("the last message is %.100s, want the answer", said[last])
		}
		told := map[string]bool{}
		for _, line := range said[:last] {
			var m struct {
				Method string
				Params changedParams
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			if m.Method != "target/changed" || m.Params.Target != "users" || len(m.Params.IDs) > maxChanged {
				t.Errorf("%.100s: want target/changed of users, with %d ids at most; it has %d", line, maxChanged, len(m.Params.IDs))
			}
			for _, id := range m.Params.IDs {
				told[id] = true
			}
		}
		if len(told) != n {
			t.Errorf("the host was told of %d people, want %d", len(told), n)
		}
		c.hangUp()
	})
}

// Without ids, the host drops all it keeps of the target.
func TestChangesOfAnyRowHaveNoIDs(t *testing.T) {
	for want, p := range map[string]changedParams{
		`{"target":"users"}`: {Target: "users"},
		`{"target":"departments","ids":["1","9007199254740993"]}`: {Target: "departments", IDs: []string{"1", "9007199254740993"}},
	} {
		if got, err := json.Marshal(p); err != nil || string(got) != want {
			t.Errorf("%+v is %s, %v; want %s", p, got, err, want)
		}
	}
}
