package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	maxHeard      = 8 << 10 // bytes of a line that are looked at; the rest is dropped
	maxLine       = 2 << 10 // bytes of a line that are forwarded
	linesASecond  = 100     // that are forwarded; the others are counted
	bytesASecond  = 1 << 20 // that are read of standard error: who writes more has to wait
	lastLines     = 5       // that are shown when the process has ended
	lastLineBytes = 300     // of each
)

// A listener forwards what an adapter says to the log, lines and their number
// bounded and without the secrets that it was given. It keeps the last lines of
// its standard error. It is safe for concurrent use.
type listener struct {
	log     *zap.Logger
	secrets *secrets

	mu      sync.Mutex // guards what follows
	second  int64      // in which
	lines   int        // so many came
	dropped int
	last    []string
}

// listen forwards the lines of an adapter's standard error until it ends.
func (l *listener) listen(in io.Reader) {
	r := bufio.NewReaderSize(&slow{in: in}, maxHeard)
	for {
		line, err := r.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a long line
			line = slices.Clone(line)
			_, err = r.ReadSlice('\n')
		}
		if text := strings.TrimSpace(string(line)); text != "" {
			l.said(text)
		}
		if err != nil {
			return
		}
	}
}

// said takes a line of standard error.
func (l *listener) said(line string) {
	line = l.clean(line)
	l.mu.Lock()
	if l.last = append(l.last, cut(line, lastLineBytes)); len(l.last) > lastLines {
		l.last = l.last[1:]
	}
	l.mu.Unlock()
	l.forward(zapcore.InfoLevel, line)
}

// notified takes the params of $/log: {"level", "message"}.
func (l *listener) notified(params json.RawMessage) {
	var p struct{ Level, Message string }
	if json.Unmarshal(params, &p) != nil {
		return
	}
	level, err := zapcore.ParseLevel(p.Level)
	if err != nil {
		level = zapcore.InfoLevel
	}
	l.forward(min(level, zapcore.ErrorLevel), l.clean(cut(p.Message, maxHeard))) // the levels above end the process
}

// forward logs a line, if there have not been too many.
func (l *listener) forward(level zapcore.Level, line string) {
	l.mu.Lock()
	var dropped int
	if second := time.Now().Unix(); second != l.second {
		dropped, l.second, l.lines, l.dropped = l.dropped, second, 0, 0
	}
	l.lines++
	few := l.lines <= linesASecond
	if !few {
		l.dropped++
	}
	l.mu.Unlock()
	if dropped > 0 {
		l.log.Warn("an adapter says more than is forwarded", zap.Int("lines left out", dropped))
	}
	if few {
		l.log.Log(level, "an adapter says", zap.String("line", line))
	}
}

// lastSaid is the end of its standard error, in one line.
func (l *listener) lastSaid() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, " | ")
}

// clean takes secrets out before the line is cut, lest half of one is left.
func (l *listener) clean(line string) string {
	return cut(printable(l.secrets.hide(line)), maxLine)
}

// printable puts a blank in the place of what would move a cursor.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(line, "\uFFFD"))
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// A slow reads so many bytes a second at most.
type slow struct {
	in     io.Reader
	second int64
	bytes  int
}

// Read waits for the next second when this one's bytes have come.
func (s *slow) Read(p []byte) (int, error) {
	now := time.Now()
	if second := now.Unix(); second != s.second {
		s.second, s.bytes = second, 0
	}
	if s.bytes >= bytesASecond {
		time.Sleep(now.Truncate(time.Second).Add(time.Second).Sub(now))
	}
	n, err := s.in.Read(p)
	s.bytes += n
	return n, err
}
