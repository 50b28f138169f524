package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// A session is one host's connection.
type session struct {
	server   *Server
	adapters *plugin.Registry
	log      *zap.Logger
	limits   Limits
	grace    time.Duration
	table    map[string]methodInfo
	stream   *frame.Stream
	flights  *flights
	started  time.Time
	stage    stage // of the reading goroutine only
	sources  *openSources
	hostMax  int // the largest frame that the host reads, in bytes; set by initialize
	calls    atomic.Uint64

	connected context.Context // ends when the host says no more
	hangUp    context.CancelFunc

	mu         sync.Mutex      // guards what follows; methods come after database is set
	database   *database       // from initialize on
	why        error           // why we ended the connection
	over       bool            // nothing is opened any more
	own        map[string]bool // names of what the host has registered
	clientName string
}

// Handle takes a message to its method. It is called on the reading goroutine
// and does not wait for methods, so that what comes next (a cancel) is read.
func (s *session) Handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	if req.Notif {
		s.notice(ctx, conn, req)
		return
	}
	m, err := s.admit(req.Method)
	if err != nil {
		s.send(conn, req.ID, nil, err)
		return
	}
	f, err := s.flights.begin(ctx, conn, req, m.inOrder)
	switch {
	case err != nil:
		s.send(conn, req.ID, nil, err)
	case m.inOrder:
		s.run(f, m)
	default:
		go s.run(f, m)
	}
}

// notice acts on a notification, or ignores it.
func (s *session) notice(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	m, ok := s.table[req.Method]
	if !ok || !m.notification() || s.stage == fresh && m.name != exit {
		s.log.Debug("notification ignored", zap.String("method", quoteShort(req.Method)))
		return
	}
	f := &flight{conn: conn, ctx: ctx, params: params(req)}
	if _, err := s.call(f, m); err != nil {
		s.log.Debug("notification failed", zap.String("method", quoteShort(req.Method)), zap.Error(err))
	}
}

// admit gives the method that a request may call now.
func (s *session) admit(name string) (methodInfo, error) {
	m, ok := s.table[name]
	switch {
	case s.stage == fresh && name != initialize:
		return m, notInitialized()
	case s.stage == shut:
		return m, invalidRequest("the server has been shut down", "start another one")
	case !ok:
		return m, methodNotFound(name, s.table)
	case m.notification():
		return m, invalidRequest(name+" is a notification", "send it without an id")
	}
	return m, nil
}

// run calls the method of a request and answers.
func (s *session) run(f *flight, m methodInfo) {
	defer s.flights.running.Done()
	began := time.Now()
	result, err := s.call(f, m)
	s.flights.land(f)
	s.log.Debug("request", zap.String("method", m.name), zap.Duration("took", time.Since(began)), zap.Bool("ok", err == nil))
	s.answer(f, result, err)
}

// call calls a method; a panic is an error, and its stack is logged.
func (s *session) call(f *flight, m methodInfo) (result any, err error) {
	defer rescue(s.log, m.name, &err)
	return m.call(withFlight(f.ctx, f), s, f.params)
}

// rescue makes a panic an error that tells nothing, and logs what it was.
func rescue(log *zap.Logger, where string, err *error) {
	if p := recover(); p != nil {
		log.Error("panic", zap.String("in", where), zap.Any("panic", p), zap.Stack("stack"))
		*err = errPanic
	}
}

// answer answers a request, unless it has been answered already.
func (s *session) answer(f *flight, result any, err error) {
	if s.flights.settle(f) {
		s.send(f.conn, f.id, result, err)
	}
}

// send writes an answer. One that is larger than the host reads becomes an
// error; any other trouble in writing ends the connection.
func (s *session) send(conn *jsonrpc2.Conn, id jsonrpc2.ID, result any, err error) {
	sendErr := conn.SendResponse(context.Background(), s.response(id, result, err))
	if errors.Is(sendErr, frame.ErrTooLarge) {
		sendErr = conn.SendResponse(context.Background(), s.response(id, nil, answerTooLarge()))
	}
	if sendErr != nil && !errors.Is(sendErr, jsonrpc2.ErrClosed) {
		s.end(conn, sendErr)
	}
}

// response makes the answer to a request.
func (s *session) response(id jsonrpc2.ID, result any, err error) *jsonrpc2.Response {
	resp := &jsonrpc2.Response{ID: id}
	if err == nil {
		var encoded json.RawMessage
		if encoded, err = encode(result); err == nil {
			resp.Result = &encoded
			return resp
		}
	}
	resp.Error = s.wireError(err)
	return resp
}
