package httpapi

import (
	"fmt"

	"github.com/nocobase-roster/roster/plugin"
)

// Progress is what has come of one list.
type progress struct {
	Answers  int  `json:"answers,omitempty"`
	Rows     int  `json:"rows,omitempty"`     // records, some of them twice
	Distinct int  `json:"distinct,omitempty"` // uids
	Moved    int  `json:"moved,omitempty"`    // uids that were in an earlier answer too
	Nameless int  `json:"nameless,omitempty"` // records without a proper uid
	Nulls    int  `json:"nulls,omitempty"`    // answers with null in place of a list
	Total    *int `json:"total,omitempty"`    // as the last answer tells
	Changed  bool `json:"changed,omitempty"`  // answers told different totals
	Resumed  bool `json:"resumed,omitempty"`  // a reading was cut off in the middle of the list
}

// add counts one answer.
func (p *progress) add(a *batch) {
	p.Answers++
	p.Rows += a.rows
	p.Moved += a.moved
	p.Nameless += a.nameless
	if a.null {
		p.Nulls++
	}
	if a.total != nil {
		p.Changed = p.Changed || p.Total != nil && *p.Total != *a.total
		p.Total = a.total
	}
}

// reached says that as many came as the answers tell: a system that repeats its
// last page for ever need not be asked for another.
func (p *progress) reached() bool { return p.Total != nil && p.Rows >= *p.Total }

// doubts are the reasons for which somebody may be missing; without any, all of
// the list came.
func (p *progress) doubts(l *list) []string {
	var doubts []string
	doubt := func(format string, args ...any) {
		doubts = append(doubts, l.name+": "+fmt.Sprintf(format, args...)+"; nobody is taken for gone")
	}
	shifts := l.paging.Type == byPage || l.paging.Type == byOffset
	if p.Nameless > 0 {
		doubt("%d records have no uid of 1 to 255 characters and were left out", p.Nameless)
	}
	if p.Moved > 0 {
		doubt("%d records came in more than one answer: the list moved while it was read", p.Moved)
	}
	if p.Changed {
		doubt("the total changed while it was read")
	}
	switch {
	case p.Total != nil && *p.Total != p.Rows:
		doubt("the answers tell of %d records, and %d came", *p.Total, p.Rows)
	case p.Total == nil && p.Nulls > 0:
		doubt("%d answers have null in place of a list, which may be how the system fails, and no total says that it is empty", p.Nulls)
	case p.Total == nil && p.Resumed && shifts:
		doubt("the reading was cut off and gone on with, and no total says whether the list moved meanwhile")
	}
	return doubts
}

// A bookmark is the State of a page: where a reading stands.
type bookmark struct {
	Of    string     `json:"of"`   // the digest of the source
	List  int        `json:"list"` // which is read
	Place place      `json:"at"`   // in it
	Lists []progress `json:"lists"`
}

// result says what a reading came to.
func (r *reading) result() plugin.Reading {
	out := plugin.Reading{Complete: true, Counts: map[plugin.Type]int{}}
	for i, l := range r.source.lists {
		p := &r.mark.Lists[i]
		out.Counts[l.typ] = p.Distinct
		out.Warnings = append(out.Warnings, p.doubts(l)...)
	}
	out.Complete = len(out.Warnings) == 0
	return out
}
