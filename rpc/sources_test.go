package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// TestSourcesConversations plays the conversations of testdata/sources: with the
// real engine, and with doors, sources that open when they are given the right
// secret.
func TestSourcesConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/sources/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "roster.db")
			synctest.Test(t, func(t *testing.T) { play(t, file, doorServer(t, path)) })
		})
	}
}

func doorServer(t testing.TB, path string) *Server {
	s := realServer(t, path)
	if err := s.Adapters.AddDriver(doors()); err != nil {
		t.Fatal(err)
	}
	open := s.Open
	s.Open = func(ctx context.Context, c Config) (*engine.Engine, error) {
		e, err := open(ctx, c)
		if err == nil {
			e.SetKeys(engine.KeysAt(path + ".key"))
		}
		return e, err
	}
	return s
}

type door struct {
	Number int           `json:"number"`
	Secret plugin.Secret `json:"secret"`
}

func doors() plugin.Driver {
	return plugin.Driver{
		Type: plugin.SourceType{
			Name: "door", Title: "Door", Origin: "builtin", DataTypes: []plugin.Type{plugin.User}, Capabilities: plugin.Capabilities{Pull: true, Check: true},
			OptionsSchema: json.RawMessage(`{"type":"object","required":["number","secret"],"additionalProperties":false,"properties":{"number":{"type":"integer"},"secret":{"type":"string","writeOnly":true}}}`),
		},
		Open: func(_ context.Context, s plugin.Setup) (plugin.Source, error) {
			d := &door{}
			return d, json.Unmarshal(s.Options, d)
		},
	}
}

func (d *door) Read(context.Context, plugin.Request, func(plugin.Page) error) (plugin.Reading, error) {
	return plugin.Reading{}, errors.New("nobody reads doors")
}

func (d *door) Check(context.Context) (plugin.Check, error) {
	if d.Secret.Reveal() != "sesame" {
		return plugin.Check{Steps: []plugin.Step{{Name: "open", Message: "it stays shut", Hint: "say another word"}}}, nil
	}
	sample := []plugin.Record{{Type: plugin.User, UID: "1", Attrs: map[string]any{"nickname": "赵思远"}}}
	return plugin.Check{Steps: []plugin.Step{{Name: "open", OK: true, Message: "it opens"}}, Sample: sample}, nil
}
