package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Sync says which source is to be read.
type Sync struct {
	Source string // the name of the source
	Inline *Given // how it is set up, where its row does not say: as a host has resolved it
	Actor  int64  // the id of the user who runs it, who is never removed; 0: nobody
	Task   int64  // the row of NocoBase's userDataSyncTasks that the host has made for it; 0: one is made
}

// A Given is a source as a host hands it over.
type Given struct {
	SourceType string
	Options    []byte // an object, secrets in clear
}

// Start begins to read a source and returns its task, without waiting for the
// end: see Wait. Where the source is being read already, by whatever process,
// that task is given. A reading that was cut off is gone on with. Closing the
// engine interrupts the run.
func (e *Engine) Start(ctx context.Context, s Sync) (*Task, error) {
	p, err := e.newPull(ctx, s, pulling, nil)
	if err != nil {
		return nil, err
	}
	running, err := p.begin(ctx, context.WithoutCancel(ctx))
	if err != nil {
		p.release()
		return e.beingRead(ctx, s.Source, err)
	}
	task, err := e.Task(ctx, strconv.FormatInt(p.run.id, 10))
	p.run.report = func(now Progress) { e.tellTask(p.run, now) }
	e.background.Go(func() {
		defer e.tellEnd(ctx, p.run)
		err := e.guarded(func() error {
			_, err := p.end(running)
			return err
		})
		if err != nil {
			e.log.Warn("a source could not be synchronized", zap.String("source", s.Source), zap.Int64("run", p.run.id), zap.String("kind", string(plugin.KindOf(err))))
		}
	})
	return task, err
}

// beingRead gives the task of the run that reads the source, where that is why
// another could not begin.
func (e *Engine) beingRead(ctx context.Context, source string, err error) (*Task, error) {
	if plugin.KindOf(err) != plugin.Locked {
		return nil, err
	}
	var id int64
	if e.db.On(e.db).Get(ctx, &id, `SELECT id FROM {runs} WHERE source = ? AND kind = '`+pulling+`' AND finished_at IS NULL`, source) != nil {
		return nil, err // it has ended meanwhile
	}
	return e.Task(ctx, strconv.FormatInt(id, 10))
}

// Sync does the same and returns when all is written. Where another run reads
// the source the error is of kind Locked.
func (e *Engine) Sync(ctx context.Context, s Sync, report func(Progress)) (*Report, error) {
	return e.pull(ctx, s, pulling, report)
}

// PlanSync reads a source and says what Sync would do; it writes nothing to
// NocoBase's tables.
func (e *Engine) PlanSync(ctx context.Context, s Sync, report func(Progress)) (*Report, error) {
	return e.pull(ctx, s, planOnly, report)
}

func (e *Engine) pull(ctx context.Context, s Sync, kind string, report func(Progress)) (*Report, error) {
	p, err := e.newPull(ctx, s, kind, report)
	if err != nil {
		return nil, err
	}
	running, err := p.begin(ctx, ctx)
	if err != nil {
		p.release()
		return nil, err
	}
	return p.end(running)
}

// A pull is a run that reads its source: page by page into a spool first,
// without keeping anybody from pushing, and then as any push.
type pull struct {
	run     *run
	setup   *setup
	source  plugin.Source
	release func()
	letters []letter // that it answers
}

func (e *Engine) newPull(ctx context.Context, s Sync, kind string, report func(Progress)) (*pull, error) {
	set, err := e.setupOf(ctx, s)
	if err != nil {
		return nil, err
	}
	source, release, err := e.opened.open(ctx, e, set)
	if err != nil {
		return nil, err
	}
	r := e.newRun(Push{Source: s.Source, Actor: s.Actor}, kind, report)
	r.request.Pulled, r.task, r.sourceID = true, s.Task, set.ID
	if s.Inline != nil {
		r.request.Inline = true
		if r.request.Options, err = syncOptions(s.Inline.Options); err != nil {
			release()
			return nil, err
		}
	}
	return &pull{run: r, setup: set, source: source, release: release}, nil
}

// setupOf is how a source is set up: as its row says, or as a host does.
func (e *Engine) setupOf(ctx context.Context, s Sync) (*setup, error) {
	if s.Inline != nil {
		p, err := e.propose(nil, SourceDraft{Name: &s.Source, SourceType: &s.Inline.SourceType, Options: s.Inline.Options})
		if err != nil {
			return nil, err
		}
		return p.setup()
	}
	set, err := e.setup(ctx, s.Source)
	if err == nil && !set.Enabled {
		err = disabled(s.Source)
	}
	return set, err
}

// begin enters the run, once what others left of the source has been ended: that
// is waited for until ctx ends, and the run lives until life does. The error is of
// kind Locked when somebody reads the source.
func (p *pull) begin(ctx, life context.Context) (context.Context, error) {
	r, e := p.run, p.run.engine
	leave, err := e.queue.enter(ctx, r.source)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := e.sweep(ctx, e.db.On(e.db)); err != nil {
		return nil, told(ctx, err)
	}
	if err := e.resumeSource(ctx, r.source); err != nil {
		return nil, told(ctx, err)
	}
	running, err := e.begin(life, r)
	if schema.ClassOf(err) == schema.Duplicate {
		return nil, &plugin.Error{Kind: plugin.Locked, Msg: fmt.Sprintf("source %.64q is being synchronized already", r.source), Hint: "wait for the end of that task, or cancel it"}
	}
	return running, told(ctx, err)
}

// end reads the source and writes what it brought. Closing the engine interrupts
// it.
func (p *pull) end(ctx context.Context) (*Report, error) {
	defer p.release()
	defer context.AfterFunc(p.run.engine.closing, func() { p.run.stop(errClosing) })()
	s := &share{}
	read := false
	err := p.run.finish(ctx, func(ctx context.Context) error {
		spool, err := p.read(ctx)
		if err != nil {
			return err
		}
		read = true
		leave, err := p.run.engine.queue.enter(ctx, p.run.source)
		if err != nil {
			return err
		}
		defer leave()
		s.push = Push{Source: p.run.source, Bodies: spool.bodies(ctx)}
		p.run.planning = func(ctx context.Context, x schema.Conn) error {
			return errors.Join(take(p.letters)(ctx, x), p.run.dropSpool(ctx, x))
		}
		return p.run.do(ctx, batch{shares: []*share{s}, snapshot: spool.snapshot(), asked: spool.asked, maybe: true})
	})
	if read && err != nil && !errors.Is(err, errClosing) || errors.Is(err, errStopped) {
		p.forget(ctx)
	}
	return s.result, err
}

// errClosing is the end of a run whose engine is being closed: another goes on
// with it.
var errClosing = &plugin.Error{Kind: plugin.Canceled, Msg: "Roster was stopped", Hint: "the next synchronization goes on where this one was"}

// read brings the source's records into a spool, going on with one that was cut
// off.
func (p *pull) read(ctx context.Context) (*spool, error) {
	r := p.run
	var last int64
	for _, l := range p.letters {
		last = max(last, l.ID)
	}
	sp, err := r.openSpool(ctx, p.setup.print, last)
	if err != nil {
		return nil, err
	}
	if sp.n > 0 {
		r.arrived = sp.began
		r.engine.log.Info("a reading that was cut off is gone on with", zap.String("source", r.source), zap.Int64("run", r.id))
	}
	sp.result, err = r.engine.readSource(ctx, p.source, plugin.Request{State: sp.state}, func(page plugin.Page) error {
		if err := sp.add(ctx, page); err != nil {
			return err
		}
		r.tell(func(now *Progress) { now.State, now.Done = Reading, sp.records })
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read source %s: %w", r.source, err)
	}
	r.warnings = append(r.warnings, sp.result.Warnings...)
	if !sp.result.Complete {
		r.doubt("the reading was not complete")
	}
	if sp.result.Complete && sp.result.Confirm {
		err = p.confirm(ctx, sp)
	}
	return sp, err
}

// forget drops what was read where another run must not go on with it: an
// operator stopped it, or it was read to its end and could not be planned.
func (p *pull) forget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	if err := p.run.dropSpool(ctx, p.run.engine.db.On(p.run.engine.db)); err != nil {
		p.run.engine.log.Warn("what was read of a source could not be dropped; the next run does", zap.String("source", p.run.source), zap.Error(err))
	}
}
