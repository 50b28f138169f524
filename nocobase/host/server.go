package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Prepare has NocoBase make its tables in an empty database, with the
// departments, which are off by default. A copy of the database is as good.
func (a App) Prepare(tb testing.TB, database string, naming Naming) {
	tb.Helper()
	storage := NewStorage(tb)
	settings, err := settings(database, naming, storage)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := a.run(storage, settings, "install")
	if err != nil {
		tb.Fatal(err)
	}
	defer p.end()
	if err := p.wait(tb.Context(), 3*time.Minute); err != nil {
		tb.Fatalf("nocobase install: %v\n%s", err, p.said())
	}
}

// Start starts NocoBase on a prepared database for the time of the test and
// gives a client that is signed in as its first user, root. The server and all
// it has started end with our process, however that ends.
func (a App) Start(tb testing.TB, database string, naming Naming) *Client {
	tb.Helper()
	return a.Serve(tb, Place{Database: database, Naming: naming, Storage: NewStorage(tb)}).Client
}

// A Place is what stays when a server ends, and how the next is started.
type Place struct {
	Database string
	Naming   Naming
	Storage  string   // of NewStorage
	Settings []string // of the environment, in place of those that tests have: NAME=value
}

// A Server is a running NocoBase, with a client that is signed in as root.
type Server struct {
	*Client
	process *process
}

// Serve is Start in a place that outlives the server.
func (a App) Serve(tb testing.TB, place Place) *Server {
	tb.Helper()
	settings, err := settings(place.Database, place.Naming, place.Storage)
	if err != nil {
		tb.Fatal(err)
	}
	port, err := freePort(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	p, err := a.run(place.Storage, slices.Concat(settings, []string{"APP_PORT=" + port}, place.Settings), "start")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.end)
	at := "http://127.0.0.1:" + port + "/api/"
	if err := ready(tb.Context(), at, 3*time.Minute); err != nil {
		tb.Fatalf("nocobase start: %v\n%s", err, p.said())
	}
	c, err := SignIn(tb.Context(), at, "admin@nocobase.com", "admin123")
	if err != nil {
		tb.Fatal(err)
	}
	return &Server{c, p}
}

// Gone waits until NocoBase has ended by itself.
func (s *Server) Gone(ctx context.Context) error {
	if err := s.process.wait(ctx, time.Minute); ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("NocoBase has not ended: %w", err)
	}
	return nil
}

// NewStorage makes a folder for NocoBase's files, which goes with a server that
// was in it. Its name is short: NocoBase puts a socket into it.
func NewStorage(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "nocobase-")
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// settings are NocoBase's environment. They have precedence over the app's file
// .env, which is the same for all servers.
func settings(database string, naming Naming, storage string) ([]string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, fmt.Errorf("the database of NocoBase: %w", err)
	}
	password, _ := u.User.Password()
	return append(naming.environment(),
		"STORAGE_PATH="+storage, "TZ=UTC",
		"APP_ENV=production", "APP_LAUNCH_MODE=node", "APP_HOST=127.0.0.1", "APP_KEY=a key for tests",
		"LOGGER_LEVEL=warn", "LOGGER_TRANSPORT=console",
		"APPEND_PRESET_BUILT_IN_PLUGINS=@nocobase/plugin-departments",
		"INIT_ROOT_EMAIL=admin@nocobase.com", "INIT_ROOT_PASSWORD=admin123", "INIT_ROOT_USERNAME=nocobase",
		"DB_DIALECT=postgres",
		"DB_HOST="+cmp.Or(u.Hostname(), u.Query().Get("host"), "localhost"), // the folder of a socket is a host too
		"DB_PORT="+cmp.Or(u.Port(), u.Query().Get("port"), "5432"),
		"DB_DATABASE="+strings.TrimPrefix(u.Path, "/"),
		"DB_USER="+u.User.Username(), "DB_PASSWORD="+cmp.Or(password, "none"),
	), nil
}

// freePort gives a port of this machine that nobody listens on now.
func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// ready waits until the server says that it is.
func ready(ctx context.Context, at string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if healthy(ctx, at) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", ctx.Err())
		}
	}
}

func healthy(ctx context.Context, at string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"__health_check", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// logFile is where a server's words go.
func logFile(storage string) string { return filepath.Join(storage, "said") }
