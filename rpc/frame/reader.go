package frame

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/sourcegraph/jsonrpc2"
)

// A mode is how the peer frames its messages.
type mode int

const (
	undecided mode = iota
	lines
	headers
)

const (
	bufferBytes = 64 << 10 // of reading and of writing
	patience    = 256      // how many frames of the largest size are skipped at once
	headBytes   = 4 << 10  // how much of an oversized frame is looked at, and the longest header line
)

// A reader takes frames out of a byte stream.
type reader struct {
	in    *bufio.Reader
	max   int        // bytes of a frame
	speak func(mode) // told which framing the peer seems to speak
	mode  mode
	lost  bool // out of step: look for the next header before reading on
}

func newReader(in io.Reader, max int, speak func(mode)) *reader {
	if max <= 0 {
		max = DefaultMaxBytes
	}
	return &reader{in: bufio.NewReaderSize(in, bufferBytes), max: max, speak: speak}
}

// next gives the bytes of the next frame, which are the caller's. The error is
// a *fault when this frame cannot be used but later ones may be, and io.EOF
// when the input has ended between frames.
func (r *reader) next() ([]byte, error) {
	if r.lost {
		r.lost = false
		if err := r.resync(); err != nil {
			return nil, err
		}
	}
	first, err := r.skipBlanks()
	switch {
	case err != nil:
		return nil, err
	case r.mode == headers, r.mode == undecided && isLetter(first):
		return r.headed()
	default:
		return r.line()
	}
}

// skipBlanks steps over what may stand between frames and gives the byte after it.
func (r *reader) skipBlanks() (byte, error) {
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != '\n' && c != '\r' && c != ' ' && c != '\t' {
			return c, r.in.UnreadByte()
		}
	}
}

// lean answers in framing m for as long as nothing is decided.
func (r *reader) lean(m mode) {
	if r.mode == undecided {
		r.speak(m)
	}
}

func (r *reader) decide(m mode) {
	r.lean(m)
	if r.mode == undecided {
		r.mode = m
	}
}

// tooLarge is the fault of a frame of n bytes that begins with head.
func (r *reader) tooLarge(n int64, head []byte) *fault {
	f := faultf(jsonrpc2.CodeInvalidRequest, "a frame of %d bytes exceeds the limit of %d", n, r.max)
	f.hint = "send less at a time; the limit is in the answer to initialize, limits.maxFrameBytes"
	f.id, f.answer = lookInto(head)
	f.lost = bytes.HasPrefix(head, []byte("{"))
	return f
}

// endless is the fault when so much was skipped that no end is to be expected, or
// nil.
func (r *reader) endless(skipped int64) error {
	if skipped <= patience*int64(max(r.max, bufferBytes)) {
		return nil
	}
	f := faultf(jsonrpc2.CodeParseError, "nothing of a frame in %d bytes", skipped)
	f.lost = true
	return f
}

// cut makes the end of the input inside a frame a fault; the next read finds
// io.EOF again.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return faultf(jsonrpc2.CodeParseError, "the input ended inside a frame")
	}
	return err
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func trimEnd(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }
