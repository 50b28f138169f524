package wecom

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// Name names the source type.
const Name = "wecom"

//go:embed schema.json
var schema []byte

// Driver gives the driver of the source type that reads WeCom.
func Driver() plugin.Driver {
	return plugin.NewDriver(plugin.SourceType{
		Name:          Name,
		Title:         "WeCom (企业微信)",
		Origin:        "builtin",
		DataTypes:     []plugin.Type{plugin.Department, plugin.User},
		OptionsSchema: json.RawMessage(schema),
		Capabilities:  plugin.Capabilities{Pull: true, Webhook: true, Lookup: true, Check: true},
	}, open)
}

// A source reads one company with the secret of one application.
type source struct {
	*receiver
	options     *options
	mapper      *mapper
	client      *client
	contacts    *client // with the secret of contacts sync; nil: there is none
	concurrency int
	pageRecords int
	log         *zap.Logger
}

func open(_ context.Context, o options, log *zap.Logger) (plugin.Source, error) {
	for at, missing := range map[string]bool{"/corpId": o.CorpID == "", "/secret": o.Secret == ""} {
		if missing {
			return nil, mapping.Wrong(at, "it is empty", "copy it from WeCom's admin console")
		}
	}
	s := &source{options: &o, concurrency: cmp.Or(o.Concurrency, defaultConcurrency), pageRecords: pageRecords, log: log}
	var err error
	if s.receiver, err = newReceiver(o.CorpID, o.CallbackToken, o.CallbackAESKey, log); err != nil {
		return nil, err
	}
	if s.mapper, err = newMapper(&o); err != nil {
		return nil, err
	}
	if s.client, err = newClient(o, o.Secret, log); err != nil {
		return nil, err
	}
	if o.ContactsSecret != "" {
		s.contacts, err = newClient(o, o.ContactsSecret, log)
	}
	return s, err
}

// clients are those of its secrets.
func (s *source) clients() []*client {
	if s.contacts == nil {
		return []*client{s.client}
	}
	return []*client{s.client, s.contacts}
}

// Close lets go of connections.
func (s *source) Close() error {
	for _, c := range s.clients() {
		c.http.CloseIdleConnections()
	}
	return nil
}
