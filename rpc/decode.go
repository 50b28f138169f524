package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/rpc/rawjson"
)

// A decoder reads params.
type decoder struct {
	lenient bool // members that are not known are passed over, not refused
}

// decode reads params into the struct that v points to, strictly: a member
// that the struct does not have, one of the wrong type, and the lack of one
// without omitempty are errors that name it. null is as good as absent. Names
// count exactly; of a member that comes twice the last counts. Members that
// are json.Unmarshalers are handed pieces of raw, not copies.
func (d decoder) decode(raw json.RawMessage, v any) error {
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	return d.value("", raw, reflect.ValueOf(v).Elem())
}

// value reads the value at a JSON pointer.
func (d decoder) value(at string, raw json.RawMessage, v reflect.Value) error {
	var err error
	switch u, ok := v.Addr().Interface().(json.Unmarshaler); {
	case ok:
		err = u.UnmarshalJSON(raw)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(at, raw, v.Elem())
	case v.Kind() == reflect.Struct && rawjson.Kind(raw) == '{':
		return d.object(at, raw, v)
	case v.Kind() == reflect.Map && rawjson.Kind(raw) == '{':
		return d.members(at, raw, v)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct && rawjson.Kind(raw) == '[':
		return d.list(at, raw, v)
	default:
		err = json.Unmarshal(raw, v.Addr().Interface())
	}
	if err != nil {
		return wrongType(at, raw, v)
	}
	return nil
}

// object reads the members of an object into a struct.
func (d decoder) object(at string, raw json.RawMessage, v reflect.Value) error {
	fields := fieldsOf(v.Type())
	for name, value := range rawjson.Members(raw) {
		f, known := fields[name]
		switch {
		case !known && !d.lenient:
			return unknownMember(at, name, fields)
		case !known, rawjson.Kind(value) == 'n':
			continue
		}
		if err := d.value(at+"/"+escape(name), value, v.FieldByIndex(f.index)); err != nil {
			return err
		}
		f.optional = true // it is there
		fields[name] = f
	}
	for _, member := range members(v.Type()) {
		if name, _ := jsonName(member); !fields[name].optional {
			path := at + "/" + escape(name)
			return invalidParams(&plugin.Error{Msg: path + " is missing", Path: path})
		}
	}
	return nil
}

// members reads the members of an object, whatever their names, into a map.
func (d decoder) members(at string, raw json.RawMessage, v reflect.Value) error {
	v.Set(reflect.MakeMap(v.Type()))
	for name, value := range rawjson.Members(raw) {
		if rawjson.Kind(value) == 'n' {
			continue
		}
		member := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(at+"/"+escape(name), value, member); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), member)
	}
	return nil
}

// list reads the elements of an array, each into a struct.
func (d decoder) list(at string, raw json.RawMessage, v reflect.Value) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for value := range rawjson.Elements(raw) {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(fmt.Sprintf("%s/%d", at, v.Len()), value, element); err != nil {
			return err
		}
		v.Set(reflect.Append(v, element))
	}
	return nil
}

// A field is a member of a struct.
type field struct {
	index    []int
	optional bool
}

// fieldsOf gives the members of a struct by their JSON names.
func fieldsOf(t reflect.Type) map[string]field {
	fields := map[string]field{}
	for _, member := range members(t) {
		name, optional := jsonName(member)
		fields[name] = field{member.Index, optional}
	}
	return fields
}

// members gives the fields of a struct, those of structs embedded in it as its own.
func members(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Anonymous })
}

func jsonName(f reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, strings.HasPrefix(options, "omit")
}

func unknownMember(at, name string, fields map[string]field) error {
	e := &plugin.Error{Msg: "unknown member " + quoteShort(name), Path: at + "/" + escape(name), Hint: "leave it out"}
	if similar := near(name, fields); len(similar) > 0 {
		e.Hint = "did you mean " + strings.Join(similar, " or ") + "?"
	}
	return invalidParams(e)
}

func wrongType(at string, raw json.RawMessage, v reflect.Value) error {
	what := at
	if what == "" {
		what = "params"
	}
	return invalidParams(&plugin.Error{Msg: fmt.Sprintf("%s must be %s, not %s", what, wanted(v), got(raw)), Path: at})
}

// A describer says what JSON it can be read from, "an array".
type describer interface{ wanted() string }

func wanted(v reflect.Value) string {
	if d, ok := v.Interface().(describer); ok {
		return d.wanted()
	}
	switch v.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

func got(raw json.RawMessage) string {
	switch rawjson.Kind(raw) {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return string(raw)
	case 'n':
		return "null"
	}
	if bytes.ContainsAny(raw, ".eE") {
		return "a fraction"
	}
	return "a number"
}

// escape makes a name a step of a JSON pointer.
func escape(name string) string {
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "") + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
