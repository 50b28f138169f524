package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/nocobase-roster/roster/plugin"
)

// A puller is the host's end of the readings of an open source, one after the
// other. Requests take turns with it.
type puller struct {
	turn    chan struct{}          // filled by the request that has it
	holder  atomic.Pointer[flight] // of that request
	reading *reading               // nil before the first; of who has the turn
}

func newPuller() puller { return puller{turn: make(chan struct{}, 1)} }

// take waits for its turn. While another request has it and its host still
// wants to know, that is an error; one that was taken back is soon gone.
func (p *puller) take(f *flight) error {
	select {
	case p.turn <- struct{}{}:
		p.holder.Store(f)
		return nil
	default:
	}
	if h := p.holder.Load(); h != nil && h.ctx.Err() == nil {
		return &plugin.Error{
			Kind: plugin.Conflict, Path: "/session", Msg: "another request reads this source",
			Hint: "wait for its answer; to read a source twice at once, open it twice",
		}
	}
	select {
	case p.turn <- struct{}{}:
		p.holder.Store(f)
		return nil
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
}

func (p *puller) release() { <-p.turn }

// wait waits for the goroutine of the reading, which was told to stop.
func (p *puller) wait() {
	if p.reading != nil {
		<-p.reading.ended
	}
}

// A reading is a Source.Read whose pages a host pulls. The source stands in emit
// until the page was handed over, in as many parts as the host wants, and each
// part acknowledged.
type reading struct {
	pages  chan plugin.Page
	stored chan struct{} // the page is
	ended  chan struct{} // closed when the next two are set
	result plugin.Reading
	err    error

	// Of the request that has the turn:
	page    *plugin.Page // what of the last page has not been acknowledged
	part    int          // how many of its records the last answer has
	carrier *flight      // the request that this answer, or the end, goes to; nil once it is acknowledged
}

// read begins to read the source.
func (o *openSource) read(state json.RawMessage) *reading {
	r := &reading{pages: make(chan plugin.Page), stored: make(chan struct{}), ended: make(chan struct{})}
	emit := func(p plugin.Page) error { return r.emit(o.ctx, p) }
	go func() {
		defer close(r.ended)
		defer rescue(o.log, "reading "+o.of.Name, &r.err)
		r.result, r.err = o.Read(o.ctx, plugin.Request{State: state}, emit)
	}()
	return r
}

// emit returns when the page is stored. A page that says nothing is.
func (r *reading) emit(ctx context.Context, p plugin.Page) error {
	if len(p.Records) == 0 && p.State == nil {
		return nil
	}
	select {
	case r.pages <- p:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.stored:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// carried says whether the host has an answer that it has to act on before it
// reads on: the answer to a request that it took back never came.
func (r *reading) carried() bool { return r.carrier != nil && !r.carrier.lost.Load() }

// told says whether the host knows how the reading ended.
func (r *reading) told() bool { return r.page == nil && r.carried() }

// next gives what comes next, up to so many records and bytes, and waits for it.
func (r *reading) next(f *flight, most, bytes int) (*plugin.ReadResult, error) {
	if r.page == nil {
		select {
		case p := <-r.pages:
			r.page = &p
		case <-r.ended:
			r.carrier = f
			return r.end()
		case <-f.ctx.Done():
			return nil, f.ctx.Err()
		}
	}
	n, err := fit(r.page.Records, most, bytes-len(r.page.State))
	if err != nil {
		return nil, err
	}
	r.part, r.carrier = n, f
	result := &plugin.ReadResult{Pages: plugin.Group(r.page.Records[:n])}
	if n == len(r.page.Records) {
		result.State = r.page.State
	}
	return result, nil
}

// end gives what the reading comes to.
func (r *reading) end() (*plugin.ReadResult, error) {
	if r.err != nil {
		return nil, r.err
	}
	e := r.result
	return &plugin.ReadResult{
		Pages: []plugin.UserData{}, Done: true,
		Complete: e.Complete, Confirm: e.Confirm, Counts: e.Counts, Gone: e.Gone, Hidden: e.Hidden, Warnings: e.Warnings,
	}, nil
}

// ack takes note that the last part is stored.
func (r *reading) ack() error {
	if r == nil || r.page == nil || !r.carried() {
		return &plugin.Error{Kind: plugin.Conflict, Path: "/session", Msg: "there is nothing to acknowledge", Hint: "read first, and acknowledge each answer with pages or state once"}
	}
	r.carrier = nil
	if r.page.Records = r.page.Records[r.part:]; len(r.page.Records) > 0 {
		return nil
	}
	r.page = nil
	select {
	case r.stored <- struct{}{}:
	case <-r.ended: // told to stop meanwhile
	}
	return nil
}

// aroundRecord is how many bytes an answer has around a record at most, without
// the name of its type; aroundPages, around all of them.
const (
	aroundRecord = 64
	aroundPages  = 1024
)

// fit says how many of the records go into an answer of so many bytes, most at most.
func fit(records []plugin.Record, most, bytes int) (int, error) {
	bytes -= aroundPages
	if most = min(most, len(records)); allFit(records[:most], bytes) {
		return most, nil
	}
	for i, r := range records[:most] {
		encoded, err := json.Marshal(r)
		if err != nil {
			return 0, fmt.Errorf("encode a record: %w", err)
		}
		bytes -= len(encoded) + len(r.Type) + aroundRecord
		switch {
		case bytes >= 0:
		case i == 0:
			return 0, &plugin.Error{
				Kind: plugin.Data, UID: r.UID, Msg: "a record is larger than the host reads",
				Hint: "raise limits.maxFrameBytes in initialize",
			}
		default:
			return i, nil
		}
	}
	return most, nil
}

// tooMuch is more bytes than any frame has.
const tooMuch = 1 << 40

// allFit says whether records go into so many bytes for sure, without encoding
// them, which would be half of the work of the answer.
func allFit(records []plugin.Record, bytes int) bool {
	for _, r := range records {
		if bytes -= upTo(r.UID) + len(r.Type) + upTo(r.Attrs) + 2*aroundRecord; bytes < 0 {
			return false
		}
	}
	return true
}

// upTo is how many bytes the JSON of a value takes at most: a byte of text takes
// six where it is written as \u0000. What it does not know takes more than there is.
func upTo(value any) int {
	switch v := value.(type) {
	case nil, bool:
		return len("false")
	case string:
		return len(`""`) + 6*len(v)
	case json.Number:
		return len(v)
	case map[string]any:
		n := len(`{}`)
		for name, inner := range v {
			n += upTo(name) + len(`:,`) + upTo(inner)
		}
		return n
	case []any:
		n := len(`[]`)
		for _, inner := range v {
			n += len(`,`) + upTo(inner)
		}
		return n
	}
	return tooMuch
}
