package process

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// A wrong is a thing that an adapter must not do.
type wrong string

// The wrongs, as they are said to an operator.
const (
	noMessage  wrong = "it wrote to its standard output what is no message"
	broken     wrong = "it sent a broken message, and a call may wait in vain for what was in it"
	unasked    wrong = "it answered what it was not asked"
	asking     wrong = "it called a method, and adapters are not answered any"
	flooding   wrong = "it sent more notifications than are read"
	heedless   wrong = "it went on with what was taken back"
	unanswered wrong = "it answered in time neither what it was asked nor a ping"
)

const (
	maxWrongs  = 100    // in one life; then the process is ended
	maxNotices = 10_000 // notifications in a second
)

// A conduct counts what an adapter does wrong in one life. Each wrong is said once
// in the log, and after too many of them the process is ended. It is safe for
// concurrent use.
type conduct struct {
	log *zap.Logger
	end func(why string) // ends the process; it may be called more than once

	mu      sync.Mutex // guards what follows
	count   map[wrong]int
	total   int
	second  int64 // in which
	notices int   // so many came
}

func newConduct(log *zap.Logger, end func(why string)) *conduct {
	return &conduct{log: log, end: end, count: map[wrong]int{}}
}

// note takes down a wrong.
func (c *conduct) note(w wrong) {
	c.mu.Lock()
	c.count[w]++
	c.total++
	first, enough := c.count[w] == 1, c.total == maxWrongs
	c.mu.Unlock()
	if first {
		c.log.Warn("an adapter does not keep to the protocol; this is said once", zap.String("what", string(w)))
	}
	if enough {
		c.end(fmt.Sprintf("it did %d things wrong, the last: %s", maxWrongs, w))
	}
}

// bad takes down what was no message. After a message that is lost nobody knows
// what is still to come, so that the process is ended.
func (c *conduct) bad(lost bool) {
	if !lost {
		c.note(noMessage)
		return
	}
	c.note(broken)
	c.end(string(broken))
}

// notice takes down a notification, and says whether there is time for it.
func (c *conduct) notice(now time.Time) bool {
	c.mu.Lock()
	if second := now.Unix(); second != c.second {
		c.second, c.notices = second, 0
	}
	c.notices++
	few := c.notices <= maxNotices
	c.mu.Unlock()
	if !few {
		c.note(flooding)
	}
	return few
}
