// Package serve is the engine behind HTTP, with NocoBase's own routes and
// answers: whoever pushes to NocoBase pushes to Roster by changing an address
// and a token.
//
//   - serve.go starts and stops, limits.go has how much is taken at once;
//   - routes.go has what there is to call, exchange.go what is done for each
//     request, token.go who may;
//   - push.go and body.go, pull.go, callback.go and health.go are the routes;
//   - answer.go writes what goes out, and makes answers of errors.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A Server serves one engine.
type Server struct {
	Engine   *engine.Engine
	Adapters *plugin.Registry // the source types that there are
	Log      *zap.Logger      // gets an entry for each request, without anything of what was sent
	TLS      *tls.Config      // with a certificate; nil: in clear
	Limits   Limits
}

// Serve answers on l, and has the engine do what nobody waits for, until ctx
// ends. Then it takes nothing new, lets what is in hand finish for as long as
// Limits.Grace, and returns nil. The error is that of l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	h := newHandler(work, s)
	web, err := s.web(h)
	if err != nil {
		return err
	}
	var others sync.WaitGroup
	others.Go(func() { s.work(ctx) })
	others.Go(func() {
		<-ctx.Done()
		s.finish(web, h, stop)
	})
	if s.TLS == nil {
		err = web.Serve(l)
	} else {
		err = web.ServeTLS(l, "", "")
	}
	end()
	others.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) web(h http.Handler) (*http.Server, error) {
	quiet, err := zap.NewStdLogAt(s.Log, zapcore.DebugLevel) // of connections that are not what they should be
	return &http.Server{
		Handler: h, TLSConfig: s.TLS, ErrorLog: quiet,
		ReadHeaderTimeout: s.Limits.Header, IdleTimeout: s.Limits.Idle, MaxHeaderBytes: maxHeader,
	}, err
}

// finish lets what is in hand finish, for as long as it may, and then breaks it
// off: a push that is stopped leaves whole chunks, and its sender hears of it.
func (s *Server) finish(web *http.Server, h *handler, stop context.CancelFunc) {
	s.Log.Info("stopping")
	grace, cancel := context.WithTimeout(context.Background(), s.Limits.Grace)
	defer cancel()
	if h.drain(grace, web) == nil {
		return
	}
	s.Log.Warn("what was in hand took too long and is broken off")
	stop()
	last, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if h.drain(last, web) != nil {
		web.Close() //nolint:errcheck // nobody is left to tell
	}
}

// lastWords is how long answers may take that say that a push was broken off.
const lastWords = 2 * time.Second

// work has the engine work beside the requests, and begin again where it stops.
func (s *Server) work(ctx context.Context) {
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, 30*time.Second) {
		if err := s.safely(func() error { return s.Engine.Work(ctx) }); err != nil && ctx.Err() == nil {
			s.Log.Error("work beside the requests stopped", zap.Error(err), zap.Duration("againIn", wait))
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// safely makes an error of a mistake of ours, which is logged.
func (s *Server) safely(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			s.Log.Error("panic", zap.Any("panic", fault), zap.Stack("stack"))
			err = &plugin.Error{Kind: plugin.Internal, Msg: "internal error", Hint: "Roster's log says more"}
		}
	}()
	return f()
}
