package conform_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"unicode/utf8"
)

// spoil puts a fault of framing between an adapter and its streams.
func spoil(fault string, in io.Reader, out io.Writer) (io.Reader, io.Writer) {
	switch fault {
	case "takes what a read gives for a message":
		in = reads(func(p []byte) []byte {
			if len(p) < 16 && len(bytes.TrimSpace(p)) > 0 {
				return nil
			}
			return p
		}, in)
	case "takes a blank line for a message":
		between := true
		in = reads(func(p []byte) []byte {
			if between && p[0] == '\n' {
				p[0] = '?'
			}
			between = p[len(p)-1] == '\n'
			return p
		}, in)
	case "answers headers to lines":
		out = writes(func(p []byte) []byte {
			if p[0] == '{' {
				return fmt.Appendf(nil, "Content-Length: %d\r\n\r\n%s", len(p), p)
			}
			return p
		}, out)
	case "answers lines to headers":
		out = writes(func(p []byte) []byte {
			if _, body, framed := bytes.Cut(p, []byte("\r\n\r\n")); framed {
				return append(body, '\n')
			}
			return p
		}, out)
	case "counts characters":
		out = writes(func(p []byte) []byte {
			if _, body, framed := bytes.Cut(p, []byte("\r\n\r\n")); framed {
				return fmt.Appendf(nil, "Content-Length: %d\r\n\r\n%s", utf8.RuneCount(body), body)
			}
			return p
		}, out)
	case "is silent about what is no JSON":
		out = writes(func(p []byte) []byte {
			if bytes.Contains(p, []byte("-32700")) {
				return nil
			}
			return p
		}, out)
	case "dies of a batch":
		out = writes(func(p []byte) []byte {
			if bytes.Contains(p, []byte("batches")) {
				os.Exit(2)
			}
			return p
		}, out)
	case "makes texts of ids":
		number := regexp.MustCompile(`"id":(\d+)`)
		out = writes(func(p []byte) []byte { return number.ReplaceAll(p, []byte(`"id":"$1"`)) }, out)
	}
	return in, out
}

// A readChanger changes what each read gives.
type readChanger struct {
	io.Reader
	change func([]byte) []byte
}

func reads(change func([]byte) []byte, in io.Reader) io.Reader { return readChanger{in, change} }

// Read reads, and goes on where all of it was taken away.
func (r readChanger) Read(p []byte) (int, error) {
	for {
		n, err := r.Reader.Read(p)
		if n == 0 {
			return 0, err
		}
		if n = copy(p, r.change(p[:n])); n > 0 || err != nil {
			return n, err
		}
	}
}

// A writeChanger changes what each write takes, which is a message.
type writeChanger struct {
	io.Writer
	change func([]byte) []byte
}

func writes(change func([]byte) []byte, out io.Writer) io.Writer { return writeChanger{out, change} }

// Write writes what is left.
func (w writeChanger) Write(p []byte) (int, error) {
	if _, err := w.Writer.Write(w.change(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
