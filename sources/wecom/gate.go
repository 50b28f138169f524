package wecom

import (
	"context"
	"sync"
	"time"
)

// calm is how many calls must succeed before the gate opens a place again.
const calm = 50

// A gate bounds how many calls are made at a time, to fewer when WeCom says that
// they are too many, and keeps all of them waiting when it wants to be left alone.
type gate struct {
	places chan struct{} // those that are free

	mu       sync.Mutex // guards what follows
	closed   int        // places that were given up
	owed     int        // of them, those that are not free yet
	narrowed time.Time
	opens    time.Time
	streak   int // calls that succeeded since
}

func newGate(n int) *gate {
	g := &gate{places: make(chan struct{}, n)}
	for range n {
		g.places <- struct{}{}
	}
	return g
}

// enter waits for a place, and until the gate is open.
func (g *gate) enter(ctx context.Context) error {
	select {
	case <-g.places:
	case <-ctx.Done():
		return ctx.Err()
	}
	g.mu.Lock()
	wait := time.Until(g.opens)
	g.mu.Unlock()
	if err := pause(ctx, wait); err != nil {
		g.leave()
		return err
	}
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.owed > 0 {
		g.owed--
		return
	}
	g.places <- struct{}{}
}

// shut lets nobody in for a while.
func (g *gate) shut(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if opens := time.Now().Add(d); opens.After(g.opens) {
		g.opens = opens
	}
}

// narrow halves the places, but once for all calls that were under way together.
func (g *gate) narrow(began time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if began.Before(g.narrowed) {
		return
	}
	half := (cap(g.places) - g.closed) / 2
	g.closed, g.owed = g.closed+half, g.owed+half
	g.narrowed, g.streak = time.Now(), 0
}

// widen counts a call that succeeded, and opens a place after many of them.
func (g *gate) widen() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == 0 {
		return
	}
	if g.streak++; g.streak < calm {
		return
	}
	g.streak = 0
	g.closed--
	if g.owed > 0 {
		g.owed--
		return
	}
	g.places <- struct{}{}
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
