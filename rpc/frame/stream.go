package frame

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync/atomic"

	"github.com/sourcegraph/jsonrpc2"
)

// DefaultMaxBytes is the largest frame that is read where Options say nothing: 16 MiB.
const DefaultMaxBytes = 16 << 20

// Options set up a Stream; the zero Options suit a server.
type Options struct {
	// MaxBytes is the largest frame that is read, in bytes without headers; 0
	// means DefaultMaxBytes.
	MaxBytes int
	// Headers makes us write Content-Length headers until the peer has shown
	// which framing it speaks: for the side that speaks first.
	Headers bool
	// AtEnd is called once when the input has ended, before the connection
	// learns of it and closes: the place to wait for answers in the making. nil
	// means not to wait.
	AtEnd func()
	// Bad is called, by the goroutine that reads, for each frame that cannot be
	// used and each answer that could be to nothing: for the side that calls, and
	// keeps an eye on who answers. Then none of them gets a reply: whoever prints by
	// mistake does not expect one, and may not read it. lost says that it was meant
	// for a message, so that any call may wait for it in vain; one whose call can be
	// told ends that with an error. nil means not to.
	Bad func(lost bool)
}

// A Stream is a [jsonrpc2.ObjectStream] in both framings. Use it through
// [Stream.Connect]: the library sees only small stand-ins of the messages, and
// the hooks set there put the real params and results back.
//
// One goroutine reads, the connection's; any may write.
type Stream struct {
	in      *reader
	out     *writer
	closers []io.Closer
	closed  atomic.Bool
	atEnd   func()
	bad     func(lost bool)

	last    message // what ReadObject gave last; the reading goroutine's
	sending message // what WriteObject is to write; guarded by the connection's own lock
}

// New makes a stream that reads in and writes out. Closing it closes those of
// the two that are io.Closers.
func New(in io.Reader, out io.Writer, o Options) *Stream {
	w := newWriter(out)
	w.framed.Store(o.Headers)
	s := &Stream{in: newReader(in, o.MaxBytes, w.answerInKind), out: w, atEnd: o.AtEnd, bad: o.Bad}
	for _, end := range []any{in, out} {
		if c, ok := end.(io.Closer); ok {
			s.closers = append(s.closers, c)
		}
	}
	return s
}

// Connect starts a connection on the stream: h is called for every request and
// notification, one at a time on the reading goroutine, with params as they
// came, byte for byte. They stay the handler's: nothing writes to them again.
// The connection does not carry the library's meta and extra fields.
func (s *Stream) Connect(ctx context.Context, h jsonrpc2.Handler, opts ...jsonrpc2.ConnOpt) *jsonrpc2.Conn {
	hooks := []jsonrpc2.ConnOpt{jsonrpc2.OnRecv(s.restore), jsonrpc2.OnSend(s.take)}
	return jsonrpc2.NewConn(ctx, s, h, append(hooks, opts...)...)
}

// LimitWrites keeps us from writing frames of more than n bytes: what a peer
// that reads less has asked for. 0 means no limit. It is safe at any time.
func (s *Stream) LimitWrites(n int) { s.out.limit.Store(int64(n)) }

// ReadObject gives v, by way of UnmarshalJSON, a stand-in of the next message:
// all of it but params and result. Frames that are not for the library are
// answered or ignored on the way, see the package's comment. The error is
// io.EOF at the end of the input and after Close.
func (s *Stream) ReadObject(v any) error {
	m, err := s.read()
	if err != nil {
		s.ended()
		return err
	}
	s.last = m
	return json.Unmarshal(m.standIn(), v)
}

// WriteObject writes the message that the hook on sending has taken; of the
// library's own encoding of it nothing is used. The error is ErrTooLarge when
// the peer would not read it; then nothing has been written.
func (s *Stream) WriteObject(any) error {
	m := s.sending
	s.sending = message{}
	return s.out.send(m)
}

// Close closes both streams, where they can be closed.
func (s *Stream) Close() error {
	s.closed.Store(true)
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// read gives the next message that is one, answering what is none.
func (s *Stream) read() (message, error) {
	for {
		m, err := s.next()
		if err == nil && m.strayResponse() {
			s.noteBad(false)
			continue
		}
		bad, ok := errors.AsType[*fault](err)
		if !ok {
			return m, err
		}
		if bad.empty && s.bad != nil {
			bad.answer, bad.text = true, "an answer with neither result nor error"
		}
		if bad.answer && isID(bad.id) {
			s.noteBad(false)
			return bad.reply(), nil
		}
		if s.noteBad(bad.lost) {
			continue
		}
		if err := s.out.send(bad.reply()); err != nil {
			return message{}, err
		}
	}
}

// noteBad tells who wants to know, and says whether anybody does.
func (s *Stream) noteBad(lost bool) bool {
	if s.bad != nil {
		s.bad(lost)
	}
	return s.bad != nil
}

func (s *Stream) next() (message, error) {
	if s.closed.Load() {
		return message{}, io.EOF
	}
	data, err := s.in.next()
	if err != nil {
		return message{}, err
	}
	return parse(data)
}

func (s *Stream) ended() {
	if s.atEnd != nil {
		s.atEnd()
		s.atEnd = nil
	}
}

// restore puts into what the library read from a stand-in what that left out.
func (s *Stream) restore(req *jsonrpc2.Request, resp *jsonrpc2.Response) {
	m := s.last
	s.last = message{}
	switch {
	case resp != nil && resp.Error == nil && m.result != nil:
		resp.Result = &m.result
	case resp == nil && m.params != nil:
		req.Params = &m.params
	}
}

// take notes what WriteObject is to write: the library calls it just before,
// under the lock that it holds while writing.
func (s *Stream) take(req *jsonrpc2.Request, resp *jsonrpc2.Response) {
	s.sending = messageOf(req, resp)
}
