package wecomtest

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A fault is what is wrong with a call, some times or for good.
type fault struct {
	call  string
	query url.Values
	times int // negative: for good
	trouble
}

// trouble is what happens to one making of a call.
type trouble struct {
	code   Code
	cut    bool
	delay  time.Duration
	before []func()
	resume chan struct{} // not answered before this is closed
}

func (t trouble) err() error {
	if t.code == 0 {
		return nil
	}
	return t.code
}

type faults struct {
	mu  sync.Mutex
	all []*fault
}

// Fail has a call answer an errcode, the given number of times; -1 is for good.
// "user/list" is a call, "user/list?department_id=7" the same with just these
// parameters, and "" any call. Faults of one call come one after the other.
func (s *Server) Fail(call string, code, times int) {
	s.faults.add(call, times, trouble{code: Code(code)})
}

// Cut has the answer to a call end in the middle, and the connection with it.
// It names calls and times as Fail does.
func (s *Server) Cut(call string, times int) { s.faults.add(call, times, trouble{cut: true}) }

// Slow has each answer to a call take that much longer, from now on.
func (s *Server) Slow(call string, d time.Duration) { s.faults.add(call, -1, trouble{delay: d}) }

// Before does something when a call is made the next time, before it is
// answered: the company changes in the middle of a reading.
func (s *Server) Before(call string, do func()) {
	s.faults.add(call, 1, trouble{before: []func(){do}})
}

// Stall has no call answered from now on, until Mend or Close. The channel is
// closed once somebody waits.
func (s *Server) Stall() <-chan struct{} { return s.StallAt("") }

// StallAt is Stall for one call, named as for Fail.
func (s *Server) StallAt(call string) <-chan struct{} {
	waiting, resume := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(waiting) })
	s.faults.add(call, -1, trouble{resume: resume, before: []func(){once}})
	return waiting
}

// Mend ends all faults.
func (s *Server) Mend() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, fault := range s.faults.all {
		if fault.resume != nil {
			close(fault.resume)
		}
	}
	s.faults.all = nil
}

func (f *faults) add(pattern string, times int, t trouble) {
	call, parameters, _ := strings.Cut(pattern, "?")
	query, err := url.ParseQuery(parameters)
	if err != nil {
		panic(err) // a mistake of the test
	}
	if times == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, &fault{call, query, times, t})
}

// take gives what is wrong with a call this time.
func (f *faults) take(call string, query url.Values) trouble {
	f.mu.Lock()
	defer f.mu.Unlock()
	var sum trouble
	left := f.all[:0:0]
	for _, fault := range f.all {
		fails := fault.code != 0 || fault.cut
		if fault.meets(call, query) && (!fails || sum.code == 0 && !sum.cut) {
			sum.join(fault.trouble)
			fault.times = max(fault.times-1, -1)
		}
		if fault.times != 0 {
			left = append(left, fault)
		}
	}
	f.all = left
	return sum
}

func (f *fault) meets(call string, query url.Values) bool {
	for name := range f.query {
		if query.Get(name) != f.query.Get(name) {
			return false
		}
	}
	return f.call == "" || f.call == call
}

func (t *trouble) join(other trouble) {
	if other.code != 0 || other.cut {
		t.code, t.cut = other.code, other.cut
	}
	if other.resume != nil {
		t.resume = other.resume
	}
	t.delay += other.delay
	t.before = append(t.before, other.before...)
}

// holdUp waits as long as an answer is to take. It says false where nobody
// waits for it any more.
func (s *Server) holdUp(r *http.Request, t trouble) bool {
	if t.delay > 0 {
		timer := time.NewTimer(t.delay)
		defer timer.Stop()
		if !await(s, r, timer.C) {
			return false
		}
	}
	return t.resume == nil || await(s, r, t.resume)
}

// await waits for a signal, a client that leaves, or the end.
func await[T any](s *Server, r *http.Request, signal <-chan T) bool {
	select {
	case <-signal:
		return true
	case <-r.Context().Done():
	case <-s.quit:
	}
	return false
}
