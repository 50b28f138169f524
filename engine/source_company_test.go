package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// vaultSchema is of a source type with secrets at the top, in an object, in a
// list and behind a reference.
const vaultSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["url"],
	"properties": {
		"url": {"type": "string", "format": "uri"},
		"pages": {"type": "integer", "minimum": 1, "maximum": 10},
		"mode": {"enum": ["fast", "slow"]},
		"token": {"type": "string", "minLength": 4, "writeOnly": true},
		"login": {"type": "object", "required": ["user"], "properties": {"user": {"type": "string"}, "pass/word": {"$ref": "#/$defs/secret"}}},
		"tenants": {"type": "array", "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "key": {"$ref": "#/$defs/secret"}}}}
	},
	"$defs": {"secret": {"type": "string", "writeOnly": true}}}`

// A vault is a source that says whether its token is right.
type vault struct {
	options struct {
		URL   string
		Token plugin.Secret
	}
	opened *atomic.Int32
}

func (v *vault) Read(context.Context, plugin.Request, func(plugin.Page) error) (plugin.Reading, error) {
	return plugin.Reading{}, errors.New("nobody reads a vault")
}

func (v *vault) Check(ctx context.Context) (plugin.Check, error) {
	if v.options.URL == "https://silent.example" {
		<-ctx.Done()
		return plugin.Check{}, ctx.Err()
	}
	step := plugin.Step{Name: "token", OK: v.options.Token.Reveal() == "right-token", Message: "the vault opens"}
	if !step.OK {
		step.Message, step.Hint = "the vault stays shut", "ask for another token"
	}
	return plugin.Check{Steps: []plugin.Step{step}, Sample: []plugin.Record{{Type: plugin.User, UID: "1", Attrs: object{"username": "ann"}}}}, nil
}

func (v *vault) Close() error {
	v.opened.Add(-1)
	return nil
}

// vaults gives the driver of vaults, and how many are open.
func vaults() (plugin.Driver, *atomic.Int32) {
	opened := &atomic.Int32{}
	return plugin.Driver{
		Type: plugin.SourceType{Name: "vault", Title: "Vault", Origin: "test", OptionsSchema: json.RawMessage(vaultSchema), Capabilities: plugin.Capabilities{Pull: true, Check: true}},
		Open: func(_ context.Context, s plugin.Setup) (plugin.Source, error) {
			s.Log.Debug("opened", zap.String("name", s.Name))
			v := &vault{opened: opened}
			opened.Add(1)
			return v, json.Unmarshal(s.Options, &v.options)
		},
	}, opened
}

// withVaults gives the company's engine adapters and a key.
func (c *company) withVaults() *atomic.Int32 {
	c.Helper()
	driver, opened := vaults()
	r := &plugin.Registry{}
	push := plugin.Driver{Type: plugin.SourceType{Name: "http-api", OptionsSchema: json.RawMessage(`{"type":"object","additionalProperties":false}`)}}
	if err := errors.Join(r.AddDriver(driver), r.AddDriver(push)); err != nil {
		c.Fatal(err)
	}
	c.engine.SetAdapters(r)
	c.engine.SetKeys(keysOf(c, engine.NewKey()))
	return opened
}

func keysOf(c *company, text string) *engine.Keys {
	c.Helper()
	k, err := engine.ParseKeys(text)
	if err != nil {
		c.Fatal(err)
	}
	return k
}

// draft is a draft of a source; an empty type or options say nothing of them.
func draft(name, sourceType, options string) engine.SourceDraft {
	d := engine.SourceDraft{}
	for text, at := range map[*string]**string{&name: &d.Name, &sourceType: &d.SourceType} {
		if *text != "" {
			*at = text
		}
	}
	if options != "" {
		d.Options = json.RawMessage(options)
	}
	return d
}

// create adds a source.
func (c *company) create(name, sourceType, options string) *engine.Source {
	c.Helper()
	s, err := c.engine.CreateSource(c.Context(), draft(name, sourceType, options))
	if err != nil {
		c.Fatalf("CreateSource() = %v", err)
	}
	return s
}

// change changes a source.
func (c *company) change(name string, d engine.SourceDraft) *engine.Source {
	c.Helper()
	s, err := c.engine.UpdateSource(c.Context(), name, d)
	if err != nil {
		c.Fatalf("UpdateSource() = %v", err)
	}
	return s
}

// opens wants a test of a source to find that its token is right, or not.
func (c *company) opens(name string, want bool) {
	c.Helper()
	check, err := c.engine.TestSource(c.Context(), name, nil)
	if err != nil || len(check.Steps) != 1 || check.Steps[0].OK != want {
		c.Errorf("TestSource(%s) = %+v, %v, want a step that is ok: %v", name, check, err, want)
	}
}

// wantFault wants an error of a kind with a text.
func (c *company) wantFault(err error, kind plugin.Kind, path, text string) {
	c.Helper()
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok || e.Kind != kind || e.Path != path || err.Error() != text {
		c.Errorf("error:\n got %v\nwant %s at %s: %s", err, kind, path, text)
		if ok {
			c.Logf("kind %s, path %s", e.Kind, e.Path)
		}
	}
}
