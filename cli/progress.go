package cli

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A progress shows how far a run is, on standard error: as a bar on a
// terminal, as a line for each phase elsewhere, not at all for scripts.
type progress struct {
	out   screen
	quiet bool
	last  engine.Progress
	begun time.Time // of the phase
	drawn time.Time
}

func (a *app) newProgress() *progress { return &progress{out: a.err, quiet: a.json} }

// report is called by the engine.
func (p *progress) report(now engine.Progress) {
	changed := now.State != p.last.State || now.Type != p.last.Type
	if changed {
		p.begun = time.Now()
	}
	p.last = now
	switch {
	case p.quiet:
	case p.out.terminal:
		p.draw(changed)
	case changed:
		fmt.Fprintln(p.out, phase(now))
	}
}

// draw draws the bar, ten times a second at most.
func (p *progress) draw(changed bool) {
	if !changed && time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	line := bar(p.last, time.Since(p.begun))
	fmt.Fprint(p.out, "\r"+widths().Truncate(line, p.out.columns()-1, "")+"\x1b[K")
}

// end takes the bar away.
func (p *progress) end() {
	if !p.quiet && p.out.terminal && p.last.State != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// bar is the line of a terminal: phase, bar, amount and rate.
func bar(p engine.Progress, spent time.Duration) string {
	line := fmt.Sprintf("%-22s", phase(p))
	line += gauge(p, spent) + amount(p)
	if seconds := spent.Seconds(); seconds >= 1 && p.Done > 0 {
		line += fmt.Sprintf("  %s/s", humanize.Comma(int64(float64(p.Done)/seconds)))
	}
	return line
}

// gauge is a bar as long as what is done of it all; where it is not known how
// much that is, a block wanders.
func gauge(p engine.Progress, spent time.Duration) string {
	const cells, block = 24, 4
	switch {
	case p.Total > 0:
		full := min(cells, cells*p.Done/p.Total)
		return " " + strings.Repeat("█", full) + strings.Repeat("░", cells-full)
	case p.Done > 0:
		at := int(spent/(50*time.Millisecond)) % (cells - block + 1)
		return " " + strings.Repeat("░", at) + strings.Repeat("█", block) + strings.Repeat("░", cells-block-at)
	}
	return ""
}

// phase names what is being done.
func phase(p engine.Progress) string {
	if p.Type == "" {
		return string(p.State)
	}
	return string(p.State) + " " + plural(p.Type)
}

// amount says how many are done.
func amount(p engine.Progress) string {
	switch {
	case p.Total > 0:
		return fmt.Sprintf(" %s/%s", humanize.Comma(int64(p.Done)), humanize.Comma(int64(p.Total)))
	case p.Done > 0:
		return " " + humanize.Comma(int64(p.Done))
	}
	return ""
}

// plural names what is of a type.
func plural(t plugin.Type) string { return cmp.Or(string(t), "record") + "s" }
