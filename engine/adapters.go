package engine

import (
	"context"
	"strconv"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// SetAdapters tells which source types there are, and which targets besides the
// engine's own; others may be registered later. It is called before anything
// else.
func (e *Engine) SetAdapters(r *plugin.Registry) { e.adapters = r }

// WatchTasks has f called when a run that Start or Work began in this process
// moves on: with its task, and how far it is. It is called before anything else;
// f is safe for concurrent use, and a run goes on when it returns.
func (e *Engine) WatchTasks(f func(Task, Progress)) { e.watchTasks = f }

// tellTask tells whoever watches tasks how far a run is.
func (e *Engine) tellTask(r *run, now Progress) {
	if e.watchTasks == nil {
		return
	}
	e.watchTasks(Task{
		ID: strconv.FormatInt(r.id, 10), Source: r.source, Kind: r.kind, Status: now.State.Status(), State: now.State,
		Counts: map[string]Counts{}, StartedAt: r.arrived,
	}, now)
}

// tellEnd tells whoever watches tasks how a run ended.
func (e *Engine) tellEnd(ctx context.Context, r *run) {
	if e.watchTasks == nil {
		return
	}
	task, err := e.Task(context.WithoutCancel(ctx), strconv.FormatInt(r.id, 10))
	if err != nil {
		e.log.Warn("the end of a task could not be told", zap.Int64("run", r.id), zap.Error(err))
		return
	}
	e.watchTasks(*task, Progress{State: task.State})
}
