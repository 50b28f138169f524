//go:build nocobase

package nocobase_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/nocobase/host"
)

const page = "../docs/compatibility.md"

// Whatever is pushed, NocoBase shows the same through Roster as through its own
// engine, except where a rule of ours wants it otherwise; and the page for
// operators tells all of that. How NocoBase names its tables makes no difference.
func TestCompatibility(t *testing.T) {
	for _, naming := range []struct {
		name string
		host.Naming
	}{
		{"default", host.Naming{}},
		{"schema, prefix, underscored", host.Naming{Schema: "nbs", Prefix: "nb_", Underscored: true}},
	} {
		t.Run(naming.name, func(t *testing.T) {
			s := newStage(t, naming.Naming)
			p := pageWriter{deviations: deviations()}
			for _, c := range scenarios() {
				t.Run(c.name, func(t *testing.T) {
					theirs, ours := s.play(t, c.act)
					if p.judge(t, c, theirs, ours); !t.Failed() {
						p.add(c, theirs, ours)
					}
				})
			}
			for name := range p.deviations {
				if !slices.ContainsFunc(scenarios(), func(c scenario) bool { return c.name == name }) {
					t.Errorf("a deviation is of no scenario: %s", name)
				}
			}
			write := *update && naming.Naming == host.Naming{}
			if write || !t.Failed() {
				p.compare(t, write)
			}
		})
	}
}

// A scenario is pushes, and what operators do in between.
type scenario struct {
	name string // what happens
	act  func(*site)
}

// judge fails when the outcomes differ and should not, or should and do not.
func (p *pageWriter) judge(t *testing.T, c scenario, theirs, ours []string) {
	t.Helper()
	d, meant := p.deviations[c.name]
	switch differs := !slices.Equal(theirs, ours); {
	case differs && !meant:
		t.Errorf("%s\nNocoBase's engine (-) and Roster (+) differ:\n%s", c.name, strings.Join(difference(theirs, ours), "\n"))
	case !differs && meant:
		t.Errorf("%s\ndiffers no more, though it is said to (%s):\n%s", c.name, d.rule, strings.Join(ours, "\n"))
	}
}

// A pageWriter collects docs/compatibility.md.
type pageWriter struct {
	deviations            map[string]deviation
	table, equal, details strings.Builder
}

func (p *pageWriter) add(c scenario, theirs, ours []string) {
	d, meant := p.deviations[c.name]
	if !meant {
		fmt.Fprintf(&p.equal, "- %s\n", c.name)
		return
	}
	fmt.Fprintf(&p.table, "| %s | %s | %s | %s (%s) |\n", c.name, d.nocobase, d.roster, d.why, d.rule)
	fmt.Fprintf(&p.details, "\n### %s\n\n```diff\n%s\n```\n", c.name, strings.Join(difference(theirs, ours), "\n"))
}

func (p *pageWriter) text() string {
	return `# Roster and NocoBase's own engine

What NocoBase ` + host.Version + ` shows of a directory after the same pushes through its own engine
(` + "`userData:push`" + `) and through Roster. ` + "`task test:nocobase`" + ` plays every case below on two running
NocoBases, asks both over their API, and writes this page; §5 is the list of rules in the design.

## What differs

| what happens | what NocoBase's engine does | what Roster does | why |
| --- | --- | --- | --- |
` + p.table.String() + `
## What is equal

The answers to the pushes, users, departments, their order and tree, members, owners, main departments and roles:

` + p.equal.String() + `
## What was seen

Lines with - are what NocoBase shows after its own engine, lines with + what it shows after Roster. The answers say how
many records of how many were written.
` + p.details.String()
}

// compare holds the page to what was seen, or writes it.
func (p *pageWriter) compare(t *testing.T, write bool) {
	t.Helper()
	if write {
		if err := os.WriteFile(page, []byte(p.text()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(page)
	if diff := gocmp.Diff(string(was), p.text()); diff != "" || err != nil {
		t.Errorf("docs/compatibility.md is not what was seen: run the test with -update, and read the page (-page +seen):\n%s", cmp.Or(diff, fmt.Sprint(err)))
	}
}
