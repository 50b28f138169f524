package hr

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// Token is what a reader has to show, as a bearer token.
const Token plugin.Secret = "kestrel-2f9c"

// A Fault is what is wrong with the system. The zero Fault is that it works.
type Fault struct {
	CutAt  int  // the answer with this page of people breaks off in the middle; 0: none does
	Forget bool // it answers that nobody works there
}

// A System answers, page by page, with what it was shown last. Stop it. It is
// safe for concurrent use.
type System struct {
	server *http.Server
	url    string

	mu          sync.Mutex // guards what follows
	departments []Department
	people      []Person
	fault       Fault
	delay       time.Duration
	pages       []int // of people that were asked for
}

// Start starts the system, with a company, on a port of the loopback interface
// that is free. It thinks for delay before each answer.
func Start(ctx context.Context, c *Company, delay time.Duration) (*System, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Transient, Msg: "start the simulated HR system", Err: err, Hint: "it needs a port of 127.0.0.1"}
	}
	s := &System{url: "http://" + listener.Addr().String(), delay: delay}
	s.Show(c)
	s.server = &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Second}
	go func() { _ = s.server.Serve(listener) }() // it ends when it is stopped
	return s, nil
}

// Stop stops it, and breaks off what it is answering.
func (s *System) Stop() error { return s.server.Close() }

// URL is where it answers: http://127.0.0.1:PORT.
func (s *System) URL() string { return s.url }

// Show has it answer with the company as it is now.
func (s *System) Show(c *Company) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.departments, s.people = slices.Clone(c.Departments), slices.Clone(c.People)
}

// Break has it go wrong from now on, or, with the zero Fault, go right.
func (s *System) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Hurry has it answer without thinking from now on.
func (s *System) Hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = 0
}

// Asked gives the pages of people that it was asked for since Asked was called
// before.
func (s *System) Asked() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	pages := s.pages
	s.pages = nil
	return pages
}
