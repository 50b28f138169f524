package engine

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// faultsOf says in plain words what a validation found. What the options hold
// is never repeated: it may be a secret.
func faultsOf(e *jsonschema.ValidationError) []Fault {
	at := "/options"
	for _, step := range e.InstanceLocation {
		at += "/" + pointerStep(step)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(at, k.Missing, "is missing")
	case *kind.AdditionalProperties:
		return each(at, k.Properties, "is no option of this source type")
	case *kind.DependentRequired:
		return each(at, k.Missing, "is missing, since there is "+k.Prop)
	case *kind.PropertyNames:
		return each(at, []string{k.Property}, "has a name that is not allowed")
	case *kind.AnyOf:
		return nearest(e.Causes)
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return nearest(e.Causes)
		}
	}
	if len(e.Causes) == 0 {
		return []Fault{{at, expected(e.ErrorKind)}}
	}
	var faults []Fault
	for _, cause := range e.Causes {
		faults = append(faults, faultsOf(cause)...)
	}
	return faults
}

func each(at string, members []string, message string) []Fault {
	faults := make([]Fault, len(members))
	for i, name := range members {
		faults[i] = Fault{at + "/" + pointerStep(name), message}
	}
	return faults
}

// nearest gives the faults of that alternative which has the fewest: it is the
// one that was meant, more likely than not.
func nearest(alternatives []*jsonschema.ValidationError) []Fault {
	var least []Fault
	for _, e := range alternatives {
		if faults := faultsOf(e); least == nil || len(faults) < len(least) {
			least = faults
		}
	}
	return least
}

// expected says what a value must be.
func expected(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + typeNames(k.Want)
	case *kind.Enum:
		return "must be " + values(k.Want)
	case *kind.Const:
		return "must be " + values([]any{k.Want})
	case *kind.Format:
		return "must be " + formatName(k.Want)
	case *kind.Pattern:
		return "must match the pattern " + k.Want
	case *kind.FalseSchema:
		return "must be left out"
	case *kind.OneOf:
		return "fits more than one of the forms that it may have"
	}
	return expectedSize(k)
}

// expectedSize says how large, long or many something must be.
func expectedSize(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have %d or more characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have %d or fewer characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("must have %d or more elements", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have %d or fewer elements", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("must have %d or more members", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have %d or fewer members", k.Want)
	case *kind.UniqueItems:
		return fmt.Sprintf("has the same at %d and %d", k.Duplicates[0], k.Duplicates[1])
	case *kind.Minimum:
		return "must be " + decimal(k.Want) + " or more"
	case *kind.Maximum:
		return "must be " + decimal(k.Want) + " or less"
	case *kind.ExclusiveMinimum:
		return "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + decimal(k.Want)
	}
	return "is not as the schema of the source type wants it"
}

func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return fmt.Sprint(f)
}

// values lists what a schema allows.
func values(of []any) string {
	texts := make([]string, len(of))
	for i, v := range of {
		b, _ := json.Marshal(v) // it came from JSON
		texts[i] = string(b)
	}
	return strings.Join(texts, " or ")
}

func typeNames(types []string) string {
	names := map[string]string{
		"string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
		"array": "a list", "object": "an object", "null": "null",
	}
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = names[t]
	}
	return strings.Join(texts, " or ")
}

func formatName(format string) string {
	names := map[string]string{
		"uri": "an address such as https://example.com", "email": "an e-mail address", "hostname": "the name of a host",
		"date-time": "a time such as 2026-11-21T09:00:00Z", "date": "a date such as 2026-11-21", "time": "a time such as 09:00:00Z",
		"ipv4": "an IPv4 address", "ipv6": "an IPv6 address", "uuid": "a uuid", "regex": "a regular expression",
	}
	if name := names[format]; name != "" {
		return name
	}
	return "of the format " + format
}
