package frame

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
)

// ErrTooLarge is the error of a message that the peer would not read, see
// [Stream.LimitWrites]. Nothing of it has been written.
var ErrTooLarge = errors.New("the message is larger than the peer reads")

// A writer writes messages, whole and one after the other.
type writer struct {
	framed atomic.Bool  // with Content-Length headers, not as lines
	limit  atomic.Int64 // bytes of a frame; 0 for none

	mu  sync.Mutex // guards out
	out *bufio.Writer
}

func newWriter(out io.Writer) *writer {
	return &writer{out: bufio.NewWriterSize(out, bufferBytes)}
}

// answerInKind makes the writer use the framing that the peer uses.
func (w *writer) answerInKind(m mode) { w.framed.Store(m == headers) }

// send writes m. Its payload, which may be large, is not copied.
func (w *writer) send(m message) error {
	start := m.open()
	name, payload := m.payload()
	end := "}"
	if payload != nil {
		start = append(start, name...)
	}
	size := len(start) + len(payload) + len(end)
	if limit := w.limit.Load(); limit > 0 && int64(size) > limit {
		return ErrTooLarge
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.framed.Load() {
		w.out.WriteString("Content-Length: " + strconv.Itoa(size) + "\r\n\r\n")
	} else {
		end = "}\n"
	}
	w.out.Write(start)
	w.out.Write(payload)
	w.out.WriteString(end)
	return w.out.Flush() // the buffer keeps the first error of the writes before
}
