package rpc

import (
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"
)

// drain waits for what is in hand when the input has ended, and takes back
// what the grace period was too short for.
func (s *session) drain() {
	s.hangUp() // nobody answers what we have asked
	grace := time.NewTimer(s.grace)
	defer grace.Stop()
	select {
	case <-s.flights.done():
	case <-grace.C:
		s.log.Warn("work in hand was canceled: the input ended and the grace period is over", zap.Duration("grace", s.grace))
		s.takeBack()
	}
}

// takeBack cancels every request in hand and answers it so.
func (s *session) takeBack() {
	for _, f := range s.flights.all() {
		s.takeBackOne(f)
	}
}

// takeBackOne cancels a request and answers it at once: its method may be slow
// to stop, and what it still brings is thrown away.
func (s *session) takeBackOne(f *flight) {
	f.cancel()
	if s.flights.settle(f) {
		f.lost.Store(true)
		s.send(f.conn, f.id, nil, errCanceled)
	}
}

// end closes the connection; the first reason given for it counts.
func (s *session) end(conn *jsonrpc2.Conn, why error) {
	s.mu.Lock()
	if s.why == nil {
		s.why = why
	}
	s.mu.Unlock()
	s.hangUp()
	conn.Close() //nolint:errcheck // it may be closed already
}

// ended gives why we closed the connection; nil when the input ended.
func (s *session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// close lets go of the sources that the host opened and of the database, now and
// for ever.
func (s *session) close() error {
	s.sources.close()
	s.mu.Lock()
	s.over = true
	d := s.database
	s.mu.Unlock()
	if d == nil {
		return nil
	}
	return d.close()
}
