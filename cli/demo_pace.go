package cli

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A pace is how much time the demo gives its reader. The zero pace is in a hurry.
type pace struct {
	until time.Time // when it begins to be
}

// How long a reader needs.
const (
	aKey      = 12 * time.Millisecond
	aRow      = 30 * time.Millisecond // of a table
	aSentence = 200 * time.Millisecond
)

// print prints text line by line, each with as much time.
func (p *pace) print(ctx context.Context, to screen, text string, each time.Duration) {
	for line := range strings.Lines(text) {
		fmt.Fprint(to, line)
		p.pause(ctx, each)
	}
}

// pause waits, as long as there is time and the demo is not interrupted.
func (p *pace) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(min(d, time.Until(p.until)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
