package conform

import (
	"time"

	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// grace is how long a process may take to end that has nothing in hand.
const grace = 5 * time.Second

// endChecks hold an adapter to how a connection and its process end.
func endChecks() []check {
	return []check{
		{
			name: "after shutdown requests are refused with -32600",
			why:  "what is begun then is lost with the process",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.must("shutdown", struct{}{}, nil)
				k.refuses("ping after shutdown", k.call("ping", struct{}{}), codeInvalidRequest)
			},
		},
		{
			name: "shutdown and exit end the process with code 0",
			why:  "it is killed otherwise, and what it was about to write is lost",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.must("shutdown", struct{}{}, nil)
				k.notify("exit", "{}")
				k.ended0("exit")
			},
		},
		{
			name: "the end of the input ends the process with code 0",
			why:  "a host that was killed says nothing more, and processes pile up",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.ping()
				k.hangUp()
				k.ended0("the end of the input")
			},
		},
		{
			name: "what is in hand at the end of the input is answered",
			why:  "a script that pipes requests in reads half of the answers",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				id := k.ask("ping", struct{}{})
				k.hangUp()
				k.answer(id, "a ping right before the end of the input")
			},
		},
		{
			name: "nothing but the protocol is on standard output",
			why:  "one print for debugging, and the host reads nonsense",
			run: func(t plugintest.T, s *Subject) {
				k := s.everything(t)
				if _, strays := k.ears.all(); len(strays) > 0 {
					t.Errorf("standard output has %d lines that are no messages, the first is %.60q", len(strays), strays[0])
				}
			},
		},
	}
}

// ended0 fails the check where the process does not end soon, or not well.
func (k *talk) ended0(what string) {
	k.t.Helper()
	switch code, ok := k.exits(grace); {
	case !ok:
		k.t.Errorf("%v after %s the process is still there", grace, what)
	case code != 0:
		k.t.Errorf("after %s the process ended with code %d", what, code)
	}
}
