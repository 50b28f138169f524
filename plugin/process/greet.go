package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/frame"
)

// A greeting is what both sides say in initialize.
type greeting struct {
	ProtocolVersion string         `json:"protocolVersion"`
	Client          party          `json:"client,omitzero"`
	Server          party          `json:"server,omitzero"`
	Capabilities    map[string]any `json:"capabilities"`
	Limits          struct {
		MaxFrameBytes       int `json:"maxFrameBytes,omitempty"`
		MaxRequestsInFlight int `json:"maxRequestsInFlight,omitempty"`
	} `json:"limits"`
}

type party struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// greet opens the connection, and holds the adapter to what it has declared.
func (l *life) greet(ctx context.Context, m Manifest, version string) error {
	ours := greeting{ProtocolVersion: ProtocolVersion, Client: party{"roster", version}, Capabilities: map[string]any{"log": true, "cancel": true}}
	ours.Limits.MaxFrameBytes = frame.DefaultMaxBytes
	var theirs greeting
	if err := l.ask(ctx, "initialize", ours, &theirs); err != nil {
		return notGreeted(err)
	}
	if theirs.ProtocolVersion != ProtocolVersion {
		return &plugin.Error{
			Kind: plugin.Unsupported, Msg: fmt.Sprintf("adapter %s speaks version %.20q of the protocol, Roster version %q", l.name, theirs.ProtocolVersion, ProtocolVersion),
			Hint: "use an adapter and a Roster of the same version",
		}
	}
	l.heed(theirs)
	if err := l.conn.Notify(ctx, "initialized", struct{}{}); err != nil {
		return err
	}
	return l.compare(ctx, m)
}

// notGreeted says which version was offered to an adapter that takes another.
func notGreeted(err error) error {
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Path == "/protocolVersion" {
		both := *e
		both.Msg += fmt.Sprintf("; Roster speaks version %q", ProtocolVersion)
		return &both
	}
	return err
}

// heed takes what the adapter says of its limits.
func (l *life) heed(g greeting) {
	if n := g.Limits.MaxFrameBytes; n > 0 {
		l.stream.LimitWrites(n)
	}
	if n := g.Limits.MaxRequestsInFlight; n > 0 && n < maxCalls {
		l.slots = make(chan struct{}, max(1, n-2)) // a ping and the end of a session are not to be refused
	}
}

// compare holds what the process says that it has to what its manifest says.
func (l *life) compare(ctx context.Context, m Manifest) error {
	var said struct {
		Types   []plugin.SourceType
		Targets []plugin.TargetInfo
	}
	if err := l.list(ctx, "registry/listSourceTypes", len(m.SourceTypes), &said); err != nil {
		return err
	}
	if err := l.list(ctx, "registry/listTargets", len(m.Targets), &said); err != nil {
		return err
	}
	differences := append(
		differ("/sourceTypes", byName(m.SourceTypes, sourceTypeName), byName(said.Types, sourceTypeName)),
		differ("/targets", byName(m.Targets, targetName), byName(said.Targets, targetName))...)
	if len(differences) == 0 {
		return nil
	}
	return &plugin.Error{
		Kind: plugin.Config, Msg: fmt.Sprintf("adapter %s is not what its %s says: %s", l.name, ManifestFile, firstOf(differences)),
		Hint: "correct " + ManifestFile + ": it must say what registry/listSourceTypes and registry/listTargets answer",
	}
}

// list asks for what is there. Who declares none of it need not know the method.
func (l *life) list(ctx context.Context, method string, declared int, said any) error {
	err := l.ask(ctx, method, struct{}{}, said)
	if declared == 0 && plugin.KindOf(err) == plugin.Unsupported {
		return nil
	}
	return err
}

func sourceTypeName(t *plugin.SourceType) string {
	t.Origin = "" // is said by whoever registers it
	return t.Name
}

func targetName(t *plugin.TargetInfo) string { return t.Name }

// byName makes JSON of declarations, as an object of their names.
func byName[D any](declared []D, name func(*D) string) map[string]any {
	all := map[string]any{}
	for _, d := range declared {
		key := name(&d)
		text, err := json.Marshal(d)
		var value any
		if err == nil && json.Unmarshal(text, &value) == nil {
			all[key] = value
		}
	}
	return all
}

// differ says where two values differ: in the manifest, and in what the process says.
func differ(path string, declared, said any) []string {
	a, isObject := declared.(map[string]any)
	b, bothObjects := said.(map[string]any)
	switch {
	case reflect.DeepEqual(declared, said):
		return nil
	case !isObject || !bothObjects:
		return []string{fmt.Sprintf("%s is %s there, and the process says %s", path, shown(declared), shown(said))}
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, differ(path+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), a[name], b[name])...)
	}
	return all
}

// shown is a value of a declaration, in a few words.
func shown(v any) string {
	if v == nil {
		return "absent"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "no JSON"
	}
	return printable(cut(string(text), 80))
}
