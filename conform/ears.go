package conform

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"sync"
)

// maxHeard is how much a process may say; what comes after it is thrown away.
const maxHeard = 512 << 20

// A message is what the adapter said in one frame.
type message struct {
	text   []byte
	framed bool // it came with a Content-Length header, not as a line

	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *wireError      `json:"error"`
}

// A wireError is an error as it is answered.
type wireError struct {
	Code    int64  `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Kind string `json:"kind"`
		Path string `json:"path"`
		Hint string `json:"hint"`
	} `json:"data"`
}

// answers says whether the message is the answer to the request with that id.
func (m message) answers(id string) bool { return m.Method == "" && string(m.ID) == id }

// code is that of the error, 0 where there is none.
func (m message) code() int64 {
	if m.Error == nil {
		return 0
	}
	return m.Error.Code
}

// Ears hear what a process says, in whichever framing. They are safe for
// concurrent use.
type ears struct {
	mu       sync.Mutex // guards what follows
	messages []message
	strays   []string // what was said that is no message
	over     bool
	news     chan struct{} // closed when something new is heard
}

func newEars() *ears { return &ears{news: make(chan struct{})} }

// listen hears until the end.
func (e *ears) listen(r io.Reader) {
	in := bufio.NewReaderSize(io.LimitReader(r, maxHeard), 64<<10)
	for {
		text, framed, err := frameOf(in)
		if err != nil {
			break
		}
		e.hear(text, framed)
	}
	io.Copy(io.Discard, r) //nolint:errcheck // so that the process does not wait for us
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	e.tell()
}

// frameOf gives the next frame, or the next line that is none.
func frameOf(in *bufio.Reader) (text []byte, framed bool, err error) {
	line, err := in.ReadBytes('\n')
	if err != nil && len(line) == 0 {
		return nil, false, err
	}
	name, value, _ := strings.Cut(string(line[:min(len(line), 100)]), ":")
	n, bad := strconv.Atoi(strings.TrimSpace(value))
	if !strings.EqualFold(strings.TrimSpace(name), "Content-Length") || bad != nil || n < 0 || n > maxHeard {
		return bytes.TrimSpace(line), false, nil
	}
	for len(bytes.TrimSpace(line)) > 0 { // other headers, and the blank line that ends them
		if line, err = in.ReadBytes('\n'); err != nil {
			return nil, false, err
		}
	}
	text = make([]byte, n)
	n, err = io.ReadFull(in, text)
	return text[:n], true, err
}

func (e *ears) hear(text []byte, framed bool) {
	if len(text) == 0 {
		return
	}
	m := message{text: text, framed: framed}
	bad := json.Unmarshal(text, &m)
	e.mu.Lock()
	defer e.mu.Unlock()
	if bad != nil || m.Version != "2.0" || m.Method == "" && m.ID == nil {
		e.strays = append(e.strays, string(text[:min(len(text), 200)]))
	} else {
		e.messages = append(e.messages, m)
	}
	e.tell()
}

// tell wakes who waits. The lock is held.
func (e *ears) tell() {
	close(e.news)
	e.news = make(chan struct{})
}

// await gives the first message that matches, as soon as it was heard. The error
// is errEnded, or the cause of ctx's end.
func (e *ears) await(ctx context.Context, match func(message) bool) (message, error) {
	for from := 0; ; {
		news, found, next, err := e.look(from, match)
		switch {
		case found != nil:
			return *found, nil
		case err != nil:
			return message{}, err
		}
		from = next
		select {
		case <-news:
		case <-ctx.Done():
			return message{}, context.Cause(ctx)
		}
	}
}

// look looks through what was heard from a place on; where nothing is found it
// gives what tells of news and where to go on.
func (e *ears) look(from int, match func(message) bool) (news chan struct{}, found *message, next int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.messages[from:] {
		if m := &e.messages[from+i]; match(*m) {
			return nil, m, 0, nil
		}
	}
	if e.over {
		return nil, nil, 0, errEnded
	}
	return e.news, nil, len(e.messages), nil
}

// all is what was heard so far.
func (e *ears) all() (messages []message, strays []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.messages[:len(e.messages):len(e.messages)], e.strays[:len(e.strays):len(e.strays)]
}
