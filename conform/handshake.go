package conform

import (
	"strings"

	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// leastFrameBytes is the smallest limit there is: any error fits.
const leastFrameBytes = 4 << 10

// handshakeChecks hold an adapter to how a connection begins.
func handshakeChecks() []check {
	return []check{
		{
			name: "before initialize everything is answered with -32002",
			why:  "nothing is agreed on yet, not even the version",
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				k.refuses("ping before initialize", k.call("ping", struct{}{}), codeNotInitialized)
				k.refuses("registry/listSourceTypes before initialize", k.call("registry/listSourceTypes", struct{}{}), codeNotInitialized)
				k.initialize()
			},
		},
		{
			name: "a version that it does not speak is refused, and the one that it speaks is said",
			why:  "two that misunderstand each other lose people; an operator must read which to update",
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				m := k.call("initialize", greeting("987"))
				switch {
				case m.Error == nil:
					t.Errorf("version 987 is answered with a result")
				case !strings.Contains(strings.ReplaceAll(m.Error.Message+m.Error.Data.Hint, "987", ""), protocolVersion):
					t.Errorf("the error of version 987 does not name version %s", protocolVersion)
				}
			},
		},
		{
			name: "initialize may be tried again after it was refused",
			why:  "a host that speaks several versions would have to start another process",
			run: func(t plugintest.T, s *Subject) {
				k := s.dial(t)
				if m := k.call("initialize", greeting("987")); m.Error != nil { // else there is a check for it
					k.initialize()
				}
			},
		},
		{
			name: "initialize is answered with the version, who it is, and how much it reads",
			why:  "operators see name and version, and what is sent to it is cut to its limit",
			run: func(t plugintest.T, s *Subject) {
				who := s.dial(t).initialize()
				if who.ProtocolVersion != protocolVersion {
					t.Errorf("protocolVersion is %.20q, want %q", who.ProtocolVersion, protocolVersion)
				}
				if who.Server.Name == "" || who.Server.Version == "" {
					t.Errorf("server is %+v, want a name and a version", who.Server)
				}
				if n := who.Limits.MaxFrameBytes; n != 0 && n < leastFrameBytes {
					t.Errorf("limits.maxFrameBytes is %d, want at least %d", n, leastFrameBytes)
				}
			},
		},
		{
			name: "initialize comes once",
			why:  "a second host on the same pipe would change what the first agreed on",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				k.refuses("a second initialize", k.call("initialize", greeting(protocolVersion)), codeInvalidRequest)
				k.ping()
			},
		},
	}
}
