package process

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

const (
	crashWindow = time.Minute
	maxCrashes  = 5 // within crashWindow
	offFor      = 5 * time.Minute
	firstDelay  = time.Second / 2 // before it is started again; then twice that, and so on
)

// A start is under way, for all who need the process.
type start struct {
	done chan struct{} // closed when the rest is set
	life *life
	err  error
	over chan struct{} // closed when its end has been taken note of
}

// alive gives a running process, one that is started if need be, or the error of
// that.
func (p *Process) alive(ctx context.Context) (*life, error) {
	for {
		s, err := p.starter()
		if err != nil {
			return nil, err
		}
		if wait(ctx, s.done) && (s.err != nil || !isClosed(s.life.ended)) {
			return s.life, s.err
		}
		if ctx.Err() == nil && wait(ctx, s.over) {
			continue // the next
		}
		return nil, &plugin.Error{Kind: plugin.Canceled, Msg: "the start of adapter " + p.name() + " was not waited for", Err: context.Cause(ctx)}
	}
}

// wait says whether a channel was closed before ctx ended.
func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// starter gives the start that made the process, or one that is to.
func (p *Process) starter() (*start, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closing.Err() != nil:
		return nil, &plugin.Error{Kind: plugin.Canceled, Msg: "adapter " + p.name() + " is not started any more", Hint: "Roster is ending"}
	case p.now != nil:
		return p.now, nil
	}
	if wait := time.Until(p.offUntil); wait > 0 {
		return nil, p.isOff(wait)
	}
	s := &start{done: make(chan struct{}), over: make(chan struct{})}
	p.now = s
	p.lives++
	number, delay := p.lives, delayAfter(len(p.recent(time.Now())))
	p.running.Go(func() { p.live(s, strconv.Itoa(number), delay) })
	return s, nil
}

// delayAfter is how long to wait after so many crashes.
func delayAfter(crashes int) time.Duration {
	if crashes == 0 {
		return 0
	}
	return firstDelay << (crashes - 1)
}

// live starts the process, tells who waits for it, and sees its end.
func (p *Process) live(s *start, number string, delay time.Duration) {
	defer close(s.over)
	l, err := p.begin(number, delay)
	if err != nil {
		p.crashed(s, 0, err)
		s.err = err
		close(s.done)
		return
	}
	s.life = l
	close(s.done)
	<-l.ended
	p.ended(s, l)
}

func (p *Process) begin(number string, delay time.Duration) (*life, error) {
	if within(delay, p.closing.Done()) && p.closing.Err() != nil {
		return nil, &plugin.Error{Kind: plugin.Canceled, Msg: "adapter " + p.name() + " is not started any more"}
	}
	child, err := p.launch()
	if err != nil {
		return nil, err
	}
	l := newLife(p.name(), number, child, p.log, &p.secrets)
	if err := l.greet(p.closing, p.found.Manifest, p.version); err != nil {
		err = p.explain(p.closing, l, "initialize", err)
		l.end(errors.New("it was refused"))
		<-l.ended
		return nil, err
	}
	p.log.Info("an adapter was started", zap.Int("pid", child.pid))
	p.noteStart(child.pid)
	return l, nil
}

// ended takes note of the end of a life, which was a crash if nobody wanted it.
func (p *Process) ended(s *start, l *life) {
	p.mu.Lock()
	wanted := p.now != s
	p.mu.Unlock()
	if !wanted {
		p.crashed(s, l.child.pid, &plugin.Error{Kind: plugin.Transient, Msg: "adapter " + p.name() + " ended: " + l.why(), Err: plugin.ErrNoAnswer})
		return
	}
	p.log.Info("an adapter was stopped")
	p.noteEnd(l.child.pid, Stopped, func(*Status) {})
}

// crashed takes note of a life that ended by itself, or never began; then pid is 0.
func (p *Process) crashed(s *start, pid int, fault error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == s {
		p.now = nil
	}
	if p.closing.Err() != nil {
		return
	}
	now := time.Now()
	p.crashes = append(p.recent(now), now)
	p.fault = fault
	state := Stopped
	if len(p.crashes) >= maxCrashes {
		state, p.offUntil, p.crashes = Off, now.Add(offFor), nil
	}
	p.log.Warn("an adapter failed", zap.String("kind", string(plugin.KindOf(fault))), zap.String("why", cut(fault.Error(), maxLine)), zap.Bool("off", state == Off))
	p.noteEnd(pid, state, func(st *Status) {
		st.Crashes, st.Until = st.Crashes+1, p.offUntil
		st.Fault, st.FaultAt = withoutWords(fault), now
	})
}

// recent are the crashes that count yet.
func (p *Process) recent(now time.Time) []time.Time {
	for len(p.crashes) > 0 && now.Sub(p.crashes[0]) > crashWindow {
		p.crashes = p.crashes[1:]
	}
	return p.crashes
}

// isOff is the error while the process is left alone.
func (p *Process) isOff(wait time.Duration) error {
	return &plugin.Error{
		Kind: plugin.KindOf(p.fault), RetryAfter: wait,
		Msg: fmt.Sprintf("adapter %s is off for %v, since it ended %d times within a minute", p.name(), wait.Round(time.Second), maxCrashes), Err: p.fault,
	}
}
