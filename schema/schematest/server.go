package schematest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/lib/pq"
)

// What databases are copied from.
const (
	pristine = "template0"       // PostgreSQL keeps it empty
	template = "roster_template" // has every migration applied
	hosted   = "roster_hosted"   // the same, with the tables of a NocoBase of other names
)

// A server is a PostgreSQL server on which tests make databases of their own.
type server struct {
	url       url.URL // of the database to connect to when making others
	temporary bool    // it goes as a whole: a template may be left in it

	mu        sync.Mutex       // guards templates
	templates map[string]error // those made, or why one could not be
}

// database makes a database for the time of the test and gives its URL.
func (s *server) database(tb testing.TB, from string) string {
	tb.Helper()
	name := s.fresh(tb, from)
	tb.Cleanup(func() {
		if err := s.drop(context.WithoutCancel(tb.Context()), name); err != nil {
			tb.Error(err)
		}
	})
	return s.urlOf(name)
}

// copyOf makes a copy of a template, which prepare makes when it is first asked
// for. A server that stays has no template to copy: nobody would take it away in
// the end.
func (s *server) copyOf(tb testing.TB, template string, prepare func(ctx context.Context, url string) error) string {
	tb.Helper()
	if !s.temporary {
		url := s.database(tb, pristine)
		if err := prepare(tb.Context(), url); err != nil {
			tb.Fatal(err)
		}
		return url
	}
	if err := s.template(tb.Context(), template, prepare); err != nil {
		tb.Fatal(err)
	}
	return s.database(tb, template)
}

// template makes a template once.
func (s *server) template(ctx context.Context, name string, prepare func(ctx context.Context, url string) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err, made := s.templates[name]
	if made {
		return err
	}
	if err = s.create(ctx, name, pristine); err == nil {
		err = prepare(ctx, s.urlOf(name))
	}
	if s.templates == nil {
		s.templates = map[string]error{}
	}
	s.templates[name] = err
	return err
}

// migrate leaves no connection behind: what somebody is connected to cannot be
// copied.
func migrate(ctx context.Context, url string) error {
	db, err := open(ctx, url)
	if err != nil {
		return fmt.Errorf("migrate a test database: %w", err)
	}
	return db.Close()
}

// fresh makes a database and gives its name.
func (s *server) fresh(tb testing.TB, from string) string {
	tb.Helper()
	name := "roster_test_" + strings.ToLower(rand.Text())
	if err := s.create(tb.Context(), name, from); err != nil {
		tb.Fatal(err)
	}
	return name
}

func (s *server) create(ctx context.Context, name, from string) error {
	return s.exec(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name)+" TEMPLATE "+pq.QuoteIdentifier(from))
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)")
}

// exec runs one statement on a connection of its own, so that no goroutine of
// a pool outlives a test that looks for leaks.
func (s *server) exec(ctx context.Context, stmt string) error {
	db, err := sql.Open("postgres", s.url.String())
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, stmt); err != nil {
		return fmt.Errorf("%s: %w", stmt, err)
	}
	return nil
}

func (s *server) urlOf(database string) string {
	u := s.url
	u.Path = "/" + database
	return u.String()
}
