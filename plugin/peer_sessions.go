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

// use has f done in a session: one that nobody uses, else a new one. Sessions
// that were asked nothing for long may have been closed at the other end.
func (s *sessions) use(ctx context.Context, f func(session string) error) error {
	for {
		session, idle := s.takeIdle()
		if !idle {
			var err error
			if session, err = s.open(ctx); err != nil {
				return err
			}
		}
		err := f(session)
		switch {
		case err == nil:
			s.give(session)
			return nil
		case idle && isClosed(err):
			continue
		}
		s.forget(session) //nolint:errcheck // what failed is said already
		return err
	}
}

// isClosed says whether a call failed because there is no such session any more.
func isClosed(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == NotFound && e.Path == "/session"
}

func (s *sessions) takeIdle() (session string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		return "", false
	}
	session, s.idle = s.idle[n-1], s.idle[:n-1]
	return session, true
}

func (s *sessions) open(ctx context.Context) (string, error) {
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
