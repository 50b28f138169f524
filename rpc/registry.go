package rpc

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

type sourceTypeList struct {
	Types []plugin.SourceType `json:"types"`
}

func (s *session) listSourceTypes(context.Context, none) (sourceTypeList, error) {
	return sourceTypeList{list(s.adapters.SourceTypes())}, nil
}

type targetList struct {
	Targets []plugin.TargetInfo `json:"targets" jsonschema:"in the order in which they are written"`
}

func (s *session) listTargets(context.Context, none) (targetList, error) {
	return targetList{list(s.adapters.Targets())}, nil
}

// registerSourceParams declare a source type that the host has.
type registerSourceParams struct {
	Name          string          `json:"name" jsonschema:"of the source type; source/open is called with it"`
	Title         string          `json:"title,omitempty" jsonschema:"for an operator; the name when absent"`
	DataTypes     []plugin.Type   `json:"dataTypes" jsonschema:"department, user"`
	OptionsSchema json.RawMessage `json:"optionsSchema,omitempty" jsonschema:"a JSON Schema (2020-12) of a source's options; writeOnly marks secrets"`
	Capabilities  sourcePowers    `json:"capabilities,omitzero" jsonschema:"what its sources can do; absent: nothing"`
}

// sourcePowers are plugin.Capabilities, of which a host says only what is true.
type sourcePowers struct {
	Pull    bool `json:"pull,omitempty" jsonschema:"source/read"`
	Push    bool `json:"push,omitempty" jsonschema:"others send its records"`
	Webhook bool `json:"webhook,omitempty" jsonschema:"source/webhook"`
	Lookup  bool `json:"lookup,omitempty" jsonschema:"source/lookup"`
	Check   bool `json:"check,omitempty" jsonschema:"source/check"`
}

func (s *session) registerSource(ctx context.Context, p registerSourceParams) (sourceTypeList, error) {
	if k := rawjson.Kind(p.OptionsSchema); k != 0 && k != '{' {
		return sourceTypeList{}, invalidParams(&plugin.Error{Path: "/optionsSchema", Msg: "/optionsSchema must be an object"})
	}
	if err := knownTypes("dataTypes", p.DataTypes); err != nil {
		return sourceTypeList{}, err
	}
	driver := s.host(ctx).Driver(plugin.SourceType{
		Name: p.Name, Title: cmp.Or(p.Title, p.Name), Origin: cmp.Or(s.client(), "host"), DataTypes: p.DataTypes,
		OptionsSchema: p.OptionsSchema, Capabilities: plugin.Capabilities(p.Capabilities),
	})
	err := s.register(ctx, p.Name, func() error { return s.adapters.AddDriver(driver) })
	return sourceTypeList{list(s.adapters.SourceTypes())}, err
}

// registerTargetParams declare a target that the host has.
type registerTargetParams struct {
	Name    string        `json:"name" jsonschema:"of the target: the resource of links and results"`
	Accepts []plugin.Type `json:"accepts" jsonschema:"the types of records that it gets: department, user"`
	After   []string      `json:"after,omitempty" jsonschema:"targets that are written before it"`
	Before  []string      `json:"before,omitempty" jsonschema:"targets that are written after it; of those that are not NocoBase's"`
	Batches bool          `json:"batches,omitempty" jsonschema:"it answers target/apply, with many changes at once; else target/create and target/update, with one"`
	Finds   bool          `json:"finds,omitempty" jsonschema:"it answers target/find"`
}

func (s *session) registerTarget(ctx context.Context, p registerTargetParams) (targetList, error) {
	if err := knownTypes("accepts", p.Accepts); err != nil {
		return targetList{}, err
	}
	target := s.host(ctx).Target(p.Name, p.Batches, p.Finds)
	err := s.register(ctx, p.Name, func() error {
		return s.adapters.AddTarget(plugin.TargetInfo{Name: p.Name, Accepts: p.Accepts, After: p.After, Before: p.Before}, target)
	})
	return targetList{list(s.adapters.Targets())}, err
}

// knownTypes refuses types that have no place in NocoBase.
func knownTypes(member string, types []plugin.Type) error {
	for i, t := range types {
		if t != plugin.Department && t != plugin.User {
			path := fmt.Sprintf("/%s/%d", member, i)
			return &plugin.Error{Kind: plugin.Unsupported, Path: path, Msg: path + ": records of type " + quoteShort(string(t)) + " are not supported", Hint: "it is one of department, user"}
		}
	}
	return nil
}

// host is the other end of the connection that ctx came over.
func (s *session) host(ctx context.Context) plugin.Peer {
	return plugin.Peer{Caller: caller{s, flightOf(ctx).conn}}
}

// client names the host, as it has introduced itself.
func (s *session) client() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clientName
}

// register adds what the host has under a name that nobody else's has.
func (s *session) register(ctx context.Context, name string, add func() error) error {
	if s.taken(name) {
		return &plugin.Error{Kind: plugin.Conflict, Path: "/name", Msg: "the name " + quoteShort(name) + " is of something built in", Hint: "choose another name"}
	}
	if err := add(); err != nil {
		return err
	}
	s.mu.Lock()
	s.own[name] = true
	s.mu.Unlock()
	s.adaptersChanged(ctx, name)
	return nil
}

// taken says whether there is anything of that name that this connection has
// not registered.
func (s *session) taken(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.own[name] && (slices.ContainsFunc(s.adapters.SourceTypes(), func(t plugin.SourceType) bool { return t.Name == name }) ||
		slices.ContainsFunc(s.adapters.Targets(), func(t plugin.TargetInfo) bool { return t.Name == name }))
}

type unregisterParams struct {
	Name string `json:"name" jsonschema:"of a source type or target that this connection has registered"`
}

func (s *session) unregister(ctx context.Context, p unregisterParams) (null, error) {
	if s.taken(p.Name) {
		return null{}, &plugin.Error{Kind: plugin.Unsupported, Path: "/name", Msg: quoteShort(p.Name) + " is built in", Hint: "only what this connection has registered can be unregistered"}
	}
	s.mu.Lock()
	delete(s.own, p.Name)
	s.mu.Unlock()
	if !s.adapters.Remove(p.Name) {
		return null{}, &plugin.Error{Kind: plugin.NotFound, Path: "/name", Msg: "nothing is registered as " + quoteShort(p.Name)}
	}
	s.adaptersChanged(ctx, p.Name)
	return null{}, nil
}

type registryChangedParams struct {
	Name string `json:"name" jsonschema:"of the source type or target that came or went"`
}

// adaptersChanged tells the host and the engine, if there is one yet.
func (s *session) adaptersChanged(ctx context.Context, name string) {
	a := s.database.peek()
	if err, opened := a.state(); opened && err == nil {
		a.engine.AdaptersChanged(name)
	}
	flightOf(ctx).conn.Notify(ctx, "registry/changed", registryChangedParams{name}) //nolint:errcheck // the answer will fail as well
}
