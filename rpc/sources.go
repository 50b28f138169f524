package rpc

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

type sourceList struct {
	Sources []engine.Source `json:"sources" jsonschema:"by name; secrets are null, and secretsSet names those that are set"`
}

func (s *session) listSources(ctx context.Context, _ none) (*sourceList, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := e.Sources(ctx)
	return &sourceList{list(sources)}, err
}

type sourceParams struct {
	Name string `json:"name" jsonschema:"of the source"`
}

type sourceResult struct {
	Source *engine.Source `json:"source" jsonschema:"secrets are null, and secretsSet names those that are set"`
}

func (s *session) getSource(ctx context.Context, p sourceParams) (*sourceResult, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	source, err := e.Source(ctx, p.Name)
	return &sourceResult{source}, err
}

type createSourceParams struct {
	Name        string  `json:"name" jsonschema:"unique; what pushes call sourceName"`
	SourceType  string  `json:"sourceType" jsonschema:"of registry/listSourceTypes"`
	DisplayName *string `json:"displayName,omitempty"`
	Enabled     *bool   `json:"enabled,omitempty" jsonschema:"true when absent"`
	Options     options `json:"options,omitempty" jsonschema:"as the optionsSchema of the type says, and sync"`
}

func (s *session) createSource(ctx context.Context, p createSourceParams) (*sourceResult, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	source, err := e.CreateSource(ctx, engine.SourceDraft{
		Name: &p.Name, SourceType: &p.SourceType, DisplayName: p.DisplayName, Enabled: p.Enabled, Options: json.RawMessage(p.Options),
	})
	return &sourceResult{source}, err
}

type updateSourceParams struct {
	Name        string  `json:"name" jsonschema:"of the source, as it is called now"`
	NewName     *string `json:"newName,omitempty" jsonschema:"takes along all that is kept under the old one; refused while a run is under way"`
	SourceType  *string `json:"sourceType,omitempty" jsonschema:"cannot be changed"`
	DisplayName *string `json:"displayName,omitempty"`
	Enabled     *bool   `json:"enabled,omitempty" jsonschema:"a disabled source refuses to be read, pushes and callbacks"`
	Options     options `json:"options,omitempty" jsonschema:"replace all there were; a secret that is null or absent stays as it is, an empty one is cleared"`
}

func (s *session) updateSource(ctx context.Context, p updateSourceParams) (*sourceResult, error) {
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	source, err := e.UpdateSource(ctx, p.Name, engine.SourceDraft{
		Name: p.NewName, SourceType: p.SourceType, DisplayName: p.DisplayName, Enabled: p.Enabled, Options: json.RawMessage(p.Options),
	})
	return &sourceResult{source}, err
}

type deleteSourceParams struct {
	Name          string `json:"name"`
	Records       string `json:"records,omitempty" jsonschema:"what becomes of its records: keep (when absent), unlink them from their rows, or delete the rows that only it claims; the latter two are a run, with guards"`
	ProgressToken token  `json:"progressToken,omitempty" jsonschema:"asks for $/progress {token, value} while the request runs"`
}

type deleteSourceResult struct {
	Task *engine.Task `json:"task,omitempty" jsonschema:"that removed the records; absent where they were kept"`
}

func (s *session) deleteSource(ctx context.Context, p deleteSourceParams) (*deleteSourceResult, error) {
	r, err := s.report(ctx, p.ProgressToken, func(e *engine.Engine, report func(engine.Progress)) (*engine.Report, error) {
		return e.DeleteSource(ctx, p.Name, cmp.Or(p.Records, engine.Keep), report)
	})
	if r == nil || err != nil {
		return &deleteSourceResult{}, err
	}
	return &deleteSourceResult{&r.Task}, nil
}

type trialParams struct {
	Name  string       `json:"name,omitempty" jsonschema:"a source that is saved; what the draft leaves out is as it has it"`
	Draft *sourceDraft `json:"draft,omitempty" jsonschema:"how the source would be; alone, a new one"`
}

type sourceDraft struct {
	Name        *string `json:"name,omitempty"`
	SourceType  *string `json:"sourceType,omitempty"`
	DisplayName *string `json:"displayName,omitempty"`
	Enabled     *bool   `json:"enabled,omitempty"`
	Options     options `json:"options,omitempty"`
}

// draft gives the draft to the engine; nil where there is none.
func (d *sourceDraft) draft() *engine.SourceDraft {
	if d == nil {
		return nil
	}
	return &engine.SourceDraft{Name: d.Name, SourceType: d.SourceType, DisplayName: d.DisplayName, Enabled: d.Enabled, Options: json.RawMessage(d.Options)}
}

// check wants something to look at.
func (p trialParams) check() error {
	if p.Name == "" && p.Draft == nil {
		return invalidParams(&plugin.Error{Path: "/name", Msg: "/name is missing", Hint: "name a source, or give a draft of one"})
	}
	return nil
}

type validateResult struct {
	Faults []engine.Fault `json:"faults" jsonschema:"what is wrong; none when it could be saved"`
}

func (s *session) validateSource(ctx context.Context, p trialParams) (*validateResult, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	faults, err := e.ValidateSource(ctx, p.Name, *cmp.Or(p.Draft.draft(), &engine.SourceDraft{}))
	return &validateResult{list(faults)}, err
}

func (s *session) testSource(ctx context.Context, p trialParams) (*plugin.CheckResult, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	check, err := e.TestSource(ctx, p.Name, p.Draft.draft())
	return &plugin.CheckResult{Steps: list(check.Steps), Sample: plugin.Group(check.Sample)}, err
}
