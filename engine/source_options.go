package engine

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/nocobase-roster/roster/plugin"
)

// syncMember is what all source types have in common; see Options.
const syncMember = "sync"

// A Fault is one thing that is wrong with a draft.
type Fault struct {
	Path    string `json:"path"`    // a JSON pointer, from the draft on: "/options/url"
	Message string `json:"message"` // what is expected there: "must be a whole number"
}

// check says what is wrong with options in the clear.
func (s shape) check(options object) []Fault {
	own := maps.Clone(options)
	delete(own, syncMember)
	var faults []Fault
	for _, one := range s {
		err := one.Validate(own)
		if wrong, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
			faults = append(faults, faultsOf(wrong)...)
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Path, b.Path) })
	return append(slices.Compact(faults), checkSync(options[syncMember])...)
}

// CheckOptions says what is wrong with the options of a source that is kept
// nowhere, secrets in clear; nil where they are as the schema of its type wants
// them. The error is of kind Config, or Unsupported where that schema cannot be
// used. It repeats nothing of the options.
func CheckOptions(name string, t plugin.SourceType, options json.RawMessage) error {
	s, err := shapeOf(t)
	if err != nil {
		return err
	}
	own := object{}
	if len(options) > 0 {
		if own, err = decodeObject(options); err != nil {
			return faulty(name, []Fault{{"/options", err.Error()}})
		}
	}
	return faulty(name, s.check(own))
}

func checkSync(sync any) []Fault {
	raw, err := json.Marshal(sync)
	if err == nil {
		_, err = ParseOptions(raw)
	}
	e, ok := errors.AsType[*plugin.Error](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return []Fault{{"/options/" + syncMember, "cannot be read"}}
	}
	message := e.Msg
	if e.Hint != "" {
		message += ": " + e.Hint
	}
	return []Fault{{"/options" + e.Path, message}}
}

// faulty makes an error of what is wrong with a source; nil of nothing.
func faulty(source string, faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	var all []string
	for _, f := range faults {
		all = append(all, f.Path+" "+f.Message)
	}
	e := &plugin.Error{Kind: plugin.Config, Path: faults[0].Path, Msg: "source " + source + ": " + strings.Join(all, "; ")}
	if strings.HasPrefix(e.Path, "/options") {
		e.Hint = "the optionsSchema of its type, in registry/listSourceTypes, says what there is"
	}
	return e
}
