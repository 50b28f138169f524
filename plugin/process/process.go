package process

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// idleAfter is how long a process is kept that nobody asks anything: longer than
// Roster's own hosts may leave a source open without reading on.
const idleAfter = 20 * time.Minute

// A Process is an adapter that is started when it is called. It is safe for
// concurrent use.
type Process struct {
	found   Found
	version string // Roster's
	log     *zap.Logger
	launch  func() (*child, error)
	kept    Kept
	secrets secrets

	closing context.Context // ends when it is not started any more
	close   context.CancelFunc
	running sync.WaitGroup // lives

	noting sync.Mutex // one at a time changes the status

	mu       sync.Mutex // guards what follows
	now      *start     // nil: it does not run
	lives    int
	inHand   int         // calls
	idle     *time.Timer // stops it
	crashes  []time.Time // the recent ones
	fault    error       // of the last
	offUntil time.Time
}

var _ plugin.Caller = (*Process)(nil)

func newProcess(f Found, o Options) *Process {
	p := &Process{found: f, version: o.Version, kept: o.Kept, log: o.Log.With(zap.String("adapter", f.Name())), launch: func() (*child, error) { return launch(f) }}
	p.closing, p.close = context.WithCancel(context.Background())
	return p
}

func (p *Process) name() string { return p.found.Name() }

// Call calls a method of the adapter, whose process is started if need be. A
// process that ends meanwhile is an error of kind Transient, with ErrNoAnswer in
// its chain, that says what it said last.
func (p *Process) Call(ctx context.Context, method string, params, result any) error {
	if stale(params, p.life()) {
		if method == "source/close" {
			return nil // it ended with its process
		}
		return sessionEnded()
	}
	p.enter()
	defer p.leave()
	l, err := p.alive(ctx)
	if err != nil {
		return err
	}
	if open, ok := params.(plugin.OpenParams); ok {
		t, _ := p.found.Manifest.sourceType(open.SourceType)
		p.secrets.learn(t, open.Options)
	}
	if stale(params, l) {
		return sessionEnded()
	}
	params = withSession(params, theirName)
	if method == "source/close" && l.suspect.Load() { // nobody is to wait for that twice
		p.running.Go(func() { l.ask(context.WithoutCancel(ctx), method, params, nil) }) //nolint:errcheck // nobody hears of it
		return nil
	}
	if err := l.ask(ctx, method, params, result); err != nil {
		return p.explain(ctx, l, method, err)
	}
	if opened, ok := result.(*plugin.OpenResult); ok {
		opened.Session = ourName(l, opened.Session)
	}
	return nil
}

// life is the one that runs, or nil.
func (p *Process) life() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil || !isClosed(p.now.done) {
		return nil
	}
	return p.now.life
}

// enter and leave say that a call is in hand: the process is not idle.
func (p *Process) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inHand++
	if p.idle != nil {
		p.idle.Stop()
	}
}

func (p *Process) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inHand--; p.inHand == 0 && p.closing.Err() == nil {
		p.idle = time.AfterFunc(idleAfter, p.rest)
	}
}

// rest stops the process, unless somebody came just before.
func (p *Process) rest() {
	p.mu.Lock()
	s := p.now
	if p.inHand > 0 || s == nil {
		p.mu.Unlock()
		return
	}
	p.now = nil
	p.mu.Unlock()
	p.stop(s)
}

// stop stops what a start has made.
func (p *Process) stop(s *start) {
	<-s.done
	if s.life != nil {
		s.life.stop()
	}
}

// Close stops the process, for good, and waits for that: for some seconds where
// it does not want to.
func (p *Process) Close() error {
	p.close()
	p.mu.Lock()
	s := p.now
	p.now = nil
	if p.idle != nil {
		p.idle.Stop()
	}
	p.mu.Unlock()
	if s != nil {
		p.stop(s)
	}
	p.running.Wait()
	return nil
}

// explain makes an error of a call one that may be repeated: without the secrets
// that the adapter was given, and with how its process ended, if it did.
func (p *Process) explain(ctx context.Context, l *life, method string, err error) error {
	if ctx.Err() == nil && errors.Is(err, plugin.ErrNoAnswer) && !errors.Is(err, errLate) {
		if p.closing.Err() != nil {
			return &plugin.Error{Kind: plugin.Canceled, Msg: method + ": adapter " + p.name() + " was stopped", Err: plugin.ErrNoAnswer, Hint: "Roster is ending"}
		}
		if !within(grace, l.ended) {
			l.end(errors.New("it does not listen any more"))
			<-l.ended
		}
		return &plugin.Error{
			Kind: plugin.Transient, Msg: method + ": adapter " + p.name() + " ended: " + l.why(),
			Err: plugin.ErrNoAnswer, Hint: "it is started again; roster plugin list shows how often it ended",
		}
	}
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok {
		return err
	}
	clean := *e
	clean.Msg, clean.Hint = printable(p.secrets.hide(e.Msg)), printable(cut(p.secrets.hide(e.Hint), maxLine))
	return &clean
}

// noteStart notes that a process runs.
func (p *Process) noteStart(pid int) {
	p.note(func(s *Status) {
		s.State, s.Pid, s.Owner, s.Since, s.Starts = Running, pid, os.Getpid(), time.Now(), s.Starts+1
	})
}

// noteEnd notes how the process pid has ended (0: it never ran), and what else of
// that there is to say. That another one runs, of this Roster or of another,
// stays.
func (p *Process) noteEnd(pid int, how State, change func(*Status)) {
	p.note(func(s *Status) {
		if s.State != Running || s.Pid == pid {
			s.State, s.Pid, s.Owner, s.Since = how, 0, 0, time.Now()
		}
		change(s)
	})
}

// note changes what the operator sees.
func (p *Process) note(change func(*Status)) {
	p.noting.Lock()
	defer p.noting.Unlock()
	err := p.kept.note(p.name(), change)
	if err != nil {
		p.log.Debug("the status of an adapter could not be noted", zap.Error(err))
	}
}

// withoutWords is a fault without what the adapter said itself: that may be
// personal, and a status is kept.
func withoutWords(fault error) string {
	text, _, _ := strings.Cut(fault.Error(), "; it last said: ")
	return cut(text, maxLine)
}
