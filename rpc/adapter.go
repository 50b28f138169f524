package rpc

import (
	"context"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// What a Server without Open serves: the adapters that it has, and no engine.

// ofAdapters are the methods that an adapter answers, among all.
func ofAdapters(all []methodInfo) []methodInfo {
	var some []methodInfo
	for _, m := range all {
		switch space, _, _ := strings.Cut(m.name, "/"); space {
		case initialize, "initialized", "ping", "log", "shutdown", exit, "$", "source", "target":
			some = append(some, m)
		case "registry":
			if strings.HasPrefix(m.name, "registry/list") {
				some = append(some, m)
			}
		}
	}
	return some
}

// decoder gives what reads params. A host is told of each member that it
// misspells; an adapter passes over what a newer Roster sends.
func (s *session) decoder() decoder { return decoder{lenient: s.server.Open == nil} }

// A taker is what target/* comes to: an engine, or the targets of an adapter.
type taker interface {
	Apply(ctx context.Context, target string, changes []plugin.Change) ([]plugin.Outcome, error)
	Find(ctx context.Context, target string, q plugin.Query) ([]plugin.Found, error)
}

func (s *session) taker(ctx context.Context) (taker, error) {
	if s.server.Open == nil {
		return ownTargets{s.adapters}, nil
	}
	return s.database.get(ctx)
}

type ownTargets struct{ adapters *plugin.Registry }

func (o ownTargets) Apply(ctx context.Context, target string, changes []plugin.Change) ([]plugin.Outcome, error) {
	t, err := o.target(target)
	if err != nil {
		return nil, err
	}
	return t.Apply(ctx, changes)
}

func (o ownTargets) Find(ctx context.Context, target string, q plugin.Query) ([]plugin.Found, error) {
	t, err := o.target(target)
	if err != nil {
		return nil, err
	}
	if f, ok := t.(plugin.Finder); ok {
		return f.Find(ctx, q)
	}
	return nil, &plugin.Error{Kind: plugin.Unsupported, Msg: "target " + quoteShort(target) + " is not searched"}
}

func (o ownTargets) target(name string) (plugin.Target, error) {
	if t := o.adapters.Target(name); t != nil {
		return t, nil
	}
	return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/target", Msg: "there is no target " + quoteShort(name), Hint: "registry/listTargets names those that there are"}
}
