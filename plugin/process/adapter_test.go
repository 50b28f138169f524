package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// As an adapter, this binary is called with "adapter" and how it is broken, or with
// "company" and what the benchmark reads.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "company" {
		os.Exit(serving(companyRegistry(os.Args[2], os.Args[3]))(os.Stdin, os.Stdout, os.Stderr))
	}
	if len(os.Args) > 2 && os.Args[1] == "adapter" {
		os.Exit(newSpeaker(os.Args[2], os.Stdin, os.Stdout, os.Stderr).serve())
	}
	goleak.VerifyTestMain(m)
}

// A speaker is a small adapter that speaks in lines, one request at a time. It
// has one source type, of the name of what it does wrong.
type speaker struct {
	mode        string
	in          *bufio.Reader
	out, stderr io.Writer
	read        int
}

func newSpeaker(mode string, in io.Reader, out, stderr io.Writer) *speaker {
	return &speaker{mode: mode, in: bufio.NewReader(in), out: out, stderr: stderr}
}

type asked struct {
	ID     json.RawMessage
	Method string
	Params json.RawMessage
}

const (
	exited    = `{"exit"}`   // instead of a result: end
	notAnswer = `{"nothing"` // do not answer
)

// serve answers until the end, and gives the exit code.
func (s *speaker) serve() int {
	if s.mode == "deaf" {
		signal.Ignore(syscall.SIGTERM)
	}
	if s.mode == "mute" {
		fmt.Fprintln(s.stderr, "no module named wecom")
		return 1
	}
	for {
		line, err := s.in.ReadBytes('\n')
		if err != nil {
			if s.mode == "deaf" {
				select {}
			}
			return 0
		}
		var q asked
		if json.Unmarshal(line, &q) != nil || q.Method == "" {
			continue
		}
		result := s.answer(q)
		if result == exited {
			return 3
		}
		if result != notAnswer && q.ID != nil {
			s.reply(q.ID, result)
		}
	}
}

func (s *speaker) reply(id json.RawMessage, result string) {
	times := 1
	if s.mode == "twice" {
		times = 2
	}
	for range times {
		fmt.Fprintf(s.out, `{"jsonrpc":"2.0","id":%s,%s}`+"\n", id, result)
	}
}

func (s *speaker) answer(q asked) string {
	if s.mode == "prints" {
		fmt.Fprintln(s.out, "Loading the directory …")
	}
	switch q.Method {
	case "initialize":
		version := "1"
		if s.mode == "newer" {
			version = "2"
		}
		return `"result":{"protocolVersion":"` + version + `","server":{"name":"speaker","version":"1"},"capabilities":{},"limits":{}}`
	case "registry/listSourceTypes":
		types, _ := json.Marshal([]any{declared(s.mode)})
		if s.mode == "lies" {
			types = []byte(strings.Replace(string(types), `"lookup":false`, `"lookup":true`, 1))
		}
		return `"result":{"types":` + string(types) + `}`
	case "registry/listTargets":
		return `"error":{"code":-32601,"message":"no such method"}`
	case "source/open":
		return s.open(q.Params)
	case "source/read":
		return s.page()
	case "exit":
		if s.mode == "deaf" {
			return notAnswer
		}
		return exited
	}
	if s.mode == "deaf" {
		return notAnswer
	}
	return `"result":null`
}

func (s *speaker) open(params json.RawMessage) string {
	var p struct{ Options struct{ Secret string } }
	json.Unmarshal(params, &p)
	if s.mode == "tells" {
		fmt.Fprintf(s.stderr, "the secret is %s\n", p.Options.Secret)
		fmt.Fprintf(s.out, `{"jsonrpc":"2.0","method":"$/log","params":{"level":"error","message":"it is %s"}}`+"\n", p.Options.Secret)
		return fmt.Sprintf(`"error":{"code":1002,"message":"%s was refused","data":{"kind":"auth","hint":"not %s"}}`, p.Options.Secret, p.Options.Secret)
	}
	return `"result":{"session":"s"}`
}

// page answers source/read: three people, and then the end.
func (s *speaker) page() string {
	switch s.mode {
	case "dies":
		fmt.Fprintln(s.stderr, "the roof came down")
		return exited
	case "hangs":
		return notAnswer
	case "stuck":
		fmt.Fprintln(s.stderr, "reading for ever")
		select {}
	case "asks":
		fmt.Fprintln(s.out, `{"jsonrpc":"2.0","id":1,"method":"sync/push","params":{}}`)
	case "guesses":
		for i := range 5 {
			fmt.Fprintf(s.out, `{"jsonrpc":"2.0","id":"roster-%d","result":{"done":true}}`+"\n", 1000+i)
		}
	case "floods":
		for range 1_000 {
			fmt.Fprintln(s.out, strings.Repeat("x", 1000))
		}
	case "chatters":
		for range 40_000 {
			if _, err := fmt.Fprintln(s.out, `{"jsonrpc":"2.0","method":"$/log","params":{"level":"info","message":"still here"}}`); err != nil {
				return exited
			}
		}
	case "babbles":
		for range 150 {
			fmt.Fprintln(s.stderr, strings.Repeat("bla ", 2000))
		}
	case "empty":
		fmt.Fprintln(s.out, `{"jsonrpc":"2.0","id":"roster-5"}`)
		return notAnswer
	case "breaks":
		fmt.Fprintln(s.out, `{"jsonrpc":"2.0","result":{"pages":[},"id":"roster-5"}`)
		return notAnswer
	case "batches":
		fmt.Fprintln(s.out, `[{"jsonrpc":"2.0","result":{"pages":[],"done":true},"id":"roster-5"}]`)
		return notAnswer
	case "endless":
		for err := error(nil); err == nil; {
			_, err = io.WriteString(s.out, strings.Repeat("x", 1<<20))
		}
		return exited
	case "huge":
		return `"result":{"pages":[],"state":"` + strings.Repeat("x", 17<<20) + `","done":false}`
	case "forks":
		child := exec.Command(os.Args[0], "adapter", "deaf")
		child.Stdin, _, _ = os.Pipe()
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			fmt.Fprintln(s.stderr, err)
		}
		fmt.Fprintln(s.stderr, "forked", child.Process.Pid)
		return exited
	}
	if s.read++; s.read%2 == 0 {
		return `"result":{"pages":[],"done":true,"complete":true,"counts":{"user":3}}`
	}
	return `"result":{"pages":[{"dataType":"user","records":[{"uid":"u1"},{"uid":"u2"},{"uid":"u3"}]}],"state":1,"done":false}`
}
