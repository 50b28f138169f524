package plugin

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Registry is the adapters there are. Nothing registers by itself: whoever
// puts a Roster together names them all. The zero Registry is empty and ready;
// it is safe for concurrent use.
type Registry struct {
	mu      sync.Mutex // guards what follows
	drivers []Driver
	targets []registered // in the order of registration
}

type registered struct {
	info   TargetInfo
	target Target
}

// AddDriver registers a source type. The error is of kind Conflict when there is
// one of that name, and Config when the declaration is wrong.
func (r *Registry) AddDriver(d Driver) error {
	if err := checkDriver(d); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.drivers, func(other Driver) bool { return other.Type.Name == d.Type.Name }) {
		return taken("source type", d.Type.Name)
	}
	r.drivers = append(r.drivers, d)
	slices.SortFunc(r.drivers, func(a, b Driver) int { return strings.Compare(a.Type.Name, b.Type.Name) })
	return nil
}

// AddTarget registers a target. A nil target is one that others write to: it has
// its place in the order, and its name is taken.
func (r *Registry) AddTarget(info TargetInfo, t Target) error {
	if err := checkName("target", info.Name); err != nil {
		return err
	}
	if len(info.Accepts) == 0 {
		return &Error{Kind: Config, Path: "/accepts", Msg: "target " + info.Name + " accepts nothing", Hint: "name the record types it takes: department, user"}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.targets, func(other registered) bool { return other.info.Name == info.Name }) {
		return taken("target", info.Name)
	}
	more := append(slices.Clone(r.targets), registered{info, t})
	if _, err := order(more); err != nil {
		return err
	}
	r.targets = more
	return nil
}

// Remove takes a source type and a target of that name out, and says whether
// there was any.
func (r *Registry) Remove(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := len(r.drivers) + len(r.targets)
	r.drivers = slices.DeleteFunc(r.drivers, func(d Driver) bool { return d.Type.Name == name })
	r.targets = slices.DeleteFunc(r.targets, func(t registered) bool { return t.info.Name == name })
	return len(r.drivers)+len(r.targets) < before
}

// Clone gives a registry with the same adapters, which changes by itself; an
// empty one of nil.
func (r *Registry) Clone() *Registry {
	if r == nil {
		return &Registry{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Registry{drivers: slices.Clone(r.drivers), targets: slices.Clone(r.targets)}
}

// Driver gives the driver of a source type. The error is of kind NotFound and
// names those there are.
func (r *Registry) Driver(name string) (Driver, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, d := range r.drivers {
		if d.Type.Name == name {
			return d, nil
		}
		names = append(names, d.Type.Name)
	}
	return Driver{}, &Error{
		Kind: NotFound, Path: "/sourceType", Msg: fmt.Sprintf("there is no source type %.64q", name),
		Hint: "it is one of " + strings.Join(names, ", "),
	}
}

// SourceTypes lists the source types by name.
func (r *Registry) SourceTypes() []SourceType {
	r.mu.Lock()
	defer r.mu.Unlock()
	types := make([]SourceType, len(r.drivers))
	for i, d := range r.drivers {
		types[i] = d.Type
	}
	return types
}

// Targets lists the targets in the order in which they are written.
func (r *Registry) Targets() []TargetInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	ordered, _ := order(r.targets) // it had no circle when the last one came
	infos := make([]TargetInfo, len(ordered))
	for i, t := range ordered {
		infos[i] = t.info
	}
	return infos
}

// Target gives the target of that name; nil when there is none, or when others
// write to it.
func (r *Registry) Target(name string) Target {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.targets {
		if t.info.Name == name {
			return t.target
		}
	}
	return nil
}

// order sorts targets so that each stands after those it is to come after, and
// otherwise where it was registered. The error names a circle.
func order(targets []registered) ([]registered, error) {
	var out []registered
	var path []string
	done := map[string]bool{}
	var visit func(t registered) error
	visit = func(t registered) error {
		if done[t.info.Name] {
			return nil
		}
		if i := slices.Index(path, t.info.Name); i >= 0 {
			circle := append(slices.Clone(path[i:]), t.info.Name)
			return &Error{Kind: Config, Path: "/after", Msg: "targets wait for each other in a circle: " + strings.Join(circle, " after "), Hint: "drop one of these from after or before"}
		}
		path = append(path, t.info.Name)
		for _, other := range targets {
			if slices.Contains(t.info.After, other.info.Name) || slices.Contains(other.info.Before, t.info.Name) {
				if err := visit(other); err != nil {
					return err
				}
			}
		}
		path = path[:len(path)-1]
		done[t.info.Name] = true
		out = append(out, t)
		return nil
	}
	for _, t := range targets {
		if err := visit(t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var adapterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)

func checkDriver(d Driver) error {
	if err := checkName("source type", d.Type.Name); err != nil {
		return err
	}
	var options map[string]json.RawMessage
	switch {
	case d.Type.Capabilities.Pull && d.Open == nil:
		return &Error{Kind: Config, Path: "/capabilities/pull", Msg: "source type " + d.Type.Name + " cannot be opened, and says that it can be read", Hint: "give its driver Open"}
	case len(d.Type.OptionsSchema) > 0 && json.Unmarshal(d.Type.OptionsSchema, &options) != nil:
		return &Error{Kind: Config, Path: "/optionsSchema", Msg: "the options of source type " + d.Type.Name + " have a schema that is no JSON object", Hint: "give a JSON Schema of type object"}
	}
	return nil
}

func checkName(what, name string) error {
	if adapterName.MatchString(name) {
		return nil
	}
	return &Error{
		Kind: Config, Path: "/name", Msg: fmt.Sprintf("%.80q is no name for a %s", name, what),
		Hint: "it begins with a letter and has up to 64 letters, digits, points, hyphens and underscores",
	}
}

func taken(what, name string) error {
	return &Error{Kind: Conflict, Path: "/name", Msg: "there is a " + what + " " + name + " already", Hint: "choose another name, or unregister that one first"}
}
