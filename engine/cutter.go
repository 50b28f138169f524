package engine

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// How many items one transaction writes: to begin with so many, then as many as
// keep the rows that people may be editing, and the departments that they may be
// removing, for held. Rows that are all new hold nobody up.
const (
	fewest     = 100
	chunkFirst = 500
	chunkItems = 1000
	chunkNew   = 5000
	held       = 50 * time.Millisecond
)

// span is a range of items, both ends included, by _n.
type span struct {
	first, last int64
	items       int
}

// A cutter cuts the items that are still to be written into chunks, at the pace
// that the database keeps. Those whose values change hands are one chunk, the
// first. None reaches over what has been written. It is safe for concurrent use.
type cutter struct {
	most   int
	steady bool // the pace is not kept

	mu   sync.Mutex // guards what follows
	rest [][]int64
	size int
}

// newCutter makes a cutter of the places of items, a list for each stretch
// between chunks that have been written. Where there is one writer at a time,
// which holds up all others anyway, chunks are as large as they may be.
func newCutter(stretches [][]int64, l *layout, f facts, alone bool) *cutter {
	c := &cutter{most: chunkNew, rest: stretches, size: chunkNew}
	switch {
	case whole(l, f):
		c.most, c.size, c.steady = math.MaxInt, math.MaxInt, true
	case f.has("update", "link", "touch", "delete", "disable", "unlink", "keep"):
		c.most, c.size = chunkItems, chunkFirst
	case f.has("membership add"):
		c.size = chunkFirst
	}
	if alone {
		c.size, c.steady = c.most, true
	}
	return c
}

// whole says whether all items are written at once: departments, where the tree
// changes.
func whole(l *layout, f facts) bool {
	return l.Type == plugin.Department && f.has("create", "delete", "derived")
}

// next cuts the next chunk off, if there is one.
func (c *cutter) next() (s span, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rest) == 0 {
		return s, false
	}
	ns := c.rest[0]
	n, _ := slices.BinarySearch(ns, 0)
	if n == 0 || c.most == math.MaxInt {
		n = min(c.size, len(ns))
	}
	if c.rest[0] = ns[n:]; n == len(ns) {
		c.rest = c.rest[1:]
	}
	return span{ns[0], ns[n-1], n}, true
}

// took says how long a chunk has held its rows; the next ones hold as many as
// go into the time.
func (c *cutter) took(s span, d time.Duration) {
	if c.steady || s.items < fewest {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fits := int(float64(s.items) * float64(held) / float64(max(d, 1)))
	c.size = min(max(fits, fewest), 2*c.size, c.most)
}
