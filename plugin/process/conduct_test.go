package process

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/nocobase-roster/roster/plugin"
)

// Whatever an adapter does, it gets an error or its records, it is said once what
// it does wrong, and the adapter beside it works on.
func TestAnAdapterThatMisbehavesHarmsNobody(t *testing.T) {
	for mode, want := range map[string]struct {
		reads  int
		err    string // part of it
		wrongs []string
	}{
		"prints":  {reads: 3, wrongs: []string{string(noMessage)}},
		"twice":   {reads: 3, wrongs: []string{string(unasked)}},
		"guesses": {reads: 3, wrongs: []string{string(unasked)}},
		"asks":    {reads: 3, wrongs: []string{string(asking)}},
		"babbles": {reads: 3},
		"floods":  {err: "it did 100 things wrong", wrongs: []string{string(noMessage)}},
		"dies":    {err: "ended: exit status 3; it last said: the roof came down"},
		"forks":   {err: "ended: exit status 3"},
		"mute":    {err: "ended: exit status 1; it last said: no module named wecom"},
		"huge":    {err: "exceeds the limit", wrongs: []string{string(noMessage)}},
		"empty":   {err: "source/read: an answer with neither result nor error", wrongs: []string{string(noMessage)}},
		"breaks":  {err: "ended: " + string(broken), wrongs: []string{string(broken)}},
		"batches": {err: "ended: " + string(broken), wrongs: []string{string(broken)}},
		"newer":   {err: `speaks version "2" of the protocol, Roster version "1"`},
		"lies":    {err: "is not what its plugin.json says: /sourceTypes/lies/capabilities/lookup is false there, and the process says true"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			y := enter(t, mode, "good")
			n, err := y.reads(mode)
			if n != want.reads || (err == nil) != (want.err == "") || err != nil && !strings.Contains(err.Error(), want.err) {
				t.Errorf("%d records and the error %v; want %d and one with %q", n, err, want.reads, want.err)
			}
			if diff := cmp.Diff(want.wrongs, y.wrongs()); diff != "" {
				t.Errorf("wrongs that were said mismatch (-want +got):\n%s", diff)
			}
			if n, err := y.reads("good"); n != 3 || err != nil {
				t.Errorf("the adapter beside it: %d records, %v; want 3", n, err)
			}
		})
	}
}

// A line that has no end is not read for ever.
func TestALineWithoutAnEndEndsTheProcess(t *testing.T) {
	t.Parallel()
	y := enter(t, "endless")
	if _, err := y.reads("endless"); err == nil || !strings.Contains(err.Error(), string(broken)) {
		t.Errorf("Read() = %v, want that the process was ended", err)
	}
}

// What a process has started ends with it.
func TestTheWholeGroupOfAProcessEnds(t *testing.T) {
	y := enter(t, "forks")
	_, err := y.reads("forks")
	_, text, found := strings.Cut(err.Error(), "forked ")
	pid, _ := strconv.Atoi(strings.Fields(strings.ReplaceAll(text, ":", " ") + " 0")[0])
	if !found || pid == 0 {
		t.Fatalf("the error does not say which process was started: %v", err)
	}
	mustEnd(t, pid)
}

// mustEnd waits for a process that was killed to be one no more: it may have yet
// to be buried.
func mustEnd(t *testing.T, pid int) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d lives on", pid)
}

// A source that hangs is given up when its reader is, and a process that answers
// nothing any more is ended; the next call has another.
func TestAProcessThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	y := enter(t, "stuck", "good")
	source, err := y.open("stuck")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var began time.Time
	go func() {
		defer cancel()
		<-y.says // that it is at it
		began = time.Now()
	}()
	_, err = source.Read(ctx, plugin.Request{}, func(plugin.Page) error { return nil })
	if took := time.Since(began); !errors.Is(err, context.Canceled) || took > grace+time.Second {
		t.Errorf("Read() = %v after %v, want that it was canceled within %v", err, took, grace)
	}
	first := y.plugins.all[1].life()
	<-first.ended
	if err := context.Cause(first.over); err.Error() != string(unanswered) {
		t.Errorf("the process was ended since %v", err)
	}
	if _, err := y.open("stuck"); err != nil {
		t.Errorf("opened again: %v", err)
	}
}

// A process that does not want to end is killed.
func TestAProcessThatIgnoresEverythingIsKilled(t *testing.T) {
	t.Parallel()
	y := enter(t, "deaf")
	if _, err := y.open("deaf"); err != nil {
		t.Fatal(err)
	}
	pid := y.plugins.all[0].life().child.pid
	began := time.Now()
	y.plugins.Close()
	if took := time.Since(began); took > 5*grace {
		t.Errorf("Close() took %v", took)
	}
	mustEnd(t, pid)
}

// What an adapter says in any way is without the secrets that it was given.
func TestSecretsAreInNothingThatIsRepeated(t *testing.T) {
	y := enter(t, "tells")
	_, err := y.open("tells")
	if plugin.KindOf(err) != plugin.Auth || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "*** was refused (not ***)") {
		t.Errorf("open = %v, want its error of kind auth without the secret", err)
	}
	y.plugins.Close()
	said := 0
	for _, entry := range y.logs.All() {
		line, _ := entry.ContextMap()["line"].(string)
		if strings.Contains(entry.Message+line, "hunter2") {
			t.Errorf("the log has the secret: %s", line)
		}
		if strings.Contains(line, "is ***") {
			said++
		}
	}
	if said != 2 {
		t.Errorf("%d lines were forwarded, want that of standard error and that of $/log", said)
	}
}

// Of many lines some are forwarded, and it is said how many were not.
func TestLinesAreBounded(t *testing.T) {
	y := enter(t, "babbles")
	if _, err := y.reads("babbles"); err != nil {
		t.Fatal(err)
	}
	y.plugins.Close()
	lines := y.logs.FilterMessage("an adapter says").FilterLevelExact(zapcore.InfoLevel).All()
	if len(lines) == 0 || len(lines) > 10*linesASecond {
		t.Errorf("%d lines were forwarded", len(lines))
	}
	for _, line := range lines {
		if n := len(line.ContextMap()["line"].(string)); n > maxLine+len("…") {
			t.Fatalf("a line of %d bytes was forwarded", n)
		}
	}
}
