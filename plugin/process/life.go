package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/call"
	"github.com/nocobase-roster/roster/rpc/frame"
)

const (
	grace    = 2 * time.Second // for what was taken back, for a ping, and for each step of an end
	maxCalls = 64              // in hand at once; an adapter may announce fewer
)

// A life is one life of an adapter's process, and the connection with it.
type life struct {
	name    string
	number  string // tells its sessions from those of other lives
	child   *child
	conn    *jsonrpc2.Conn
	stream  *frame.Stream
	calls   atomic.Uint64
	slots   chan struct{} // filled by calls in hand
	conduct *conduct
	heard   *listener
	suspect atomic.Bool // it is being tested whether it answers at all

	ended chan struct{} // closed when nothing of it is left
	over  context.Context
	end   context.CancelCauseFunc // ends it now; the cause is why

	listening sync.WaitGroup
}

// newLife speaks with a child. What it is asked, and how it ends, is whoever
// called's business; until then it is watched.
func newLife(name, number string, c *child, log *zap.Logger, s *secrets) *life {
	l := &life{name: name, number: number, child: c, slots: make(chan struct{}, maxCalls), ended: make(chan struct{})}
	l.over, l.end = context.WithCancelCause(context.Background())
	l.heard = &listener{log: log, secrets: s}
	l.conduct = newConduct(log, func(why string) { l.end(errors.New(why)) })
	l.listening.Go(func() { l.heard.listen(c.err) })
	l.stream = frame.New(c.out, c.in, frame.Options{Bad: l.conduct.bad})
	l.conn = l.stream.Connect(context.Background(), l, jsonrpc2.SetLogger(silent{}), jsonrpc2.OnRecv(l.received))
	go l.watch()
	return l
}

// silent is a logger for the library, which would print what it was sent.
type silent struct{}

// Printf says nothing.
func (silent) Printf(string, ...any) {}

// received notes an answer to nothing that was asked.
func (l *life) received(req *jsonrpc2.Request, resp *jsonrpc2.Response) {
	if resp != nil && req == nil {
		l.conduct.note(unasked)
	}
}

// Handle takes what the adapter sends by itself. Of that only $/log is listened to.
func (l *life) Handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	switch {
	case !req.Notif:
		l.conduct.note(asking)
		conn.ReplyWithError(ctx, req.ID, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "adapters are not answered any method"}) //nolint:errcheck // calls will fail as well
	case l.conduct.notice(time.Now()) && req.Method == "$/log" && req.Params != nil:
		l.heard.notified(*req.Params)
	}
}

// watch waits for the end of the process, and sees to it that nothing is left:
// what it wrote last is read, for a moment, and what it has started is killed.
func (l *life) watch() {
	defer close(l.ended)
	select {
	case <-l.child.exited:
		l.drain()
	case <-l.over.Done():
	case <-l.conn.DisconnectNotify(): // it cannot be spoken with any more
		if !within(grace, l.child.exited) {
			l.end(errors.New("it closed its standard output"))
		}
	}
	l.child.kill()
	<-l.child.exited
	l.end(errors.New(*l.child.how))
	l.conn.Close()      //nolint:errcheck // it may be closed
	l.child.err.Close() //nolint:errcheck // nothing more is read
	l.listening.Wait()
}

// drain reads what is left, unless others hold the pipes open.
func (l *life) drain() {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		l.listening.Wait()
	}()
	within(grace, l.conn.DisconnectNotify())
	within(grace, heard)
}

// within waits for a channel to be closed, so long at most.
func within(patience time.Duration, done <-chan struct{}) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// ask calls a method, within the time that such a call has.
func (l *life) ask(ctx context.Context, method string, params, result any) error {
	limit := timeLimit(method)
	limited, stop := context.WithTimeout(ctx, limit)
	defer stop()
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-limited.Done():
		if ctx.Err() != nil {
			return &plugin.Error{Kind: plugin.Canceled, Msg: method + " was given up", Err: context.Cause(ctx)}
		}
		return &plugin.Error{Kind: plugin.Transient, Msg: method + ": adapter " + l.name + " is busy with other calls", Err: context.Cause(limited), Hint: "try again later"}
	}
	err := l.caller().Call(limited, method, params, result)
	if err != nil && limited.Err() != nil && errors.Is(err, plugin.ErrNoAnswer) {
		l.suspect.Store(true)
		go l.test()
	}
	switch {
	case err == nil || limited.Err() == nil:
		return err
	case ctx.Err() == nil:
		return &plugin.Error{
			Kind: plugin.Transient, Msg: fmt.Sprintf("%s: adapter %s took longer than %v", method, l.name, limit),
			Err: errLate, Hint: "its own log may say what it waits for",
		}
	case plugin.KindOf(err) == plugin.Canceled: // as its answer says, or ours
		return &plugin.Error{Kind: plugin.Canceled, Msg: method + " was given up", Err: fmt.Errorf("%w: %w", plugin.ErrNoAnswer, context.Cause(ctx))}
	}
	return err
}

// errLate is the cause when the time for an answer was over.
var errLate = fmt.Errorf("in time %w", plugin.ErrNoAnswer)

func (l *life) caller() call.Caller { return call.Caller{Conn: l.conn, Last: &l.calls, Grace: grace} }

// test ends a process that does not answer. One that answers, and has only not
// heeded that something was taken back, lives on.
func (l *life) test() {
	l.conduct.note(heedless)
	ctx, stop := context.WithTimeout(l.over, grace)
	defer stop()
	err := l.caller().Call(ctx, "ping", struct{}{}, nil) // it may not even be sent
	if errors.Is(err, plugin.ErrNoAnswer) {
		l.conduct.note(unanswered)
		l.end(errors.New(string(unanswered)))
	}
	l.suspect.Store(false)
}

// stop ends the process as the protocol has it, and where that does not do, as
// the system has it: shutdown, exit, the end of its input, and then signals.
func (l *life) stop() {
	said := make(chan struct{})
	go func() {
		defer close(said)
		ctx, stop := context.WithTimeout(l.over, grace)
		defer stop()
		if l.caller().Call(ctx, "shutdown", struct{}{}, nil) == nil {
			l.conn.Notify(ctx, "exit", nil) //nolint:errcheck // the end of its input says it too
		}
	}()
	within(grace, said)
	closeInput(l.child.in)
	if !within(grace, l.ended) {
		l.child.terminate()
	}
	if !within(grace, l.ended) {
		l.end(errors.New("it did not end when it was told to"))
	}
	<-l.ended
}

func closeInput(in io.Closer) { in.Close() } //nolint:errcheck // it may be closed

// why says how the life ended.
func (l *life) why() string {
	why := context.Cause(l.over).Error()
	if last := l.heard.lastSaid(); last != "" {
		why += "; it last said: " + last
	}
	return why
}

// timeLimit is how long a call may take.
func timeLimit(method string) time.Duration {
	switch method {
	case "initialize", "registry/listSourceTypes", "registry/listTargets", "source/open", "source/ack":
		return 30 * time.Second
	case "source/read", "source/lookup", "target/apply":
		return 5 * time.Minute
	case "source/webhook", "source/close":
		return 10 * time.Second
	}
	return time.Minute
}
