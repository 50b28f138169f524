package conform

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// cancelChecks hold an adapter to requests that are taken back.
func cancelChecks() []check {
	return []check{
		{
			name: "taking back what is answered, or was never asked, is ignored",
			why:  "a request and its cancellation cross on the way, all the time",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				id := k.ask("ping", struct{}{})
				k.answer(id, "ping")
				k.notify("$/cancelRequest", `{"id":`+id+`}`)
				k.notify("$/cancelRequest", `{"id":"conform-never"}`)
				k.ping()
				messages, _ := k.ears.all()
				if n := count(messages, id); n != 1 {
					t.Errorf("a request that was taken back after its answer is answered %d times", n)
				}
				if count(messages, `"conform-never"`) > 0 {
					t.Errorf("a request that was never sent is answered")
				}
			},
		},
		{
			name:  "a read that is taken back is answered within two seconds, once, and the connection lives on",
			why:   "an operator who stops a run waits for it",
			lacks: reads,
			run: func(t plugintest.T, s *Subject) {
				o := s.begin(t)
				o.takeBack(plugin.ReadParams{Session: o.name}, codeCanceled, 0)
			},
		},
		{
			name:  "it is answered with -32800 while the system keeps it waiting, and others are answered meanwhile",
			why:   "a system that hangs would hang Roster, and nobody could stop it",
			lacks: given("--stall-options", func(a Adapter) json.RawMessage { return a.StallOptions }),
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				o := s.openSession(k, s.adapter.StallOptions)
				o.takeBack(plugin.ReadParams{Session: o.name}, codeCanceled)
			},
		},
	}
}

// takeBack asks for pages, takes that back, and wants one of the codes.
func (o session) takeBack(params plugin.ReadParams, want ...int64) {
	o.t.Helper()
	id := o.ask("source/read", params)
	o.ping()
	o.notify("$/cancelRequest", `{"id":`+id+`}`)
	ctx, cancel := context.WithTimeout(o.t.Context(), soon)
	defer cancel()
	m, err := o.ears.await(ctx, func(m message) bool { return m.answers(id) })
	if err != nil {
		o.t.Fatalf("a read that was taken back is not answered within %v", soon)
	}
	if !slices.Contains(want, m.code()) {
		o.t.Errorf("a read that was taken back is answered %s, want the error %d", verdict(m), codeCanceled)
	}
	o.ping()
	if messages, _ := o.ears.all(); count(messages, id) != 1 {
		o.t.Errorf("a read that was taken back is answered more than once")
	}
}

// count counts the answers to a request.
func count(messages []message, id string) (n int) {
	for _, m := range messages {
		if m.answers(id) {
			n++
		}
	}
	return n
}
