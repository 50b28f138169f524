package serve

import (
	"errors"
	"net/http"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// pushed is what NocoBase's userData:push answers, and what it lacks.
type pushed struct {
	Code    int                 `json:"code"` // 0, or 500
	Message string              `json:"message"`
	Result  []engine.SyncResult `json:"result"`

	TaskID   string        `json:"taskId"`
	State    engine.State  `json:"state"`
	Summary  string        `json:"summary"` // the task's sentence
	Notes    []engine.Note `json:"notes,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
}

// notPushed is the same of a push that was refused, or broke off.
type notPushed struct {
	Code    int         `json:"code"`
	Message string      `json:"message"`
	Kind    plugin.Kind `json:"kind"`
	Path    string      `json:"path,omitempty"`
	Hint    string      `json:"hint,omitempty"`
}

// push brings records in. Once they have come it goes on, whether whoever sent
// them waits for the answer or not, as in NocoBase.
func (h *handler) push(x *exchange) error {
	report, err := h.bring(x)
	if _, said := errors.AsType[*refusal](err); said {
		return err
	}
	if err != nil {
		status, e := x.classify(err)
		x.retryAfter(status, e)
		return x.say(status, data{notPushed{status, message(e), e.Kind, e.Path, e.Hint}})
	}
	t := report.Task
	return x.say(http.StatusOK, data{pushed{
		Message: "success", Result: report.Result,
		TaskID: t.ID, State: t.State, Summary: t.Message, Notes: report.Notes, Warnings: report.Warnings,
	}})
}

func (h *handler) bring(x *exchange) (*engine.Report, error) {
	size := x.r.ContentLength
	if size < 0 || size > h.Limits.Body {
		size = h.Limits.Body
	}
	if !h.bodies.TryAcquire(size) {
		return nil, overloaded("too much is being received")
	}
	defer h.bodies.Release(size)
	text, err := x.read(h.Limits.Body)
	if err != nil {
		return nil, err
	}
	body, err := parsePush(text)
	if err != nil {
		return nil, err
	}
	push, err := body.push()
	if err != nil {
		return nil, err
	}
	if err := x.mayUse(push.Source); err != nil {
		return nil, err
	}
	return h.Engine.Push(h.ctx, push, nil)
}
