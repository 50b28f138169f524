package demo

import (
	"context"
	"encoding/json"

	"github.com/nocobase-roster/roster/demo/kestrel"
	"github.com/nocobase-roster/roster/engine"
)

// The source that the story is about.
const (
	sourceName = "wecom"
	sourceType = "wecom"
)

// options are how WeCom at an address is set up as a source: what an operator
// fills into the form of source type wecom.
func options(url string) map[string]any {
	return map[string]any{
		"corpId": kestrel.CorpID, "agentId": kestrel.AgentID, "secret": kestrel.Secret.Reveal(), "baseUrl": url,
		"callbackToken": kestrel.CallbackToken.Reveal(), "callbackAESKey": kestrel.CallbackAESKey.Reveal(),
		"fields": map[string]any{"users": map[string]string{"email": "extattr." + kestrel.MailField}},
		"sync":   map[string]any{"removal": map[string]string{"user": "delete", "department": "delete"}},
	}
}

// setUp makes the source.
func (s *Story) setUp(ctx context.Context) error {
	name, of := sourceName, sourceType
	_, err := s.engine.CreateSource(ctx, engine.SourceDraft{Name: &name, SourceType: &of, Options: written(options(s.wecom.URL()))})
	return err
}

// written are options as JSON.
func written(options map[string]any) json.RawMessage {
	b, err := json.Marshal(options)
	if err != nil {
		panic(err) // they hold text and numbers only
	}
	return b
}

// source is the source, to be synchronized.
func source() engine.Sync { return engine.Sync{Source: sourceName} }
