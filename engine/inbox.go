package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Receive takes a callback of a source's system: its events are on disk before
// the answer is given, and acted on by Work. The error is of kind NotFound for an
// unknown source, Config for a disabled one, Unsupported for one that takes no
// callbacks, and Transient when the events could not be kept: the system is to
// send them again.
func (e *Engine) Receive(ctx context.Context, source string, c plugin.Callback) (plugin.Answer, error) {
	set, err := e.setupOf(ctx, Sync{Source: source})
	if err != nil {
		return plugin.Answer{}, told(ctx, err)
	}
	opened, release, err := e.opened.open(ctx, e, set)
	if err != nil {
		return plugin.Answer{}, err
	}
	defer release()
	receiver, ok := opened.(plugin.Receiver)
	if !ok {
		return plugin.Answer{}, &plugin.Error{Kind: plugin.Unsupported, Msg: "sources of type " + set.SourceType + " take no callbacks"}
	}
	answer, events, err := receiver.Receive(ctx, c)
	if err != nil {
		return plugin.Answer{}, fmt.Errorf("receive a callback for source %s: %w", source, spoken(err))
	}
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	if answer.Status < 200 || answer.Status > 599 {
		return plugin.Answer{}, fmt.Errorf("source %s answers a callback with status %d, which is none", source, answer.Status)
	}
	if len(events) == 0 {
		return answer, nil
	}
	if err := e.checkEvents(source, events); err != nil {
		return plugin.Answer{}, err
	}
	if err := e.postbox.keep(ctx, source, events); err != nil {
		return plugin.Answer{}, &plugin.Error{Kind: plugin.Transient, Msg: "the events of a callback for source " + source + " could not be kept", Err: told(ctx, err)}
	}
	return answer, nil
}

// checkEvents refuses events that nobody could act on: they would hold up those
// that come after them.
func (e *Engine) checkEvents(source string, events []plugin.Event) error {
	for _, event := range events {
		known := slices.ContainsFunc(e.types(), func(t *Table) bool { return t.Type == event.Type })
		if !event.All && (event.UID == "" || !known) {
			return &plugin.Error{Kind: plugin.Internal, Msg: "an event of source " + source + " names no record", Hint: "mend the adapter: an event needs a dataType that is synchronized, and a uid"}
		}
	}
	return nil
}

// A postbox puts events into the inbox: those that come at the same time wait
// for the disk together.
type postbox struct {
	engine *Engine

	mu      sync.Mutex // guards what follows
	waiting []*post
	busy    bool

	repeats repeats // who writes has it
}

// A post is what one callback brought.
type post struct {
	source string
	events []plugin.Event
	kept   chan error // gets one
}

// keep returns when the events are on disk.
func (b *postbox) keep(ctx context.Context, source string, events []plugin.Event) error {
	p := &post{source, events, make(chan error, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, p)
	first := !b.busy
	b.busy = true
	b.mu.Unlock()
	if first {
		b.engine.background.Go(b.empty)
	}
	select {
	case err := <-p.kept:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// empty writes what waits until nothing does.
func (b *postbox) empty() {
	for {
		b.mu.Lock()
		posts := b.waiting
		b.waiting, b.busy = nil, len(b.waiting) > 0
		b.mu.Unlock()
		if len(posts) == 0 {
			return
		}
		err := b.write(posts)
		for _, p := range posts {
			p.kept <- err
		}
		signal(b.engine.inbox)
	}
}

func (b *postbox) write(posts []*post) error {
	ctx, cancel := context.WithTimeout(context.Background(), lease) // nobody's own: they wait together
	defer cancel()
	var rows []any
	came := b.repeats.begin(b.engine.now())
	for _, p := range posts {
		for _, event := range p.events {
			text, err := json.Marshal(event)
			if err != nil {
				return err
			}
			if event.Key == "" || came.first(p.source, text) {
				rows = append(rows, p.source, string(text))
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	err := b.engine.db.Durably(ctx, func(x schema.Conn) error {
		for some := range slices.Chunk(rows, 2*maxLetters) {
			values := strings.TrimSuffix(strings.Repeat(`(?, ?, `+x.DB().Now(0)+`), `, len(some)/2), ", ")
			if _, err := x.Exec(ctx, `INSERT INTO {inbox} (source, event, received_at) VALUES `+values, some...); err != nil {
				return schema.Wrap(err, "keep events")
			}
		}
		return nil
	})
	if err == nil {
		came.keep()
	}
	return err
}

// signal says that there is something to do, to whoever will look.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been said
	}
}

// A letter is an event in the inbox.
type letter struct {
	ID         int64
	Event      plugin.Event
	ReceivedAt time.Time
}

// maxLetters is how many events are acted on at once.
const maxLetters = 1000

// letters are the oldest events of a source.
func (e *Engine) letters(ctx context.Context, source string) ([]letter, error) {
	var rows []struct {
		ID         int64
		Event      string
		ReceivedAt schema.Timestamp `db:"received_at"`
	}
	if err := e.db.On(e.db).Select(ctx, &rows, `SELECT id, event, received_at FROM {inbox} WHERE source = ? ORDER BY id LIMIT ?`, source, maxLetters); err != nil {
		return nil, schema.Wrap(err, "read the inbox")
	}
	letters := make([]letter, len(rows))
	for i, row := range rows {
		letters[i].ID, letters[i].ReceivedAt = row.ID, row.ReceivedAt.Time
		if err := json.Unmarshal([]byte(row.Event), &letters[i].Event); err != nil {
			return nil, fmt.Errorf("read event %d: %w", row.ID, err)
		}
	}
	return letters, nil
}

// take takes letters out of the inbox. Who finds one gone was too late: another
// process has acted on them.
func take(letters []letter) func(context.Context, schema.Conn) error {
	return func(ctx context.Context, x schema.Conn) error {
		if len(letters) == 0 {
			return nil
		}
		ids := make([]int64, len(letters))
		for i, l := range letters {
			ids[i] = l.ID
		}
		n, err := x.Exec(ctx, `DELETE FROM {inbox} WHERE id IN (`+list(ids)+`)`)
		if err == nil && int(n) < len(ids) {
			return errTooLate
		}
		return schema.Wrap(err, "take events from the inbox")
	}
}

var errTooLate = &plugin.Error{Kind: plugin.Stale, Msg: "another process has acted on the events"}

// Tidings are what letters come to, each record once, in the order in which they
// were last spoken of.
type tidings struct {
	all     bool           // everything is to be read
	renames []plugin.Event // in their order
	look    []plugin.Ref   // to be read again
	gone    []plugin.Ref
}

func tidingsOf(letters []letter) tidings {
	var n tidings
	last := map[plugin.Ref]int{}
	for i, l := range letters {
		last[plugin.Ref{Type: l.Event.Type, UID: l.Event.UID}] = i
	}
	for i, l := range letters {
		ev := l.Event
		ref := plugin.Ref{Type: ev.Type, UID: ev.UID}
		switch {
		case ev.All:
			n.all = true
			continue
		case ev.Was != "" && ev.Was != ev.UID:
			n.renames = append(n.renames, ev)
		}
		switch {
		case last[ref] != i:
		case ev.Gone:
			n.gone = append(n.gone, ref)
		default:
			n.look = append(n.look, ref)
		}
	}
	return n
}
