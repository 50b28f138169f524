package rpc

import (
	"context"
	"errors"

	"github.com/nocobase-roster/roster/plugin"
)

// webhook hands on what a system sent: to an open source, whose events come
// back, or to one that Roster has, which keeps them and acts on them.
func (s *session) webhook(ctx context.Context, p plugin.WebhookParams) (*plugin.WebhookResult, error) {
	c, err := p.Callback()
	if err != nil {
		return nil, refused(err)
	}
	switch {
	case p.Session != "" && p.Source == "":
		return s.receiveOpen(ctx, p.Session, c)
	case p.Source != "" && p.Session == "":
		return s.receive(ctx, p.Source, c)
	}
	return nil, invalidParams(&plugin.Error{
		Path: "/source", Msg: "one of /source and /session is needed, and not both",
		Hint: "name a source that Roster has, or the session of one that is open",
	})
}

func (s *session) receiveOpen(ctx context.Context, session string, c plugin.Callback) (*plugin.WebhookResult, error) {
	return withSource(ctx, s, session, func(ctx context.Context, o *openSource) (*plugin.WebhookResult, error) {
		receiver, ok := o.Source.(plugin.Receiver)
		if !ok {
			return nil, lacks(o.of, "takes no callbacks", "read it with source/read")
		}
		answer, events, err := receiver.Receive(ctx, c)
		if err != nil {
			return nil, err
		}
		result := plugin.NewWebhookResult(answer, events)
		return &result, nil
	})
}

func (s *session) receive(ctx context.Context, source string, c plugin.Callback) (*plugin.WebhookResult, error) {
	if s.server.Open == nil {
		return nil, &plugin.Error{Kind: plugin.Unsupported, Path: "/source", Msg: "an adapter has no sources of its own", Hint: "name the session of one that is open"}
	}
	e, err := s.database.get(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := e.Receive(ctx, source, c)
	if err != nil {
		return nil, err
	}
	result := plugin.NewWebhookResult(answer, nil)
	return &result, nil
}

// refused makes what is wrong with a member of params an error of the params.
func refused(err error) error {
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		return invalidParams(e)
	}
	return err
}
