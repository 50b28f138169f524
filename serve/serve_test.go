package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/serve"
	"github.com/nocobase-roster/roster/sources"
	"github.com/nocobase-roster/roster/targets"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A site is a server that runs, and somebody who has a token for it.
type site struct {
	testing.TB
	url    string
	token  string
	engine *engine.Engine
	types  *plugin.Registry
	client *http.Client
	logs   *observer.ObservedLogs
	stop   func() error // ends it as a signal does, and gives what Serve returned
}

// each runs a test on a server on SQLite and on PostgreSQL.
func each(t *testing.T, test func(s *site)) {
	t.Helper()
	schematest.Each(t, func(t *testing.T, db *schema.DB) { test(open(t, db, serve.DefaultLimits())) })
}

// open starts a server on db, over TCP.
func open(tb testing.TB, db *schema.DB, limits serve.Limits) *site {
	tb.Helper()
	core, logs := observer.New(zap.DebugLevel)
	adapters := &plugin.Registry{}
	for _, d := range sources.All() {
		if err := adapters.AddDriver(d); err != nil {
			tb.Fatal(err)
		}
	}
	e := engine.New(db, targets.All(db), zap.New(core))
	e.SetAdapters(adapters)
	text, _, err := e.CreateToken(tb.Context(), "tester", "", 0)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &site{TB: tb, url: "http://" + l.Addr().String(), token: text.Reveal(), engine: e, types: adapters, logs: logs, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	s.start(&serve.Server{Engine: e, Adapters: adapters, Log: zap.New(core), Limits: limits}, l)
	return s
}

func (s *site) start(server *serve.Server, l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	s.stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	s.Cleanup(func() {
		if err := s.stop(); err != nil {
			s.Errorf("Serve() = %v, want nil", err)
		}
		s.client.CloseIdleConnections()
	})
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request with the site's token, or with another.
func (s *site) send(method, path, body string, token ...string) answer {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	token = append(token, s.token)
	if token[0] != "" {
		r.Header.Set("Authorization", "Bearer "+token[0])
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// push pushes and wants a status.
func (s *site) push(status int, body string, token ...string) answer {
	s.Helper()
	got := s.send(http.MethodPost, "/api/userData:push", body, token...)
	if got.status != status {
		s.Errorf("POST userData:push %.80s: status %d, want %d: %s", body, got.status, status, got.body)
	}
	return got
}

// brief gives the members of a JSON object that are asked for, as JSON.
func brief(tb testing.TB, text string, members ...string) string {
	tb.Helper()
	var all struct{ Data map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	var b bytes.Buffer
	for _, m := range members {
		b.Write(all.Data[m])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

// tasks lists what was run, the newest first.
func (s *site) tasks() []engine.Task {
	s.Helper()
	tasks, err := s.engine.Tasks(s.Context(), engine.TaskFilter{Limit: 100})
	if err != nil {
		s.Fatal(err)
	}
	return tasks
}
