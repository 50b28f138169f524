package rpc

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sourcegraph/jsonrpc2"
)

// A flight is a request in hand: from when it was read until its method has
// returned.
type flight struct {
	id     jsonrpc2.ID
	params json.RawMessage
	conn   *jsonrpc2.Conn
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards settled, and holds an answer back while tell writes
	settled bool

	lost atomic.Bool // it was taken back: what its method brings does not reach the host
}

// tell tells the host how far the request has come, unless that is answered.
func (f *flight) tell(p progressParams) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settled {
		return nil
	}
	return f.conn.Notify(f.ctx, "$/progress", p)
}

type flightKey struct{}

func withFlight(ctx context.Context, f *flight) context.Context {
	return context.WithValue(ctx, flightKey{}, f)
}

// flightOf gives the flight whose method ctx was given to.
func flightOf(ctx context.Context) *flight { return ctx.Value(flightKey{}).(*flight) }

// flights are the requests in hand. It is safe for concurrent use.
type flights struct {
	limits  Limits
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	open     map[jsonrpc2.ID]*flight
	requests int // whose method has not returned, answered or not
	bytes    int // of their params
}

func newFlights(l Limits) *flights {
	return &flights{limits: l, open: map[jsonrpc2.ID]*flight{}}
}

// begin takes a request in hand, within the limits unless it is exempt from
// them.
func (fs *flights) begin(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request, exempt bool) (*flight, error) {
	f := &flight{id: req.ID, params: params(req), conn: conn}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case fs.open[f.id] != nil:
		return nil, invalidRequest("a request with this id is in hand", "give every request an id of its own")
	case !exempt && fs.full(len(f.params)):
		return nil, overloaded()
	}
	f.ctx, f.cancel = context.WithCancel(ctx)
	fs.open[f.id] = f
	fs.requests++
	fs.bytes += len(f.params)
	fs.running.Add(1)
	return f, nil
}

// full says whether one more request with params of so many bytes is too much.
// One alone never is.
func (fs *flights) full(bytes int) bool {
	return fs.requests >= fs.limits.MaxRequestsInFlight ||
		fs.requests > 0 && fs.bytes+bytes > fs.limits.MaxBytesInFlight
}

// settle says whether f is to be answered now: yes to the first who asks, and
// from then on nothing is sent about it and its id is free.
func (fs *flights) settle(f *flight) bool {
	f.mu.Lock()
	first := !f.settled
	f.settled = true
	f.mu.Unlock()
	if first {
		fs.mu.Lock()
		delete(fs.open, f.id)
		fs.mu.Unlock()
	}
	return first
}

// land lets go of a request whose method has returned, before it is answered:
// a host that counts answers may send the next request on reading this one's.
func (fs *flights) land(f *flight) {
	f.cancel()
	fs.mu.Lock()
	fs.requests--
	fs.bytes -= len(f.params)
	fs.mu.Unlock()
}

// get gives the unanswered request with an id, or nil.
func (fs *flights) get(id jsonrpc2.ID) *flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.open[id]
}

// all gives every unanswered request.
func (fs *flights) all() []*flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.Collect(maps.Values(fs.open))
}

// count says how many requests are in hand.
func (fs *flights) count() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.requests
}

// done gives a channel that is closed when nothing is in hand any more and all
// is answered.
func (fs *flights) done() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		fs.running.Wait()
		close(done)
	}()
	return done
}

// params gives a request's params; nil when it has none.
func params(req *jsonrpc2.Request) json.RawMessage {
	if req.Params == nil {
		return nil
	}
	return *req.Params
}
