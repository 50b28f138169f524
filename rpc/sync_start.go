package rpc

import (
	"context"
	"encoding/json"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// readParams say which source is to be read.
type readParams struct {
	Source string        `json:"source,omitempty" jsonschema:"the name of a source that Roster has"`
	Inline *inlineSource `json:"inline,omitempty" jsonschema:"instead: a source as the host has resolved it"`
}

type inlineSource struct {
	Name       string          `json:"name" jsonschema:"whose records these are"`
	SourceType string          `json:"sourceType" jsonschema:"of registry/listSourceTypes"`
	Options    json.RawMessage `json:"options,omitempty" jsonschema:"as the type's optionsSchema says, and sync; secrets in clear"`
}

// given says whether any source is named.
func (p readParams) given() bool { return p.Source != "" || p.Inline != nil }

// sync makes of the params what the engine takes.
func (p readParams) sync(actor string) (engine.Sync, error) {
	sync := engine.Sync{Source: p.Source}
	if (p.Source == "") == (p.Inline == nil) {
		return sync, invalidParams(&plugin.Error{Path: "/source", Msg: "one of /source and /inline is needed, and not both", Hint: "name a source that Roster has, or hand one over"})
	}
	if i := p.Inline; i != nil {
		if i.Name == "" {
			return sync, invalidParams(&plugin.Error{Path: "/inline/name", Msg: "/inline/name must not be empty"})
		}
		sync.Source = i.Name
		sync.Inline = &engine.Given{SourceType: i.SourceType, Options: i.Options}
	}
	var err error
	sync.Actor, err = rowID("actor", actor, "a user")
	return sync, err
}

type startParams struct {
	readParams
	Actor string `json:"actor,omitempty" jsonschema:"the id of the user who runs it, who is never removed"`
	Task  string `json:"task,omitempty" jsonschema:"the id of the row of userDataSyncTasks that the host has made for it; absent: one is made"`
}

type startResult struct {
	TaskID string       `json:"taskId"`
	Status string       `json:"status" jsonschema:"as NocoBase shows it: init, processing, success or failed"`
	State  engine.State `json:"state" jsonschema:"the same, finer"`
}

func (s *session) start(ctx context.Context, p startParams) (*startResult, error) {
	sync, err := p.sync(p.Actor)
	if err != nil {
		return nil, err
	}
	if sync.Task, err = rowID("task", p.Task, "a task"); err != nil {
		return nil, err
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	t, err := e.Start(ctx, sync)
	if err != nil {
		return nil, err
	}
	return &startResult{t.ID, t.Status, t.State}, nil
}
