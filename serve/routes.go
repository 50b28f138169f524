package serve

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/nocobase-roster/roster/plugin"
)

// A route is something to call.
type route struct {
	path    string
	methods []string
	open    bool // without a token
	answer  func(*handler, *exchange) error
}

// routes are NocoBase's actions by the paths and methods that it has them
// under, and ours.
func routes() []route {
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	action := []string{http.MethodGet, http.MethodPost}
	return []route{
		{path: "/api/userData:push", methods: post, answer: (*handler).push},
		{path: "/api/userData:pull", methods: action, answer: (*handler).pull},
		{path: "/api/userData:retry", methods: action, answer: (*handler).retry},
		{path: "/api/userData:listSyncTypes", methods: get, answer: (*handler).listSyncTypes},
		{path: "/callback/{source}", methods: action, open: true, answer: (*handler).callback},
		{path: "/healthz", methods: get, open: true, answer: (*handler).health},
		{path: "/", open: true, answer: (*handler).nothing},
	}
}

// A handler answers requests. It is safe for concurrent use.
type handler struct {
	*Server
	ctx    context.Context // of what goes on when whoever asked for it is gone
	mux    *http.ServeMux
	bodies *semaphore.Weighted // bytes of pushes
	beside sync.WaitGroup      // what goes on when it has been answered
	pulse  pulse
}

func newHandler(ctx context.Context, s *Server) *handler {
	h := &handler{
		Server: s, ctx: ctx, mux: http.NewServeMux(),
		bodies: semaphore.NewWeighted(max(maxBodies, s.Limits.Body)),
	}
	for _, r := range routes() {
		h.mux.Handle(r.path, h.at(r))
	}
	return h
}

// at answers the requests of a route. Each has places of its own: strangers who
// call one must not keep out those who have a token for another.
func (h *handler) at(r route) http.Handler {
	places := make(chan struct{}, h.Limits.Requests)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		x := w.(*exchange)
		x.route, x.r = r.path, req
		x.fail(h.safely(func() error { return h.let(r, places, x) }))
	})
}

// let lets a request through to its route, or says why not.
func (h *handler) let(r route, places chan struct{}, x *exchange) error {
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		return overloaded("too many requests are being answered")
	}
	if r.methods != nil && !slices.Contains(r.methods, x.r.Method) {
		x.Header().Set("Allow", strings.Join(r.methods, ", "))
		return refuse(http.StatusMethodNotAllowed, &plugin.Error{Kind: plugin.Unsupported, Msg: fmt.Sprintf("%.16s is not what this address takes", x.r.Method), Hint: "use " + strings.Join(r.methods, " or ")})
	}
	if !r.open {
		if err := h.authorize(x); err != nil {
			return err
		}
	}
	return r.answer(h, x)
}

// nothing is at every other address.
func (h *handler) nothing(*exchange) error {
	return refuse(http.StatusNotFound, &plugin.Error{Kind: plugin.NotFound, Msg: "there is nothing at this address"})
}

// drain waits until all has been answered, and all that was asked for is done.
func (h *handler) drain(ctx context.Context, web *http.Server) error {
	if err := web.Shutdown(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		h.beside.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
