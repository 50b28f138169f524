package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// pageRecords is how many records go into a page at most, however many an
// answer has.
const pageRecords = 1000

// A reading is one Read of a source.
type reading struct {
	source *source
	emit   func(plugin.Page) error
	mark   bookmark

	// Of the list that is read, as hashes: which answer a uid was in first, and
	// which answers there were.
	seed    maphash.Seed
	uids    map[uint64]int
	answers map[uint64]bool
	before  int // distinct uids of an earlier Read
}

// A batch is one answer while it is read.
type batch struct {
	answer
	records  []plugin.Record // that were not emitted yet
	moved    int
	nameless int
	null     bool // it has null in place of a list
	total    *int
	hash     maphash.Hash // of its uids
}

// Read reads one list after the other.
func (s *source) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	if len(req.Only) > 0 {
		return s.lookup(ctx, req.Only, emit)
	}
	r := &reading{source: s, emit: emit, seed: maphash.MakeSeed(), mark: s.resume(req.State)}
	for r.mark.List < len(s.lists) {
		if err := r.list(ctx); err != nil {
			return plugin.Reading{}, err
		}
	}
	return r.result(), nil
}

// resume is where a state says to go on, or the beginning.
func (s *source) resume(state json.RawMessage) bookmark {
	var m bookmark
	if json.Unmarshal(state, &m) != nil || m.Of != s.digest || len(m.Lists) != len(s.lists) || m.List < 0 {
		return bookmark{Of: s.digest, Lists: make([]progress, len(s.lists))}
	}
	if m.List < len(m.Lists) && m.Lists[m.List].Answers > 0 {
		m.Lists[m.List].Resumed = true
	}
	return m
}

// list reads what is left of the list that the bookmark is in.
func (r *reading) list(ctx context.Context) error {
	l := r.source.lists[r.mark.List]
	r.uids, r.answers = map[uint64]int{}, map[uint64]bool{}
	r.before = r.mark.Lists[r.mark.List].Distinct
	for more := true; more; {
		var err error
		if more, err = r.answer(ctx, l); err != nil {
			return fmt.Errorf("read %s: %w", l.name, err)
		}
	}
	return nil
}

// answer reads one answer, moves the bookmark past it, and says whether the list
// has more.
func (r *reading) answer(ctx context.Context, l *list) (more bool, err error) {
	var b *batch
	err = r.source.client.get(ctx, l.call(r.mark.Place), func(a *answer) error {
		b = &batch{answer: *a}
		b.hash.SetSeed(r.seed)
		return r.take(l, b)
	})
	if err != nil {
		return false, err
	}
	at, p := r.mark.Place, &r.mark.Lists[r.mark.List]
	p.add(b)
	p.Distinct = r.before + len(r.uids)
	r.mark.Place, more, err = l.paging.after(at, &b.answer)
	if err != nil {
		return false, err
	}
	if sum := b.hash.Sum64(); b.rows > 0 {
		if r.answers[sum] {
			return false, loops()
		}
		r.answers[sum] = true
	}
	if shifts := l.paging.Type == byPage || l.paging.Type == byOffset; shifts && p.reached() {
		more = false
	}
	if !more {
		r.mark.List, r.mark.Place = r.mark.List+1, place{}
	}
	return more, r.flush(b)
}

// take reads the records of an answer. All but the last of them are emitted
// while it comes, with the state from before it.
func (r *reading) take(l *list, b *batch) error {
	state := r.state()
	values, err := walk(b.body, l.shape(), func(theirs map[string]any) error {
		if len(b.records) == pageRecords {
			if err := r.emit(plugin.Page{Records: b.records, State: state}); err != nil {
				return err
			}
			b.records = nil
		}
		r.record(l, b, theirs)
		return nil
	})
	if err != nil {
		return err
	}
	if b.rows > 0 && b.nameless == b.rows {
		return nameless(l)
	}
	_, b.null = values[l.records.String()]
	b.next = values[l.paging.next.String()]
	if l.total != nil {
		b.total, err = total(l, values[l.total.String()])
	}
	return err
}

func nameless(l *list) error {
	return &plugin.Error{
		Kind: plugin.Config, Path: "/" + l.name + "/fields/uid", Msg: "no record has a uid of 1 to 255 characters",
		Hint: "map uid to the field that identifies a record",
	}
}

// shape says what is looked for in an answer of the list.
func (l *list) shape() shape {
	return shape{records: l.records, others: []mapping.Path{l.total, l.paging.next}}
}

func total(l *list, v any) (*int, error) {
	text, _ := mapping.Text(v)
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, mapping.Wrong("/"+l.name+"/total", "the answer has no number there", "say where it tells how many records there are, or leave total empty")
	}
	return &n, nil
}

func (r *reading) record(l *list, b *batch, theirs map[string]any) {
	b.rows++
	record, ok := l.mapping.record(l.typ, theirs)
	if !ok {
		b.nameless++
		return
	}
	b.hash.WriteString(record.UID)
	b.hash.WriteByte(0)
	n, uid := r.mark.Lists[r.mark.List].Answers, maphash.String(r.seed, record.UID)
	if first, seen := r.uids[uid]; !seen {
		r.uids[uid] = n
	} else if first != n {
		b.moved++
	}
	b.records = append(b.records, record)
}

// flush emits what is left of an answer, now that it is known what comes next.
func (r *reading) flush(b *batch) error {
	if len(b.records) == 0 {
		return nil
	}
	return r.emit(plugin.Page{Records: b.records, State: r.state()})
}

func (r *reading) state() json.RawMessage {
	mark := r.mark
	mark.Lists = slices.Clone(mark.Lists)
	state, err := json.Marshal(mark)
	if err != nil {
		panic(err) // it holds numbers and text only
	}
	return state
}
