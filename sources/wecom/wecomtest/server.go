package wecomtest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// A Server answers WeCom's calls about one company.
type Server struct {
	company *Company
	handler http.Handler
	tokens  tokens
	faults  faults
	limits  limits
	counts  counts
	quit    chan struct{} // closed: what is held up is let go

	http     *http.Server // nil: it is served elsewhere
	listener net.Listener
	stop     func()
	done     sync.WaitGroup // serving, and each answer
}

// Start serves the company on a port of this machine, as [Listen] does. It
// panics where that cannot be done.
func Start(c *Company) *Server {
	s, err := Listen(c, "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return s
}

// NewServer makes a server that listens nowhere: its [Server.Handler] is served
// by whoever made it. WeCom's limits are in force; [Server.Limit] changes them.
func NewServer(c *Company) *Server {
	s := &Server{company: c, quit: make(chan struct{})}
	s.stop = sync.OnceFunc(s.close)
	s.handler = s.route()
	s.Limit(10_000, 0)
	return s
}

// Listen serves the company at an address, "host:port", until Close.
func Listen(c *Company, address string) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	s := NewServer(c)
	s.listener = listener
	s.http = &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
	s.done.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	})
	return s, nil
}

// URL is the base URL, "http://127.0.0.1:4711": what a source takes for
// https://qyapi.weixin.qq.com. Who listens on all addresses is found at loopback.
func (s *Server) URL() string {
	address := netip.MustParseAddrPort(s.listener.Addr().String())
	if address.Addr().IsUnspecified() {
		address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), address.Port())
	}
	return "http://" + address.String()
}

// Handler answers the calls of WeCom, under /cgi-bin/, and those that change
// the company, under /simulator/, for whoever wants to serve them elsewhere.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) route() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/cgi-bin/{call...}", s.serveCall)
	s.routeSimulator(mux)
	return mux
}

// Close ends the serving, cuts off who waits for an answer, and gives up what is
// still to be delivered: the company has no callback address any more.
func (s *Server) Close() { s.stop() }

func (s *Server) close() {
	close(s.quit)
	s.company.post.close()
	if s.http != nil {
		_ = s.http.Close() // its listener is all that could be wrong
	}
	s.done.Wait()
}
