package rpc

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// DefaultGrace is how long work in hand may take after the input has ended.
const DefaultGrace = 10 * time.Second

// ErrNoShutdown is the error of Serve when the host said exit without shutdown
// before it. The process should end with a code other than 0.
var ErrNoShutdown = errors.New("the host said exit without shutdown")

// A Server speaks with hosts. Its fields are set before the first Serve and
// not changed after; then it may serve several hosts at once.
type Server struct {
	Name     string           // for initialize; "" means roster
	Version  string           // its own, for initialize and health/check
	Adapters *plugin.Registry // that every host finds; one may register more for its own connection

	// Open opens the engine on the database that c names, or on the one that
	// flags and environment name when c names none. It is called in the
	// background after initialize, once at a time, and again when it has failed
	// and a method needs the engine: after a second at the earliest, then two,
	// four, up to half a minute. ctx ends with the connection. Serve closes the
	// engine. Where Open is nil there is none: the server is an adapter, and
	// answers for what is in Adapters, its targets too.
	Open func(ctx context.Context, c Config) (*engine.Engine, error)

	Log    *zap.Logger     // nil logs nothing; params and results are never logged
	Level  zap.AtomicLevel // what log/setLevel sets; the zero one is fixed
	Limits Limits          // zero members mean their defaults
	Grace  time.Duration   // 0 means DefaultGrace

	extra []methodInfo // methods of the tests
}

// Serve speaks with the host that writes to in and reads from out, until in
// ends, the host says exit, or ctx is done. It closes both where they can be
// closed, and the engine. Nothing but the protocol is written to out.
//
// It returns nil at the end of the input and after shutdown and exit. Other
// ends are ErrNoShutdown, the cause of ctx's end (work in hand is canceled and
// answered as such), and what went wrong with writing to out.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	session := s.session()
	defer session.hangUp()
	session.stream = frame.New(in, out, frame.Options{MaxBytes: session.limits.MaxFrameBytes, AtEnd: session.drain})
	session.stream.LimitWrites(session.limits.MaxFrameBytes)
	conn := session.stream.Connect(context.WithoutCancel(ctx), session, jsonrpc2.SetLogger(session.printer()))
	select {
	case <-conn.DisconnectNotify():
	case <-ctx.Done():
		session.takeBack()
		session.end(conn, context.Cause(ctx))
	}
	return errors.Join(session.ended(), session.close())
}

// session makes a session with every default put in.
func (s *Server) session() *session {
	log := s.Log
	if log == nil {
		log = zap.NewNop()
	}
	limits := s.Limits.orDefaults()
	connected, hangUp := context.WithCancel(context.Background())
	return &session{
		server:    s,
		adapters:  s.Adapters.Clone(),
		log:       log,
		limits:    limits,
		grace:     cmp.Or(s.Grace, DefaultGrace),
		table:     newTable(s.methods()),
		flights:   newFlights(limits),
		sources:   newOpenSources(limits, log),
		started:   time.Now(),
		connected: connected,
		hangUp:    hangUp,
		own:       map[string]bool{},
	}
}

// methods are those that are answered.
func (s *Server) methods() []methodInfo {
	all := append(methods(), s.extra...)
	if s.Open == nil {
		return ofAdapters(all)
	}
	return all
}
