package cli

import (
	"encoding/json"
	"fmt"

	"github.com/nocobase-roster/roster/engine"
)

// A document is what push and plan print for scripts: one a run.
type document struct {
	TaskID string                   `json:"taskId"`
	State  engine.State             `json:"state"`
	Counts map[string]engine.Counts `json:"counts"`
	Result []engine.SyncResult      `json:"result"`
	Notes  []engine.Note            `json:"notes"`
	Items  []engine.Item            `json:"items,omitempty"` // of a plan

	Warnings []string `json:"warnings,omitempty"`
}

func newDocument(r *engine.Report) document {
	return document{
		TaskID: r.Task.ID, State: r.Task.State, Counts: r.Task.Counts,
		Result: r.Result, Notes: r.Notes, Items: r.Items, Warnings: r.Warnings,
	}
}

// printJSON prints one document on standard output, as one line.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}
