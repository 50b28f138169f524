package serve

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// pull begins to read a source, and does not wait for the end.
func (h *handler) pull(x *exchange) error {
	name := x.r.URL.Query().Get("name")
	if err := x.mayUse(name); err != nil {
		return err
	}
	_, err := h.Engine.Start(h.ctx, engine.Sync{Source: name})
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Kind == plugin.NotFound && e.Path != "/sourceType" {
		return refuse(http.StatusInternalServerError, &plugin.Error{Kind: plugin.NotFound, Msg: "SyncSource [" + name + "] is not found."})
	}
	return begun(x, err)
}

// retry begins to do again what of a task failed, and does not wait for the end.
// The task is named by id: as NocoBase's list of tasks has it where sourceId is
// given too, as NocoBase's panel does, else as Roster's own has it.
func (h *handler) retry(x *exchange) error {
	query := x.r.URL.Query()
	find := h.Engine.Task
	if query.Has("sourceId") {
		find = h.Engine.ShownTask
	}
	task, err := find(x.r.Context(), query.Get("id"))
	if err != nil {
		return err
	}
	if err := x.mayUse(task.Source); err != nil {
		return err
	}
	if task.Status != "failed" {
		return &plugin.Error{Kind: plugin.Unsupported, Msg: "task " + task.ID + " has not failed", Hint: "only what failed is retried"}
	}
	h.aside("a task could not be retried", func(ctx context.Context) error {
		_, err := h.Engine.Retry(ctx, task.ID, nil)
		return err
	})
	return begun(x, nil)
}

// aside does what nobody waits for. How it ends is in the list of tasks.
func (h *handler) aside(trouble string, f func(context.Context) error) {
	h.beside.Go(func() {
		if err := h.safely(func() error { return f(h.ctx) }); err != nil {
			h.Log.Warn(trouble, zap.String("kind", string(plugin.KindOf(err))))
		}
	})
}

// begun answers as NocoBase does when something goes on by itself.
func begun(x *exchange, err error) error {
	if err != nil {
		return err
	}
	return x.say(http.StatusOK, struct{}{})
}

// A syncType is a source type as NocoBase lists them.
type syncType struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

func (h *handler) listSyncTypes(x *exchange) error {
	types := []syncType{}
	for _, t := range h.Adapters.SourceTypes() {
		types = append(types, syncType{t.Name, t.Title})
	}
	return x.say(http.StatusOK, data{types})
}
