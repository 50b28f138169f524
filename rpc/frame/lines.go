package frame

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

// line reads a frame that ends with its line. A line that begins as an object
// or a batch decides for this framing.
func (r *reader) line() ([]byte, error) {
	data, err := r.wholeLine()
	if err == nil && (data[0] == '{' || data[0] == '[') {
		r.decide(lines)
	}
	return data, err
}

// wholeLine reads up to the end of the line or of the input. Small lines are
// copied once, large ones gathered in pieces and joined: twice their size, and
// only while they are read.
func (r *reader) wholeLine() ([]byte, error) {
	var pieces [][]byte
	for size := 0; ; {
		piece, more, err := r.piece()
		if err != nil {
			return nil, err
		}
		size += len(piece)
		pieces = append(pieces, bytes.Clone(piece))
		switch {
		case !more:
			return r.checked(trimEnd(join(pieces)))
		case size > r.max+1: // one byte may be a CR
			return nil, r.skipLine(head(pieces...), int64(size))
		}
	}
}

// piece reads a line, or as much of it as the buffer holds; then there is more.
// It is good until the next read. The end of the input ends a line.
func (r *reader) piece() (piece []byte, more bool, err error) {
	piece, err = r.in.ReadSlice('\n')
	more = errors.Is(err, bufio.ErrBufferFull)
	if more || errors.Is(err, io.EOF) {
		err = nil
	}
	return piece, more, err
}

// checked refuses a line that is over the limit.
func (r *reader) checked(data []byte) ([]byte, error) {
	if len(data) > r.max {
		return nil, r.tooLarge(int64(len(data)), head(data))
	}
	return data, nil
}

// skipLine reads on to the end of a line that is over the limit already, after
// size bytes that begin with head.
func (r *reader) skipLine(head []byte, size int64) error {
	for {
		piece, more, err := r.piece()
		if err != nil {
			return err
		}
		size += int64(len(trimEnd(piece)))
		if !more {
			return r.tooLarge(size, head)
		}
		if err := r.endless(size); err != nil {
			return err
		}
	}
}

// join joins pieces, without a copy where there is one.
func join(pieces [][]byte) []byte {
	if len(pieces) == 1 {
		return pieces[0]
	}
	return slices.Concat(pieces...)
}

// head copies the first bytes of the pieces.
func head(pieces ...[]byte) []byte {
	var h []byte
	for _, p := range pieces {
		h = append(h, p[:min(len(p), headBytes-len(h))]...)
	}
	return h
}
