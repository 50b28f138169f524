package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// Events are acted on when none has come for quiet, or one has waited for
// patient: many that come together are one run.
const (
	quiet   = time.Second
	patient = 5 * time.Second
)

// An inboxWorker acts on events, one run a source at a time.
type inboxWorker struct {
	engine *Engine
	group  sync.WaitGroup

	mu    sync.Mutex // guards what follows
	busy  map[string]bool
	until map[string]time.Time     // when a source is tried again that could not be read
	waits map[string]time.Duration // and how long that was
}

func (e *Engine) newInboxWorker() *inboxWorker {
	return &inboxWorker{engine: e, busy: map[string]bool{}, until: map[string]time.Time{}, waits: map[string]time.Duration{}}
}

// The waits after failures: the first, doubled after each, and the longest.
const (
	firstRetry   = 5 * time.Second
	longestRetry = 5 * time.Minute
)

// look begins to act on what is due, and says when to look again.
func (w *inboxWorker) look(ctx context.Context) (time.Duration, error) {
	db := w.engine.db
	var sources []struct {
		Source string
		Due    bool
	}
	err := db.On(db).Select(ctx, &sources, `SELECT source, max(received_at) <= `+db.Now(quiet)+` OR min(received_at) <= `+db.Now(patient)+` OR count(*) >= ? AS due
		FROM {inbox} GROUP BY source ORDER BY source`, maxLetters)
	next := glance
	for _, s := range sources {
		switch {
		case !s.Due:
			next = min(next, quiet/4)
		case w.begin(s.Source):
			w.group.Go(func() { w.end(ctx, s.Source, w.engine.guarded(func() error { return w.engine.actOn(ctx, s.Source) })) })
		}
	}
	return next, told(ctx, schema.Wrap(err, "look into the inbox"))
}

// begin says whether the source may be acted on now.
func (w *inboxWorker) begin(source string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[source] || w.engine.now().Before(w.until[source]) {
		return false
	}
	w.busy[source] = true
	return true
}

// end notes how it went, and that it is worth looking again.
func (w *inboxWorker) end(ctx context.Context, source string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, source)
	if err == nil || errors.Is(err, errTooLate) || ctx.Err() != nil {
		delete(w.waits, source)
		signal(w.engine.inbox)
		return
	}
	wait := min(max(2*w.waits[source], firstRetry), longestRetry)
	w.waits[source], w.until[source] = wait, w.engine.now().Add(wait)
	w.engine.log.Warn("events could not be acted on; they stay in the inbox and are tried again",
		zap.String("source", source), zap.Duration("after", wait), zap.Error(err))
}

// actOn acts on the oldest events of a source.
func (e *Engine) actOn(ctx context.Context, source string) error {
	letters, err := e.letters(ctx, source)
	if err != nil || len(letters) == 0 {
		return err
	}
	if _, err := e.sourceRow(ctx, e.db.On(e.db), source, ""); plugin.KindOf(err) == plugin.NotFound { // it was removed, and with it what it has to say
		return e.db.Durably(ctx, func(x schema.Conn) error { return take(letters)(ctx, x) })
	}
	set, err := e.setupOf(ctx, Sync{Source: source}) // its type may be registered yet
	if err != nil {
		return err
	}
	driver, err := e.adapters.Driver(set.SourceType)
	if err != nil {
		return err
	}
	n := tidingsOf(letters)
	if n.all || len(n.look) > 0 && !driver.Type.Capabilities.Lookup {
		return e.readAll(ctx, source, letters, n.renames)
	}
	opened, release, err := e.opened.open(ctx, e, set)
	if err != nil {
		return err
	}
	defer release()
	return e.apply(ctx, source, letters, n, opened)
}

// readAll answers events with a reading of everything.
func (e *Engine) readAll(ctx context.Context, source string, letters []letter, renames []plugin.Event) error {
	p, err := e.newPull(ctx, Sync{Source: source}, pulling, nil)
	if err != nil {
		return err
	}
	p.run.renames, p.letters = renames, letters
	running, err := p.begin(ctx, ctx)
	if err != nil {
		p.release()
		return err
	}
	p.run.report = func(now Progress) { e.tellTask(p.run, now) }
	defer e.tellEnd(ctx, p.run)
	_, err = p.end(running)
	return err
}

// apply reads again what events speak of, and writes it as a run of its own.
func (e *Engine) apply(ctx context.Context, source string, letters []letter, n tidings, from plugin.Source) error {
	r := e.newRun(Push{Source: source}, changing, nil)
	r.report = func(now Progress) { e.tellTask(r, now) }
	r.request.Pulled, r.renames, r.planning = true, n.renames, take(letters)
	r.arrived = letters[len(letters)-1].ReceivedAt // what was pushed since is newer
	running, err := e.begin(ctx, r)
	if err != nil {
		return told(ctx, err)
	}
	defer context.AfterFunc(e.closing, func() { r.stop(errClosing) })()
	defer e.tellEnd(ctx, r)
	return r.finish(running, func(ctx context.Context) error {
		records, err := r.lookUp(ctx, from, n)
		if err != nil {
			return err
		}
		leave, err := e.queue.enter(ctx, source)
		if err != nil {
			return err
		}
		defer leave()
		if err := r.forgetRenamed(ctx); err != nil {
			return err
		}
		s := &share{push: Push{Source: source, Bodies: bodiesOf(records)}}
		return r.do(ctx, batch{shares: []*share{s}, maybe: true})
	})
}

// lookUp reads again what the news speak of.
func (r *run) lookUp(ctx context.Context, from plugin.Source, n tidings) ([]plugin.Record, error) {
	var records []plugin.Record
	gone := n.gone
	if len(n.look) > 0 {
		reading, err := r.engine.readSource(ctx, from, plugin.Request{Only: n.look}, func(page plugin.Page) error {
			records = append(records, page.Records...)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read what events speak of: %w", err)
		}
		gone = append(gone, reading.Gone...)
		r.warnings = append(r.warnings, reading.Warnings...)
		if len(reading.Hidden) > 0 {
			r.warnings = append(r.warnings, fmt.Sprintf("%d records that events speak of cannot be seen, and stay as they are", len(reading.Hidden)))
		}
	}
	return append(records, tombstones(gone)...), nil
}

// forgetRenamed forgets the conflicts of records that were renamed: by their new
// names they have just been read.
func (r *run) forgetRenamed(ctx context.Context) error {
	for _, ev := range r.renames {
		_, err := r.engine.db.On(r.engine.db).Exec(ctx, `DELETE FROM {conflicts} WHERE source = ? AND type = ? AND uid = ?`, r.source, string(ev.Type), ev.Was)
		if err != nil {
			return schema.Wrap(err, "forget conflicts of records that were renamed")
		}
	}
	return nil
}

// rename has records of the source be known by other names: what they stand for
// stays.
func (r *run) rename(ctx context.Context, x schema.Conn) error {
	for _, ev := range r.renames {
		var taken bool
		err := x.Get(ctx, &taken, `SELECT EXISTS (SELECT 1 FROM {records} WHERE source = ? AND type = ? AND uid = ?)`, r.source, string(ev.Type), ev.UID)
		if err != nil {
			return schema.Wrap(err, "rename a record")
		}
		if taken {
			r.warnings = append(r.warnings, "a record was renamed to a name that another has; the two stay apart")
			continue
		}
		if err := r.renameOne(ctx, x, string(ev.Type), ev.Was, ev.UID); err != nil {
			return schema.Wrap(err, "rename a record")
		}
	}
	return nil
}

func (r *run) renameOne(ctx context.Context, x schema.Conn, of, from, to string) (err error) {
	do := func(q string, args ...any) {
		if err == nil {
			_, err = x.Exec(ctx, q, args...)
		}
	}
	now := r.engine.db.TimeLiteral(r.engine.now())
	do(`UPDATE {userDataSyncRecords} SET [sourceUk] = ?, [updatedAt] = `+now+` WHERE id IN (SELECT record_id FROM {records} WHERE source = ? AND type = ? AND uid = ?)`, to, r.source, of, from)
	do(`UPDATE {records} SET uid = ?, record_updated_at = `+now+`, digest = '' WHERE source = ? AND type = ? AND uid = ?`, to, r.source, of, from)
	do(`UPDATE {pending} SET uid = ? WHERE source = ? AND type = ? AND uid = ?`, to, r.source, of, from)
	do(`INSERT INTO {renames} (source, type, was, at) VALUES (?, ?, ?, `+now+`) ON CONFLICT (was, source, type) DO UPDATE SET at = excluded.at`, r.source, of, from)
	// It may have come by both names, or be waited for by both.
	do(`DELETE FROM {snapshot_records} WHERE source = ? AND type = ? AND uid = ?`, r.source, of, to)
	do(`UPDATE {snapshot_records} SET uid = ? WHERE source = ? AND type = ? AND uid = ?`, to, r.source, of, from)
	if of == string(plugin.Department) {
		do(`DELETE FROM {pending} WHERE source = ? AND awaits = ? AND EXISTS (SELECT 1 FROM {pending} o
			WHERE o.source = {pending}.source AND o.type = {pending}.type AND o.uid = {pending}.uid AND o.awaits = ?)`, r.source, from, to)
		do(`UPDATE {pending} SET awaits = ? WHERE source = ? AND awaits = ?`, to, r.source, from)
	}
	return err
}
