package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// A sealed is a secret as the row of its source keeps it. One that NocoBase has
// written is plain text there, and none.
type sealed string

// An object is options, or a part of them: what encoding/json makes of them with
// UseNumber, and sealed.
type object = map[string]any

// decodeObject reads a JSON object. The error repeats nothing of it.
func decodeObject(raw []byte) (object, error) {
	var v object
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := d.Decode(&v)
	if _, more := d.Token(); err != nil || v == nil || !errors.Is(more, io.EOF) {
		return nil, errors.New("must be a JSON object")
	}
	return v, nil
}

// kept reads the options of a row.
func (row *sourceRow) kept() (object, error) {
	if row.Options == "null" { // as others may write that there are none
		return object{}, nil
	}
	options, err := decodeObject([]byte(row.Options))
	if err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Path: "/options", Msg: "the options of source " + row.Name + " in userDataSyncSources are no JSON object", Hint: "save the source again"}
	}
	findSealed(options)
	return options, nil
}

// findSealed makes every text in v that is one a sealed.
func findSealed(v any) any {
	switch v := v.(type) {
	case string:
		if _, ok := parseLocked(v); ok {
			return sealed(v)
		}
	case object:
		for name, member := range v {
			v[name] = findSealed(member)
		}
	case []any:
		for i, element := range v {
			v[i] = findSealed(element)
		}
	}
	return v
}

// eachSecret puts in the place of every secret in v what f makes of it. pointer
// is where v stands. Those that are null or empty are not set, and no secrets.
func (s shape) eachSecret(pointer string, v any, f func(pointer string, secret any) (any, error)) (any, error) {
	if _, ok := v.(sealed); ok || s.secret() {
		if unset(v) {
			return v, nil
		}
		return f(pointer, v)
	}
	var err error
	switch v := v.(type) {
	case object:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name], err = s.member(name).eachSecret(pointer+"/"+pointerStep(name), v[name], f); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = s.element(i).eachSecret(pointer+"/"+strconv.Itoa(i), v[i], f); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func unset(secret any) bool { return secret == nil || secret == "" }

func pointerStep(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// mask takes the secrets out of options and says where they were.
func (s shape) mask(options object) []string {
	set := []string{}
	s.eachSecret("", options, func(pointer string, _ any) (any, error) { //nolint:errcheck // it has none
		set = append(set, pointer)
		return nil, nil
	})
	return set
}

// open decrypts the secrets in options. The error names the source and the
// secret's pointer.
func (s shape) open(options object, keys *Keys, row *sourceRow) error {
	_, err := s.eachSecret("", options, func(pointer string, secret any) (any, error) {
		text, ok := secret.(sealed)
		if !ok {
			return secret, nil
		}
		plain, err := keys.open(string(text), row.place(pointer))
		if err != nil {
			return nil, row.unread(pointer, err)
		}
		return decodeSecret(plain)
	})
	return err
}

// seal encrypts the secrets in options.
func (s shape) seal(options object, keys *Keys, row *sourceRow) error {
	_, err := s.eachSecret("", options, func(pointer string, secret any) (any, error) {
		plain, err := json.Marshal(secret)
		if err != nil {
			return nil, err
		}
		return keys.seal(plain, row.place(pointer))
	})
	return err
}

// decodeSecret reads a secret of whatever type, as it was before it was
// encrypted.
func decodeSecret(plain []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(plain))
	d.UseNumber()
	return v, d.Decode(&v)
}

// unread says which secret could not be read.
func (row *sourceRow) unread(pointer string, err error) error {
	e := plugin.Error{Kind: plugin.Config, Err: err}
	if why, ok := errors.AsType[*plugin.Error](err); ok {
		e = *why
	}
	e.Path = "/options" + pointer
	e.Msg = "read the secret " + pointer + " of source " + row.Name + ": " + e.Msg
	return &e
}

// carry gives the options now those secrets of the options before that they
// leave out, or have as null, where the object that holds them is still there;
// in a list, where that object is otherwise what it was. A secret that is now
// empty is left out.
func (s shape) carry(before, now any) {
	switch now := now.(type) {
	case object:
		was, _ := before.(object)
		for _, name := range slices.Sorted(maps.Keys(both(was, now))) {
			if of := s.member(name); !of.secret() {
				of.carry(was[name], now[name])
				continue
			}
			if now[name] == nil {
				now[name] = was[name]
			}
			if unset(now[name]) {
				delete(now, name)
			}
		}
	case []any:
		was, _ := before.([]any)
		for i := range now {
			of := s.element(i)
			var old any
			if i < len(was) && of.alike(was[i], now[i]) {
				old = was[i]
			}
			of.carry(old, now[i])
		}
	}
}

func both(a, b object) object {
	all := maps.Clone(a)
	if all == nil {
		all = object{}
	}
	maps.Copy(all, b)
	return all
}

// alike says whether two values differ in secrets only.
func (s shape) alike(a, b any) bool {
	return reflect.DeepEqual(s.plain(a), s.plain(b))
}

// plain is a copy of v without secrets, be they set or not.
func (s shape) plain(v any) any {
	switch v := v.(type) {
	case object:
		plain := object{}
		for name, member := range v {
			if of := s.member(name); !of.secret() {
				plain[name] = of.plain(member)
			}
		}
		return plain
	case []any:
		plain := make([]any, len(v))
		for i, element := range v {
			plain[i] = s.element(i).plain(element)
		}
		return plain
	}
	return v
}
