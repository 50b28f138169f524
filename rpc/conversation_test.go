package rpc

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the conversations anew from what the server says")

// TestConversations plays the golden conversations of testdata. Their sections:
//
//	host          what the host sends, as it stands
//	host raw      the same with Go's escapes, line ends left out
//	wait 11s      nothing, for so long
//	hang up       the end of the input
//	cut off       the end of the context that Serve was given
//	roster        what is answered to the section before, sorted: requests run
//	              side by side. Answers with headers stand escaped
//	end           what Serve returned
func TestConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, file, testServer(t)) })
		})
	}
}

func conversations(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(%s) = %q, %v", pattern, files, err)
	}
	return files
}

// play plays a conversation and compares it with the file, or writes it there.
func play(t *testing.T, file string, s *Server) {
	t.Helper()
	script, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := txtar.Format(replay(t, script, s))
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(txtar.Format(script)), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s mismatch (-want +got):\n%s", file, diff)
	}
}

// replay takes the host's part of a script and gives the whole conversation.
func replay(t *testing.T, script *txtar.Archive, s *Server) *txtar.Archive {
	t.Helper()
	told := &txtar.Archive{Comment: script.Comment}
	tell := func(name, data string) {
		told.Files = append(told.Files, txtar.File{Name: name, Data: []byte(data)})
	}
	ctx, cutOff := context.WithCancelCause(t.Context())
	defer cutOff(nil)
	c := converse(ctx, s)
	for _, f := range script.Files {
		var answer string
		switch name, arg, _ := strings.Cut(f.Name, " "); name {
		case "host":
			answer = c.say(unescape(t, arg, string(f.Data)))
		case "wait":
			answer = c.wait(t, arg)
		case "hang":
			answer = c.hangUp()
		case "cut":
			cutOff(errors.New("the process is told to end"))
			synctest.Wait()
			answer = c.out.take()
		case "roster", "end":
			continue
		default:
			t.Fatalf("unknown section %q", f.Name)
		}
		tell(f.Name, string(f.Data))
		if answer != "" {
			tell("roster", readable(answer))
		}
	}
	tell("end", c.end())
	return told
}

// wait lets time pass and gives what is answered meanwhile.
func (c *conversation) wait(t *testing.T, how string) string {
	t.Helper()
	d, err := time.ParseDuration(how)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(d) // the bubble's time
	synctest.Wait()
	return c.out.take()
}

// end says what Serve returned, ending the input if it has not.
func (c *conversation) end() string {
	select {
	case err := <-c.done:
		return fmt.Sprintln(err)
	default:
		c.hangUp()
		return fmt.Sprintln("still serving when the script ended, then", <-c.done)
	}
}

// unescape makes bytes of a section.
func unescape(t *testing.T, how, data string) string {
	t.Helper()
	if how != "raw" {
		return data
	}
	var b strings.Builder
	for line := range strings.Lines(data) {
		text := strings.TrimSuffix(line, "\n")
		for text != "" {
			c, multibyte, rest, err := strconv.UnquoteChar(text, 0)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if text = rest; multibyte {
				b.WriteRune(c)
			} else {
				b.WriteByte(byte(c))
			}
		}
	}
	return b.String()
}

// readable sorts answers, and gives those with headers a line each.
func readable(answers string) string {
	headers := regexp.MustCompile(`Content-Length: (\d+)\r\n\r\n`)
	answers = headers.ReplaceAllString(answers, "\n"+`Content-Length: $1\r\n\r\n`)
	lines := slices.Sorted(strings.SplitSeq(answers, "\n"))
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	return strings.Join(lines, "\n") + "\n"
}
