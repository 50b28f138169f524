package plugintest

import (
	"io"
	"slices"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// resumeChecks hold a source to what it promises of readings that were cut off.
func resumeChecks() []Check[System] {
	return []Check[System]{
		{
			Name: "a Read goes on after the page whose State it is given",
			Why:  "what lies between would be lost, and after a complete reading removed",
			Run: func(t T, s System) {
				eachState(t, s, func(n int, whole, again *reader) {
					all := append(recordsOf(whole.pages()[:n]), again.records()...)
					if diff := contentOf(all...).differs(contentOf(whole.records()...)); diff != "" {
						t.Errorf("cut off after page %d and gone on with, mismatch (-want +got):%s", n, diff)
					}
				})
			},
		},
		{
			Name: "Counts are of all that was emitted, by the Reads that it went on from too",
			Why:  "fewer would have arrived than there are, or more",
			Run: func(t T, s System) {
				eachState(t, s, func(n int, whole, again *reader) {
					for typ, want := range whole.reading.Counts {
						if got, counted := again.reading.Counts[typ]; counted && got != want {
							t.Errorf("cut off after page %d and gone on with: Counts has %d of type %s, want %d", n, got, typ, want)
						}
					}
				})
			},
		},
		{
			Name: "a source that is closed has ended",
			Why:  "connections and goroutines pile up in a process that runs for months",
			Run: func(t T, s System) {
				source, err := s.Open(zap.NewNop())
				if err != nil {
					t.Fatalf("open: %v", err)
				}
				mustRead(t, source, plugin.Request{})
				if c, ok := source.(io.Closer); ok {
					within(t, soon, "Close", func() {
						if err := c.Close(); err != nil {
							t.Errorf("Close() = %v", err)
						}
					})
				}
			},
		},
	}
}

// eachState cuts a reading off after each of its pages, and has a source that was
// opened anew go on.
func eachState(t T, s System, f func(n int, whole, again *reader)) {
	t.Helper()
	whole := mustRead(t, open(t, s), plugin.Request{})
	for i, p := range whole.pages() {
		f(i+1, whole, mustRead(t, open(t, s), plugin.Request{State: slices.Clone(p.State)}))
	}
}

func recordsOf(pages []plugin.Page) []plugin.Record {
	var all []plugin.Record
	for _, p := range pages {
		all = append(all, p.Records...)
	}
	return all
}
