package plugintest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/plugin"
)

// privacyChecks hold a source to what it must not say.
func privacyChecks() []Check[System] {
	return []Check[System]{
		{
			Name:  "no secret is in an error, a step, a log or a State",
			Why:   "errors are shown and mailed, logs are read by many, and States are kept in the database",
			Needs: func(s System) bool { return len(s.Secrets) > 0 },
			Run: func(t T, s System) {
				var said string
				for _, p := range mustRead(t, open(t, s), plugin.Request{}).pages() {
					said += string(p.State)
				}
				said += everythingSaid(t, s)
				for _, secret := range s.Secrets {
					if strings.Contains(said, secret) {
						t.Errorf("a secret of the options was printed")
					}
				}
			},
		},
		{
			Name: "no value of a record is in a log or an error",
			Why:  "they are personal data",
			Run: func(t T, s System) {
				said := everythingSaid(t, s)
				for _, r := range s.Holds {
					for name, value := range r.Attrs {
						if text, ok := value.(string); ok && len(text) > 5 && strings.Contains(said, text) {
							t.Errorf("%s of a record was printed", name)
						}
					}
				}
			},
		},
	}
}

// everythingSaid is all that a source logs and complains of, in good times and bad.
func everythingSaid(t T, s System) string {
	t.Helper()
	said := &lines{}
	source := openLogging(t, s, said.logger())
	said.add(read(t, source, plugin.Request{}).err)
	if s.Type.Capabilities.Lookup && len(s.Holds) > 0 {
		said.add(read(t, source, only(s.Holds[0].Ref())).err)
	}
	if s.Break != nil {
		said.add(broken(t, s, source).err)
	}
	if checker, ok := source.(plugin.Checker); ok {
		checked, err := checker.Check(t.Context())
		said.add(err)
		said.add(checked.Steps)
	}
	return said.String()
}

// Lines are what was printed.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) logger() *zap.Logger {
	encoder := zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig())
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(l), zapcore.DebugLevel))
}

// Write takes what a logger prints.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) add(v any) { fmt.Fprintf(l, "%v %+v\n", v, v) } //nolint:errcheck // it is kept in memory

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
