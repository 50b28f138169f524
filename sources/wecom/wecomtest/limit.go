package wecomtest

import (
	"sync"
	"time"
)

// limits counts calls, each kind by itself.
type limits struct {
	mu                    sync.Mutex
	perMinute, concurrent int // 0: no limit
	calls                 map[string]*usage
}

// usage is what is made of one kind of call.
type usage struct {
	minute, hour window
	now          int // under way
}

// A window is a span of time in which so many calls are allowed. One too many
// blocks the call for as long again.
type window struct {
	count          int
	until, blocked time.Time
}

// Limit sets how often a call may be made in a minute (45009 after; fifteen
// times that in an hour) and how many of one kind at once (45033); 0 is as
// often as one likes. Counts begin anew. At first it is what WeCom says of
// itself: 10,000 in a minute, and as many at once as one likes.
func (s *Server) Limit(perMinute, concurrent int) {
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	s.limits.perMinute, s.limits.concurrent = perMinute, concurrent
	for _, u := range s.limits.calls {
		u.minute, u.hour = window{}, window{}
	}
}

// enter counts a call that begins. What it gives is called when it ends.
func (l *limits) enter(call string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[string]*usage{}
	}
	u := l.calls[call]
	if u == nil {
		u = &usage{}
		l.calls[call] = u
	}
	u.now++
	now := time.Now()
	allowed := u.minute.allows(now, time.Minute, l.perMinute) && u.hour.allows(now, time.Hour, 15*l.perMinute)
	switch {
	case !allowed:
		err = CallLimit
	case l.concurrent > 0 && u.now > l.concurrent:
		err = ConcurrencyLimit
	}
	return func() { l.leave(u) }, err
}

func (l *limits) leave(u *usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u.now--
}

func (w *window) allows(now time.Time, span time.Duration, most int) bool {
	if !now.Before(w.until) {
		w.count, w.until = 0, now.Add(span)
	}
	w.count++
	if most > 0 && w.count > most && !now.Before(w.blocked) {
		w.blocked = now.Add(span)
		w.until = w.blocked
	}
	return most == 0 || !now.Before(w.blocked)
}

// counts has how often each call was made.
type counts struct {
	mu    sync.Mutex
	calls map[string]int
}

// Calls says how often a call was made, whatever was answered: "user/list",
// "gettoken"; "" is all of them.
func (s *Server) Calls(call string) int {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	if call != "" {
		return s.counts.calls[call]
	}
	all := 0
	for _, n := range s.counts.calls {
		all += n
	}
	return all
}

func (c *counts) add(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[call]++
}
