package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// dial opens a source of a process.
func dial(t *testing.T, p *Process) (plugin.Source, error) {
	t.Helper()
	return plugin.Peer{Caller: p}.Driver(p.found.Manifest.SourceTypes[0]).Open(t.Context(), plugin.Setup{Name: "source"})
}

// count reads a source and counts its records.
func count(t *testing.T, s plugin.Source) (n int, err error) {
	t.Helper()
	_, err = s.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { n += len(p.Records); return nil })
	return n, err
}

func TestAProcessThatKeepsEndingIsLeftOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "mute")
		defer p.Close()
		began := time.Now()
		for range maxCrashes {
			if _, err := dial(t, p); plugin.KindOf(err) != plugin.Transient || !strings.Contains(err.Error(), "no module named wecom") {
				t.Fatalf("Open() = %v, want a transient error with what it said last", err)
			}
		}
		if took, want := time.Since(began), firstDelay*(1+2+4+8); took != want {
			t.Errorf("it was started %d times within %v, want the pauses to come to %v", maxCrashes, took, want)
		}
		_, err := dial(t, p)
		if e, ok := errors.AsType[*plugin.Error](err); !ok || e.RetryAfter <= 0 || e.RetryAfter > offFor || !e.Retryable() ||
			!strings.Contains(err.Error(), "is off for 5m0s") || !strings.Contains(err.Error(), "no module named wecom") {
			t.Errorf("Open() = %v, want that it is off, for how long and why", err)
		}
		time.Sleep(offFor + time.Second)
		if _, err = dial(t, p); err == nil || strings.Contains(err.Error(), "is off") {
			t.Errorf("Open() = %v after the pause, want that it was started", err)
		}
	})
}

func TestCrashesLongAgoDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "mute")
		defer p.Close()
		for range 3 * maxCrashes {
			if _, err := dial(t, p); strings.Contains(err.Error(), "is off") {
				t.Fatal(err)
			}
			time.Sleep(crashWindow / 3)
		}
	})
}

func TestAnIdleProcessIsStoppedAndStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "good")
		defer p.Close()
		source, err := dial(t, p)
		if err != nil {
			t.Fatal(err)
		}
		first := p.life()
		time.Sleep(idleAfter - time.Second)
		if p.life() != first {
			t.Error("the process was stopped too early")
		}
		time.Sleep(2 * time.Second)
		<-first.ended
		if p.life() != nil {
			t.Error("the process runs, and nobody asks it anything")
		}
		if n, err := count(t, source); n != 3 || err != nil {
			t.Errorf("Read() brought %d records, %v; want 3 from another process", n, err)
		}
	})
}

// The new process calls its first session as the old one did: whoever has that of
// the old one must not read another's source.
func TestSessionsEndWithTheirProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "good")
		defer p.Close()
		var opened [2]plugin.OpenResult
		for i := range opened {
			if err := p.Call(t.Context(), "source/open", plugin.OpenParams{SourceType: "good"}, &opened[i]); err != nil {
				t.Fatal(err)
			}
			p.life().end(errors.New("the test ends it"))
			p.running.Wait()
		}
		if opened[0] == opened[1] {
			t.Errorf("two processes have a session %s", opened[0].Session)
		}
		err := p.Call(t.Context(), "source/read", plugin.ReadParams{Session: opened[1].Session}, &plugin.ReadResult{})
		if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Kind != plugin.NotFound || e.Path != "/session" {
			t.Errorf("source/read = %v, want that there is no such session", err)
		}
		if err := p.Call(t.Context(), "source/close", plugin.SessionParams{Session: opened[1].Session}, nil); err != nil || p.life() != nil {
			t.Errorf("source/close = %v, and started the process: %t", err, p.life() != nil)
		}
	})
}

func TestACallTakesNoLongerThanItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "hangs")
		defer p.Close()
		source, err := dial(t, p)
		if err != nil {
			t.Fatal(err)
		}
		life, began := p.life(), time.Now()
		_, err = count(t, source)
		if took := time.Since(began); plugin.KindOf(err) != plugin.Transient || !strings.Contains(err.Error(), "took longer than 5m0s") || took > timeLimit("source/read")+grace {
			t.Errorf("Read() = %v after %v", err, took)
		}
		synctest.Wait()
		if p.life() != life {
			t.Error("the process was ended, and answers everything else")
		}
	})
}

// A thousandth of a second has room for many notifications, and not for any number.
func TestAFloodOfNotificationsEndsAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "chatters")
		defer p.Close()
		source, err := dial(t, p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := count(t, source); err == nil || !strings.Contains(err.Error(), string(flooding)) {
			t.Errorf("Read() = %v, want that the process was ended", err)
		}
	})
}

// Who does not read what is sent holds up nobody for longer than who reads and
// does not answer.
func TestAProcessThatReadsNothingIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "good")
		p.launch = piped(func(in io.Reader, _, _ io.Writer) int {
			in.Read(make([]byte, 1))
			time.Sleep(time.Hour)
			return 0
		})
		began := time.Now()
		if _, err := dial(t, p); err == nil || time.Since(began) > timeLimit("initialize")+5*grace {
			t.Errorf("Open() = %v after %v", err, time.Since(began))
		}
		p.Close()
		time.Sleep(time.Hour)
	})
}

// Nor does who stops to read in the middle, so that not even a ping can be sent.
func TestAProcessThatReadsNoMoreIsEnded(t *testing.T) {
	t.Parallel()
	p := pipedSpeaker(t, "good")
	defer p.Close()
	asked, over := context.WithCancel(t.Context())
	p.launch = piped(func(in io.Reader, out, stderr io.Writer) int {
		return newSpeaker("good", weary{in, t.Context(), over}, out, stderr).serve()
	})
	source, err := dial(t, p)
	if err != nil {
		t.Fatal(err)
	}
	life := p.life()
	if _, err := source.Read(asked, plugin.Request{}, func(plugin.Page) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Read() = %v", err)
	}
	if !within(4*grace, life.ended) {
		t.Error("the process lives on, and nobody can speak with it")
	}
}

// A weary reads no more once it is to read a source, which it tells.
type weary struct {
	io.Reader
	until context.Context
	tell  func()
}

func (w weary) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if bytes.Contains(p[:n], []byte("source/read")) {
		w.tell()
		<-w.until.Done()
	}
	return n, err
}

// Who waits for his turn and gives up has not been told anything of the adapter.
func TestWhoGivesUpBeforeHisTurnHasCanceled(t *testing.T) {
	p := pipedSpeaker(t, "good")
	defer p.Close()
	if _, err := dial(t, p); err != nil {
		t.Fatal(err)
	}
	for range maxCalls {
		p.life().slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.life().ask(ctx, "ping", nil, nil); plugin.KindOf(err) != plugin.Canceled || errors.Is(err, plugin.ErrNoAnswer) {
		t.Errorf("a call that was taken back before it was sent: %v, want one of kind canceled", err)
	}
	for range maxCalls {
		<-p.life().slots
	}
}

// A call that Close cuts off is not told that the process is started again.
func TestCloseTakesBackWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipedSpeaker(t, "hangs")
		source, err := dial(t, p)
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan error)
		go func() {
			_, err := count(t, source)
			read <- err
		}()
		synctest.Wait()
		go p.Close()
		if err := <-read; plugin.KindOf(err) != plugin.Canceled || !errors.Is(err, plugin.ErrNoAnswer) {
			t.Errorf("Read() = %v, want that it was canceled and may have been acted on", err)
		}
	})
}

func TestNothingIsStartedAfterClose(t *testing.T) {
	p := pipedSpeaker(t, "good")
	if _, err := dial(t, p); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if _, err := dial(t, p); plugin.KindOf(err) != plugin.Canceled || p.life() != nil {
		t.Errorf("Open() after Close = %v", err)
	}
}

func TestAnAdapterAnnouncesItsLimits(t *testing.T) {
	p := newProcess(Found{Manifest: manifest("good")}, Options{Log: zap.NewNop()})
	p.launch = piped(func(in io.Reader, out, stderr io.Writer) int {
		s := newSpeaker("good", in, replacer{out}, stderr)
		return s.serve()
	})
	defer p.Close()
	if _, err := dial(t, p); err != nil {
		t.Fatal(err)
	}
	err := p.Call(t.Context(), "source/open", plugin.OpenParams{SourceType: "good", Name: strings.Repeat("x", 5000)}, &plugin.OpenResult{})
	if !errors.Is(err, plugin.ErrTooLarge) {
		t.Errorf("a call of 5000 bytes to who reads 4096: %v, want ErrTooLarge", err)
	}
	if n := cap(p.life().slots); n != 2 {
		t.Errorf("%d calls may be in hand, want 2 of the 4 announced", n)
	}
}

// A replacer announces limits in the place of none.
type replacer struct{ io.Writer }

func (r replacer) Write(p []byte) (int, error) {
	_, err := io.WriteString(r.Writer, strings.Replace(string(p), `"limits":{}`, `"limits":{"maxFrameBytes":4096,"maxRequestsInFlight":4}`, 1))
	return len(p), err
}

func TestWhatAnOperatorSees(t *testing.T) {
	y := enter(t, "dies")
	if s := y.kept.Status("dies"); s.State != Stopped || s.Starts != 0 {
		t.Errorf("before: %+v", s)
	}
	if _, err := y.open("dies"); err != nil {
		t.Fatal(err)
	}
	if s := y.kept.Status("dies"); s.State != Running || s.Pid == 0 || s.Starts != 1 {
		t.Errorf("while it runs: %+v", s)
	}
	y.reads("dies")
	y.plugins.Close()
	s := y.kept.Status("dies")
	if s.State != Stopped || s.Crashes != 1 || !strings.Contains(s.Fault, "exit status 3") || strings.Contains(s.Fault, "roof") || s.FaultAt.IsZero() {
		t.Errorf("after it died: %+v, want its end without what it said", s)
	}
}
