package conform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// lastWords is how much of what an adapter that cannot be met wrote to stderr is
// shown.
const lastWords = 400

// A Subject is an adapter that the kit has met: what it is and has.
type Subject struct {
	Name, Version string             // as it introduces itself
	Type          *plugin.SourceType // that is read; nil: none
	Target        *plugin.TargetInfo // that is written to; nil: none

	adapter   Adapter
	said      introduction
	types     []plugin.SourceType
	targets   []plugin.TargetInfo
	secrets   []string        // of the options
	complaint string          // how what it wrote to stderr ends, when it was met
	untyped   string          // why there is no Type
	unread    error           // why its source could not be read
	holds     []plugin.Record // what was read
	logs      bool            // it logged something while it was read
	batches   bool            // the target answers target/apply
	finds     bool            // and target/find
	discreet  *strings.Replacer
}

// Meet starts the adapter, opens the connection, and has it say what it has. A
// source type that can be read is read once, to know what is in it. The error,
// of kind Config, is that of an adapter that does not get so far.
func Meet(ctx context.Context, a Adapter) (*Subject, error) {
	ctx, cancel := context.WithTimeout(ctx, a.limit())
	defer cancel()
	if len(a.Command) == 0 {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "there is no command to start", Hint: "name it after --, or a manifest that has one with --manifest"}
	}
	s := &Subject{adapter: a}
	var failed error
	for r := range plugintest.Run(ctx, []plugintest.Check[*Subject]{{Run: introduce}}, func(plugintest.T) *Subject { return s }) {
		for _, fault := range r.Faults {
			failed = errors.Join(failed, errors.New(fault))
		}
	}
	if failed != nil && s.complaint != "" {
		failed = fmt.Errorf("%w; it says on standard error: %s", failed, s.complaint)
	}
	if failed != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Msg: "meet the adapter", Err: failed, Hint: "start it by hand and see what it says; it must answer initialize, registry/listSourceTypes and registry/listTargets"}
	}
	return s, nil
}

// introduce learns what the adapter has.
func introduce(t plugintest.T, s *Subject) {
	k := s.dial(t)
	t.Cleanup(func() { s.complaint = k.stderr.end(lastWords) })
	s.said = k.initialize()
	s.Name, s.Version = s.said.Server.Name, s.said.Server.Version
	k.list("registry/listSourceTypes", "types", &s.types)
	k.list("registry/listTargets", "targets", &s.targets)
	s.chooseType(t)
	s.chooseTarget(t, k)
	if s.Type != nil {
		s.readOnce(t.Context(), k)
	}
	s.learnSecrets()
}

// chooseType takes the source type that was named, else the first that can be
// read and allows the options, else the first that can be read.
func (s *Subject) chooseType(t plugintest.T) {
	readable := slices.DeleteFunc(slices.Clone(s.types), func(typ plugin.SourceType) bool {
		return !typ.Capabilities.Pull || s.adapter.Type != "" && typ.Name != s.adapter.Type
	})
	named := func(typ plugin.SourceType) bool { return typ.Name == s.adapter.Type }
	switch i := slices.IndexFunc(readable, s.allows); {
	case s.adapter.Type != "" && !slices.ContainsFunc(s.types, named):
		t.Fatalf("it has no source type %q", s.adapter.Type)
	case len(readable) == 0:
		s.untyped = "it has no source type that is read, or the one that was named is not"
	case i < 0 && s.adapter.Options == nil:
		s.untyped = "no options with which a source can be read: --options"
	default:
		s.Type = &readable[max(i, 0)]
	}
}

// allows says whether the schema of a type allows the options.
func (s *Subject) allows(typ plugin.SourceType) bool { return accepts(typ, s.adapter.options()) }

// chooseTarget takes the target that was named, and learns how it is written to.
func (s *Subject) chooseTarget(t plugintest.T, k *talk) {
	if s.adapter.Target == "" {
		return
	}
	i := slices.IndexFunc(s.targets, func(info plugin.TargetInfo) bool { return info.Name == s.adapter.Target })
	if i < 0 || len(s.targets[i].Accepts) == 0 {
		t.Fatalf("it has no target %q that accepts records", s.adapter.Target)
	}
	s.Target = &s.targets[i]
	s.batches = knows(k.call("target/apply", plugin.ApplyParams{Target: s.Target.Name, Changes: []plugin.WireChange{}}))
	s.finds = knows(k.call("target/find", plugin.FindParams{Target: s.Target.Name, DataType: s.Target.Accepts[0], Field: "id", Values: []string{}}))
}

// list reads what the adapter has. One that has none need not know the method.
func (k *talk) list(method, member string, to any) {
	k.t.Helper()
	m := k.call(method, struct{}{})
	if !knows(m) {
		return
	}
	var lists map[string]json.RawMessage
	if m.Error != nil || json.Unmarshal(m.Result, &lists) != nil || json.Unmarshal(lists[member], to) != nil {
		k.t.Fatalf("%s is answered %s, want one that has %s", method, verdict(m), member)
	}
}

// knows says whether a method was called that the adapter has.
func knows(m message) bool { return m.code() != codeMethodNotFound && m.code() != codeUnsupported }

// readOnce reads the source.
func (s *Subject) readOnce(ctx context.Context, k *talk) {
	if !s.allows(*s.Type) {
		s.unread = errors.New("the options are not what the schema of the type allows")
		return
	}
	source, err := s.open(ctx, k, s.adapter.options(), zap.NewNop())
	if err == nil {
		_, err = source.Read(ctx, plugin.Request{}, func(p plugin.Page) error {
			s.holds = append(s.holds, p.Records...)
			return nil
		})
	}
	s.unread = err
	heard, _ := k.ears.all()
	s.logs = slices.ContainsFunc(heard, isLog)
}

func isLog(m message) bool { return m.Method == "$/log" }

// open opens a source of the type over a connection.
func (s *Subject) open(ctx context.Context, k *talk, options []byte, log *zap.Logger) (plugin.Source, error) {
	return plugin.Peer{Caller: k}.Driver(*s.Type).Open(ctx, plugin.Setup{Name: "conform", Options: options, Log: log})
}

// dial starts a process of the adapter, which ends with the check.
func (s *Subject) dial(t plugintest.T) *talk {
	t.Helper()
	c, err := start(t.Context(), s.adapter)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(c.end)
	return &talk{child: c, t: t}
}

// connect is dial with the connection opened.
func (s *Subject) connect(t plugintest.T) *talk {
	t.Helper()
	k := s.dial(t)
	k.initialize()
	return k
}

// system is what plugintest checks: a source in a process of its own.
func (s *Subject) system(t plugintest.T) plugintest.System {
	system := plugintest.System{Type: *s.Type, Holds: s.holds}
	system.Open = func(log *zap.Logger) (plugin.Source, error) {
		return s.open(t.Context(), s.connect(t), s.adapter.options(), log)
	}
	return system
}
