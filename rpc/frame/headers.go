package frame

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/sourcegraph/jsonrpc2"
)

// maxSkip is the longest body that a Content-Length is believed to announce.
// More is taken for a slip, lest the rest of the connection be skipped for it.
const maxSkip = 4 << 30

// contentLength is the one header that matters, and what is looked for when
// the headers are out of step.
const contentLength = "content-length"

// headed reads a frame that begins with headers.
func (r *reader) headed() ([]byte, error) {
	n, err := r.header()
	if err != nil {
		return nil, cut(err)
	}
	r.decide(headers)
	if n > int64(r.max) {
		return nil, cut(r.skipBody(n))
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r.in, data); err != nil {
		return nil, cut(err)
	}
	return data, nil
}

// header reads the header lines with the blank one that ends them and gives
// the length of the body.
func (r *reader) header() (int64, error) {
	var lengths []string
	for {
		line, err := r.headerLine()
		if err != nil {
			return 0, err
		}
		if len(line) == 0 {
			r.discardLine()
			return r.bodyLength(lengths)
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) {
			return 0, r.noHeader(line)
		}
		switch strings.ToLower(string(name)) {
		case contentLength:
			lengths = append(lengths, string(bytes.TrimSpace(value)))
			r.lean(headers)
		case "content-type":
			r.lean(headers)
		}
		r.discardLine()
	}
}

// noHeader is the fault of a line among headers that is none. Before the
// framing is decided it may be the first message of a peer that speaks in
// lines, after something else; then it is left to be read.
func (r *reader) noHeader(line []byte) *fault {
	if r.mode == headers {
		return r.outOfStep("a line that is none of them")
	}
	r.lost = line[0] != '{'
	return faultf(jsonrpc2.CodeParseError, "neither a Content-Length header nor a JSON object")
}

// bodyLength makes a number of what the Content-Length headers said.
func (r *reader) bodyLength(said []string) (int64, error) {
	switch len(said) {
	case 0:
		return 0, r.outOfStep("there is no Content-Length")
	case 1:
	default:
		return 0, r.outOfStep("there is more than one Content-Length")
	}
	n, err := strconv.ParseUint(said[0], 10, 63)
	if err != nil || n > maxSkip {
		return 0, r.outOfStep("Content-Length is no number of bytes of a frame")
	}
	return int64(n), nil
}

// headerLine gives the next line without its end, and leaves it to be read.
func (r *reader) headerLine() ([]byte, error) {
	for n := 1; ; n = r.in.Buffered() + 1 {
		_, err := r.in.Peek(n)
		seen, _ := r.in.Peek(min(r.in.Buffered(), headBytes))
		line, _, ended := bytes.Cut(seen, []byte("\n"))
		switch {
		case ended:
			return trimEnd(line), nil
		case len(seen) == headBytes:
			r.discard(headBytes)
			return nil, r.outOfStep("a header line is too long")
		case err != nil:
			r.discard(len(seen))
			return nil, err
		}
	}
}

// discardLine steps over the line that headerLine gave.
func (r *reader) discardLine() { r.in.ReadSlice('\n') } //nolint:errcheck // it is in the buffer

// discard steps over n bytes that are in the buffer.
func (r *reader) discard(n int) { r.in.Discard(n) } //nolint:errcheck // it is in the buffer

// skipBody steps over a body of n bytes that is over the limit. The error is
// its fault, or why it could not be skipped.
func (r *reader) skipBody(n int64) error {
	seen, _ := r.in.Peek(int(min(n, headBytes)))
	bad := r.tooLarge(n, seen)
	if _, err := io.CopyN(io.Discard, r.in, n); err != nil {
		return err
	}
	return bad
}

func (r *reader) outOfStep(why string) *fault {
	r.lost = true
	return faultf(jsonrpc2.CodeParseError, "out of step with the Content-Length headers: %s", why)
}

// resync skips to the next Content-Length header, or past the end of the line,
// whichever comes first.
func (r *reader) resync() error {
	for skipped := int64(0); ; {
		if err := r.endless(skipped); err != nil {
			r.lost = true
			return err
		}
		_, err := r.in.Peek(len(contentLength + ":"))
		seen, _ := r.in.Peek(r.in.Buffered())
		line, _, ended := bytes.Cut(seen, []byte("\n"))
		found := indexHeader(line)
		switch {
		case found >= 0:
			r.discard(found)
			return nil
		case ended:
			r.discard(len(line) + 1)
			return nil
		case err != nil:
			return err
		}
		r.discard(len(seen) - len(contentLength))
		skipped += int64(len(seen) - len(contentLength))
	}
}

// indexHeader gives where "Content-Length:" stands in data, in any case, or −1.
func indexHeader(data []byte) int {
	return bytes.Index(bytes.ToLower(data), []byte(contentLength+":"))
}

// isToken says whether name can be a header's.
func isToken(name []byte) bool {
	for _, c := range name {
		if !isLetter(c) && c != '-' && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0
}
