package engine

import (
	"crypto/sha256"
	"maps"
	"time"
)

const (
	// remembered is how long it is known at least that an event was kept.
	remembered = 10 * time.Minute
	// maxRemembered is how many are known; where more come the oldest are forgotten.
	maxRemembered = 1 << 16
)

// Repeats are the events that were kept lately: a system that heard no answer
// sends them again. It is for one goroutine.
type repeats struct {
	recent, older map[trace]bool
	since         time.Time // of recent
}

// A trace tells one event of a source from another.
type trace [16]byte

// Arrivals are events on their way to the disk: only there are they kept, and
// what is not may come again.
type arrivals struct {
	of  *repeats
	new map[trace]bool
}

// begin forgets what is old enough, and takes arrivals.
func (r *repeats) begin(now time.Time) arrivals {
	if now.Sub(r.since) >= remembered || len(r.recent) >= maxRemembered/2 {
		if now.Sub(r.since) >= 2*remembered {
			r.recent = nil
		}
		r.recent, r.older, r.since = map[trace]bool{}, r.recent, now
	}
	return arrivals{r, map[trace]bool{}}
}

// first says whether this event was not kept before, nor is among the arrivals.
func (a arrivals) first(source string, event []byte) bool {
	sum := sha256.Sum256(append([]byte(source+"\x00"), event...))
	t := trace(sum[:16])
	if a.of.recent[t] || a.of.older[t] || a.new[t] {
		return false
	}
	a.new[t] = true
	return true
}

// keep says that the arrivals are on disk.
func (a arrivals) keep() { maps.Copy(a.of.recent, a.new) }
