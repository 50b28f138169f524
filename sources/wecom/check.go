package wecom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nocobase-roster/roster/plugin"
)

// A trial is a test of a source: what one step finds the next ones use.
type trial struct {
	source *source
	client *client // tries once

	rows   []row
	listed error // why there are none
	app    *application
	tree   *tree
	people []member
}

// An application is what WeCom says of one.
type application struct {
	agentAnswer
	Name  string `json:"name"`
	Close number `json:"close"` // 1: it is disabled
}

// A finding is what a step found, and what to do about it, if anything.
type finding struct{ text, hint string }

// Check tries what Read would do, a step after the other. When one fails those
// after it are not tried; callbacks do not depend on them.
func (s *source) Check(ctx context.Context) (plugin.Check, error) {
	t := &trial{source: s, client: s.client.impatient()}
	var c plugin.Check
	failed := false
	for _, step := range []struct {
		name string
		try  func(context.Context) (finding, error)
	}{
		{"token", t.token},
		{"trusted IP", t.trusted},
		{"application", t.application},
		{"visible range", t.visible},
		{"departments", t.departments},
		{"people", t.meet},
		{"fields", t.fields},
		{"mapping", t.mapping},
		{"contacts secret", t.contacts},
	} {
		if failed {
			c.Steps = append(c.Steps, plugin.Step{Name: step.name, Message: "not tried", Hint: "mend what failed before it"})
			continue
		}
		done := try(ctx, step.name, step.try)
		failed = !done.OK
		c.Steps = append(c.Steps, done)
		if ctx.Err() != nil {
			return plugin.Check{}, ctx.Err()
		}
	}
	c.Steps = append(c.Steps, try(ctx, "callback", t.callback))
	c.Sample = t.sample()
	return c, nil
}

// try makes a step of what was tried.
func try(ctx context.Context, name string, do func(context.Context) (finding, error)) plugin.Step {
	began := time.Now()
	found, err := do(ctx)
	step := plugin.Step{Name: name, OK: err == nil, Message: found.text, Hint: found.hint, TookMs: time.Since(began).Milliseconds()}
	var e *plugin.Error
	switch {
	case errors.As(err, &e):
		bare := *e
		bare.Hint = ""
		step.Message, step.Hint = bare.Error(), e.Hint
	case err != nil:
		step.Message, step.Hint = "it failed for a reason that is not known", "look into the log"
	}
	return step
}

func (t *trial) token(ctx context.Context) (finding, error) {
	_, err := t.client.token.get(ctx, "")
	return finding{text: "WeCom takes the Corp ID and the Secret"}, err
}

// trusted makes the first call that looks at where it comes from. What else may
// be wrong with it is for a later step to say.
func (t *trial) trusted(ctx context.Context) (finding, error) {
	t.rows, t.listed = t.list(ctx)
	if code := codeOf(t.listed); t.listed != nil && code == 0 || code == 60020 {
		return finding{}, t.listed
	}
	return finding{text: "WeCom answers this machine"}, nil
}

func (t *trial) list(ctx context.Context) ([]row, error) {
	list, err := get[departmentList](ctx, t.client, "department/list")
	if codeOf(err) == 45029 {
		outline, err := get[departmentIDs](ctx, t.client, "department/simplelist")
		return outline.Departments, err
	}
	return list.Departments, err
}

func (t *trial) application(ctx context.Context) (finding, error) {
	id := t.source.options.AgentID
	if id == 0 {
		return finding{
			"its AgentId is not set: people who are visible by themselves or by a tag are not looked for",
			"set agentId of the source, from the page of the application",
		}, nil
	}
	app, err := get[application](ctx, t.client, "agent/get", "agentid", id.String())
	switch {
	case err != nil:
		return finding{}, err
	case app.Close == 1:
		return finding{}, refused("agent/get", 50003, "")
	}
	t.app = &app
	return finding{text: fmt.Sprintf("%.64q, AgentId %s", app.Name, id)}, nil
}

// visible says how far the application sees.
func (t *trial) visible(context.Context) (finding, error) {
	whole := slices.ContainsFunc(t.rows, func(r row) bool { return r.ID == 1 && r.Name != "" })
	found := finding{text: fmt.Sprintf("%d departments", len(t.rows))}
	if app := t.app; app != nil {
		whole = slices.Contains(app.Parties.List, 1)
		found.text = fmt.Sprintf("%d departments with what is below them, %d people and %d tags", len(app.Parties.List), len(app.Members.List), len(app.Tags.List))
		if len(app.Parties.List)+len(app.Members.List)+len(app.Tags.List) == 0 {
			return found, &plugin.Error{Kind: plugin.Config, Msg: "the visible range of the application is empty", Hint: "add departments to its visible range (可见范围), best the whole company"}
		}
	}
	if !whole {
		found.hint = "the company itself, department 1, is not in the visible range (可见范围): who is outside of the range is not synchronized"
	}
	return found, nil
}

func (t *trial) departments(context.Context) (finding, error) {
	alone := t.app != nil && len(t.app.Members.List)+len(t.app.Tags.List) > 0 && isHidden(codeOf(t.listed))
	if t.listed != nil && !alone {
		return finding{}, t.listed
	}
	t.tree = grow(t.rows)
	looked := &reading{source: t.source}
	if err := looked.find(t.tree); err != nil {
		return finding{}, err
	}
	t.tree.choose(t.source.options)
	found := finding{text: fmt.Sprintf("%d can be seen, %d of them are to be synchronized", len(t.rows), len(t.tree.records()))}
	if n := len(slices.DeleteFunc(slices.Clone(t.rows), func(r row) bool { return r.Name != "" })); n > 0 {
		found.hint = fmt.Sprintf("%d came without a name, which they have when they are in the visible range themselves", n)
	}
	for _, doubt := range looked.early {
		found.hint = doubt.String()
	}
	return found, nil
}

// contacts tries what the secret of contacts sync is for.
func (t *trial) contacts(ctx context.Context) (finding, error) {
	if t.source.contacts == nil {
		return finding{text: "not set: a reading is not held against the list of all members, which nothing else has"}, nil
	}
	_, err := post[memberIDs](ctx, t.source.contacts.impatient(), "user/list_id", map[string]any{"limit": 1})
	return finding{text: "it gives the ids of all members"}, err
}

// callback says whether changes can come by themselves.
func (t *trial) callback(context.Context) (finding, error) {
	o := t.source.options
	switch {
	case o.CallbackToken == "" && o.CallbackAESKey == "":
		return finding{
			"not set up: changes are seen by the next reading, and no sooner",
			"for changes within seconds, set callbackToken and callbackAESKey of the source, and its callback address in WeCom's console",
		}, nil
	case o.CallbackToken == "":
		return finding{}, &plugin.Error{Kind: plugin.Config, Msg: "callbackToken is missing", Hint: "copy the Token from where the EncodingAESKey is"}
	case o.CallbackAESKey == "":
		return finding{}, &plugin.Error{Kind: plugin.Config, Msg: "callbackAESKey is missing", Hint: "copy the EncodingAESKey from where the Token is"}
	}
	return finding{text: "it is set up; WeCom's console tries the address when it is saved there"}, nil
}
