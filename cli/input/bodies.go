package input

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
)

// A bodyReader takes push bodies out of one file, one after the other: JSON
// objects as NocoBase takes them, or bare arrays of records. It holds no more
// of the file than it must.
type bodyReader struct {
	name  string // of the file, for errors
	dec   *json.Decoder
	given Head // by flags; the data type only for bare arrays
	limit int  // how many bytes of records are held to learn what stands behind them
}

func newBodyReader(name string, r io.Reader, given Head) *bodyReader {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := buffered.Peek(3); string(mark) == "\ufeff" { // as editors on Windows put it
		buffered.Discard(3) //nolint:errcheck // they are in the buffer
	}
	return &bodyReader{name: name, dec: json.NewDecoder(buffered), given: given, limit: 64 << 20}
}

// next gives the next body, or io.EOF. The records of the one before must have
// been read to the end.
func (r *bodyReader) next() (*body, error) {
	token, err := r.dec.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, r.fault(err)
	case token == json.Delim('{'):
		return r.object()
	case token == json.Delim('['):
		return r.array()
	}
	return nil, r.wrong("this is no push", wantBody)
}

// object begins a body that is an object. Its head may end behind its records;
// as many as may be are then read ahead.
func (r *bodyReader) object() (*body, error) {
	b := &body{from: r, head: Head{}, seen: map[string]bool{}}
	maps.Copy(b.head, r.given)
	delete(b.head, DataType)
	if err := b.advance(); err != nil {
		return nil, err
	}
	if b.settled() {
		return b, nil
	}
	if err := b.hold(r.limit); err != nil {
		return nil, err
	}
	if b.open && b.head[DataType] == "" {
		return nil, r.wrong("dataType is still missing behind "+r.much(), "put it before records")
	}
	b.final = true
	return b, nil
}

// array begins a body that is its records and no more.
func (r *bodyReader) array() (*body, error) {
	if r.given[DataType] == "" {
		return nil, r.wrong("a bare array does not say of which type its records are", "add --type user or --type department")
	}
	return &body{from: r, head: r.given, bare: true, listed: true, open: true}, nil
}

// token reads on where the input cannot end.
func (r *bodyReader) token() (json.Token, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, r.fault(err)
	}
	return token, nil
}
