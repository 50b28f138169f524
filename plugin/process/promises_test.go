package process

import (
	"context"
	"fmt"
	"io"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/rpc"
)

// serving is an adapter in Go: a registry behind the server that hosts speak with.
func serving(r *plugin.Registry) func(in io.Reader, out, stderr io.Writer) int {
	return func(in io.Reader, out, _ io.Writer) int {
		server := &rpc.Server{Adapters: r, Open: func(context.Context, rpc.Config) (*engine.Engine, error) {
			return nil, &plugin.Error{Kind: plugin.Unsupported, Msg: "an adapter has no database"}
		}}
		if server.Serve(context.Background(), in, out) != nil {
			return 1
		}
		return 0
	}
}

// A source at the other end of a pipe is held to what one in Go is.
func TestASourceInAProcessKeepsAllPromises(t *testing.T) {
	plugintest.TestSource(t, func(tt plugintest.T) plugintest.System {
		var records []plugin.Record
		for i := range 9 {
			records = append(records, plugin.Record{Type: plugin.User, UID: fmt.Sprintf("u%d", i+1), Attrs: map[string]any{"email": fmt.Sprintf("u%d@example.com", i+1)}})
		}
		d := plugintest.NewDirectory(2, records...)
		s, driver, r := d.System(), d.Driver(), &plugin.Registry{}
		near := s.Open
		log := zap.NewNop()
		driver.Open = func(context.Context, plugin.Setup) (plugin.Source, error) { return near(log) }
		if err := r.AddDriver(driver); err != nil {
			tt.Fatalf("AddDriver: %v", err)
		}
		p := newProcess(Found{Manifest: Manifest{Name: "directory", SourceTypes: []plugin.SourceType{driver.Type}}}, Options{Log: zap.NewNop()})
		p.launch = piped(serving(r))
		tt.Cleanup(func() { p.Close() })
		s.Open = func(l *zap.Logger) (plugin.Source, error) {
			log = l
			options := []byte(`{"key":"` + s.Secrets[0] + `"}`)
			return plugin.Peer{Caller: p}.Driver(s.Type).Open(context.Background(), plugin.Setup{Name: "directory", Options: options, Log: l})
		}
		return s
	})
}
