package schematest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A Mode says what a cluster does about a power failure.
type Mode int

// The modes.
const (
	Fast    Mode = iota // nothing: for tests
	Durable             // what PostgreSQL does by default: for measuring
)

// A Cluster is a throw-away PostgreSQL cluster. It listens on a socket in a
// folder of its own, so any number of them run side by side.
type Cluster struct {
	server
	mode   Mode
	bin    string // the folder of PostgreSQL's programs
	home   *home
	keeper *keeper
}

// Start starts a cluster for the time of the test: for tests that stop it and
// for benchmarks. All others share one, see Postgres.
func Start(tb testing.TB, mode Mode) *Cluster {
	tb.Helper()
	c, err := newCluster(mode)
	if err != nil {
		unavailable(tb, err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func newCluster(mode Mode) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	home, err := newHome()
	if err != nil {
		return nil, err
	}
	keeper, err := keep(home, bin)
	if err != nil {
		return nil, err
	}
	c := &Cluster{server: server{url: home.url(), temporary: true}, mode: mode, bin: bin, home: home, keeper: keeper}
	if err := c.build(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// build makes the data folder and starts the server on it.
func (c *Cluster) build() error {
	err := c.run("initdb", "--pgdata="+c.home.data(), "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if err != nil {
		return err
	}
	return c.Start()
}

// URL gives the URL of a fresh and empty database.
func (c *Cluster) URL(tb testing.TB) string {
	tb.Helper()
	return c.urlOf(c.fresh(tb, pristine)) // goes with the cluster, which may be stopped by then
}

// Log is the file that the server logs to.
func (c *Cluster) Log() string { return c.home.log() }

// Stop ends the server at once, as a crash would. Start brings it back with
// everything that was committed.
func (c *Cluster) Stop() error {
	return c.run("pg_ctl", "stop", "--mode=immediate", "--pgdata="+c.home.data())
}

// Start starts the server again after a Stop.
func (c *Cluster) Start() error {
	err := c.run("pg_ctl", "start", "--wait", "--pgdata="+c.home.data(), "--log="+c.home.log(),
		"--options="+c.settings())
	if err != nil {
		text, _ := os.ReadFile(c.home.log()) // the error stands without it
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// Close stops the server and removes its folder. It may be called twice.
func (c *Cluster) Close() error { return c.keeper.release() }

// settings are the server's options, as its command line.
func (c *Cluster) settings() string {
	set := []string{"listen_addresses=", "unix_socket_directories=" + c.home.dir}
	if c.mode == Fast {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")
	}
	return "-c " + strings.Join(set, " -c ")
}

// run runs one of PostgreSQL's programs to its end.
func (c *Cluster) run(program string, args ...string) error {
	out, err := c.home.command(filepath.Join(c.bin, program), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}
