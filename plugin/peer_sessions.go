package plugin

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// closing is how long a peer has to forget a session; it is not waited for by
// anybody but a source that ends.
const closing = time.Second

// Sessions are those of one source at the other end. A session does one thing
// at a time, and one in which something failed is not used again: who reads
// next must not go on in the middle of what another left.
type sessions struct {
	caller Caller
	params OpenParams

	mu   sync.Mutex // guards what follows
	idle []string
}

// use has f done in a session.
func (s *sessions) use(ctx context.Context, f func(session string) error) error {
	session, err := s.take(ctx)
	if err != nil {
		return err
	}
	if err := f(session); err != nil {
		s.forget(session) //nolint:errcheck // what failed is said already
		return err
	}
	s.give(session)
	return nil
}

// take gives a session that nobody uses, and opens one where there is none.
func (s *sessions) take(ctx context.Context) (string, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		session := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return session, nil
	}
	s.mu.Unlock()
	var opened OpenResult
	err := s.caller.Call(ctx, "source/open", s.params, &opened)
	return opened.Session, err
}

// give takes a session back.
func (s *sessions) give(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, session)
}

// end forgets all sessions.
func (s *sessions) end() error {
	s.mu.Lock()
	idle := slices.Clone(s.idle)
	s.idle = nil
	s.mu.Unlock()
	var errs []error
	for _, session := range idle {
		errs = append(errs, s.forget(session))
	}
	return errors.Join(errs...)
}

func (s *sessions) forget(session string) error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	return s.caller.Call(ctx, "source/close", SessionParams{session}, nil)
}
