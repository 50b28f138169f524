package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// A shape says where in an answer something is looked for.
type shape struct {
	records mapping.Path
	others  []mapping.Path // single values
	single  bool           // an object in place of the records is one of them
}

// A walker goes through an answer and holds one record of it at a time.
type walker struct {
	shape
	dec     *json.Decoder
	each    func(record map[string]any) error
	found   bool           // the place of the records
	values  map[string]any // of the others that are there, by their pointers
	members []string       // of the answer, for a message
}

// walk hands the records of an answer to each, and gives the other values that
// the shape asks for, by their pointers; with them null, where that is in place
// of the records. It stops with the first error of each.
func walk(r io.Reader, s shape, each func(map[string]any) error) (map[string]any, error) {
	w := &walker{shape: s, dec: json.NewDecoder(r), each: each, values: map[string]any{}}
	w.dec.UseNumber()
	if err := w.value(mapping.Path{}); err != nil {
		return nil, explain(err)
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("something follows the answer")
		}
		return nil, explain(err)
	}
	if !w.found {
		return nil, w.nothingThere()
	}
	return w.values, nil
}

// value goes through the value at a place.
func (w *walker) value(at mapping.Path) error {
	here := slices.Equal(at, w.records)
	t, err := w.dec.Token()
	if err != nil {
		return err
	}
	w.found = w.found || here
	switch t {
	case json.Delim('['):
		if here {
			return w.list()
		}
		return w.array(at)
	case json.Delim('{'):
		if here && w.single {
			return w.one()
		}
		if here {
			w.found = false
		}
		return w.object(at)
	}
	if here && t != nil {
		return w.notRecords("a single value")
	}
	w.values[at.String()] = t
	return nil
}

// list hands over the elements of the array that has begun.
func (w *walker) list() error {
	for w.dec.More() {
		var record map[string]any
		if err := w.dec.Decode(&record); err != nil {
			var mistyped *json.UnmarshalTypeError
			if errors.As(err, &mistyped) {
				return w.notRecords("a list of something else")
			}
			return err
		}
		if err := w.each(record); err != nil {
			return stop{err}
		}
	}
	_, err := w.dec.Token()
	return err
}

// one hands over the object that has begun.
func (w *walker) one() error {
	record := map[string]any{}
	for w.dec.More() {
		name, err := w.dec.Token()
		if err != nil {
			return err
		}
		var v any
		if err := w.dec.Decode(&v); err != nil {
			return err
		}
		record[fmt.Sprint(name)] = v
	}
	if _, err := w.dec.Token(); err != nil {
		return err
	}
	if err := w.each(record); err != nil {
		return stop{err}
	}
	return nil
}

func (w *walker) object(at mapping.Path) error {
	for w.dec.More() {
		t, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if len(at) == 0 {
			w.members = append(w.members, name)
		}
		if err := w.child(append(slices.Clone(at), name)); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w *walker) array(at mapping.Path) error {
	for i := 0; w.dec.More(); i++ {
		if err := w.child(append(slices.Clone(at), fmt.Sprint(i))); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

// child goes into a value where something that is looked for may be in it, and
// else past it.
func (w *walker) child(at mapping.Path) error {
	wanted := func(p mapping.Path) bool { return p.LeadsThrough(at) }
	if wanted(w.records) || slices.ContainsFunc(w.others, wanted) {
		return w.value(at)
	}
	for depth := 0; ; {
		t, err := w.dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// A stop is an error of who takes the records; it is not the answer's.
type stop struct{ error }

func (s stop) Unwrap() error { return s.error }

// explain makes an error of encoding/json one that repeats nothing of the answer.
func explain(err error) error {
	var known *plugin.Error
	switch {
	case errors.As(err, new(stop)), errors.As(err, &known):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &plugin.Error{Kind: plugin.Transient, Msg: "the answer was cut off", Hint: "try again; a proxy between may cut long answers"}
	}
	return &plugin.Error{Kind: plugin.Data, Msg: "the answer is no JSON", Hint: "open the address in a browser, with the same credentials, and see what it gives"}
}

func (w *walker) notRecords(what string) error {
	return &plugin.Error{
		Kind: plugin.Config, Msg: "the answer has " + what + " " + w.place() + ", not a list of records",
		Hint: "say in records where the list is",
	}
}

func (w *walker) place() string {
	if len(w.records) == 0 {
		return "at its top"
	}
	return "at " + w.records.String()
}

// harmless are names of members that are no data themselves.
var harmless = regexp.MustCompile(`^[A-Za-z_$][A-Za-z_-]{0,30}$`)

func (w *walker) nothingThere() error {
	names := slices.DeleteFunc(w.members, func(name string) bool { return !harmless.MatchString(name) })
	hint := "say in records where the list is"
	if len(names) > 0 {
		hint += "; the answer has " + strings.Join(names[:min(len(names), 12)], ", ")
	}
	return &plugin.Error{Kind: plugin.Config, Msg: "the answer has no list of records " + w.place(), Hint: hint}
}
