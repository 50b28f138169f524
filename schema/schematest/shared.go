package schematest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
)

// sharedServer starts the server of this process once. The cluster is never
// closed by us: its keeper takes it away when the process has ended.
var sharedServer = sync.OnceValues(func() (*server, error) {
	if at := os.Getenv("ROSTER_TEST_POSTGRES"); at != "" {
		u, err := url.Parse(at)
		if err != nil {
			return nil, errors.New("ROSTER_TEST_POSTGRES is no URL: want postgres://user@host/database")
		}
		return &server{url: *u}, nil
	}
	c, err := newCluster(Fast)
	if err != nil {
		return nil, err
	}
	return &c.server, nil
})

func shared(tb testing.TB) *server {
	tb.Helper()
	s, err := sharedServer()
	if err != nil {
		unavailable(tb, err)
	}
	return s
}

// unavailable ends the test: skipped where PostgreSQL is not installed and may
// be missing, failed otherwise.
func unavailable(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, errNotInstalled) && os.Getenv("REQUIRE_POSTGRES") != "1" {
		tb.Skip(err)
	}
	tb.Fatal(fmt.Errorf("start a PostgreSQL cluster for the tests: %w", err))
}
