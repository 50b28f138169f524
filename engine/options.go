package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// Options say how a source is synchronized. They are the same for every type of
// source and stand under options.sync of a source; what is left out is as
// DefaultOptions has it.
type Options struct {
	Removal         Removal `json:"removal,omitzero"`
	Conflict        string  `json:"conflict,omitempty"`        // a match whose row another source is linked to: link (NocoBase's way), skip or fail
	Memberships     string  `json:"memberships,omitempty"`     // own: only what the source claimed ends with its claim; adopt: also what was there before; all: its statement is the whole truth (NocoBase's way)
	Drift           string  `json:"drift,omitempty"`           // what was edited by hand: repair (NocoBase's way), or keep it until the record says something new
	MatchKey        string  `json:"matchKey,omitempty"`        // finds the user of a record that no link knows, where a push names none: username, email, phone, or nothing
	DepartmentMatch string  `json:"departmentMatch,omitempty"` // finds the department of a record that no link knows: a column's name, path (of titles), or nothing (NocoBase's way)
	IgnoreCase      bool    `json:"ignoreCase,omitempty"`      // matching takes no heed of case
	Guards          Guards  `json:"guards,omitzero"`
}

// Removal says what becomes of the row when its record is gone: keep it as it
// is, unlink it (the source's claims on it end), disable it, or delete it. Left
// out, a tombstone deletes and absence keeps. Only the last source that claims
// a row removes it, and a row that was there before any source is not deleted.
type Removal struct {
	User       string  `json:"user,omitempty"`
	Department string  `json:"department,omitempty"`
	Children   string  `json:"children,omitempty"` // of a deleted department: reparent, or remove (NocoBase's way)
	Disable    Disable `json:"disable,omitzero"`
}

// Disable is the field of a row that tells that it is disabled, and its value.
type Disable struct {
	Field string `json:"field,omitempty"`
	Value any    `json:"value,omitempty"`
}

// The answers to a record that is gone.
const (
	Keep      = "keep"
	Unlink    = "unlink"
	Disabling = "disable"
	Delete    = "delete"
)

// Guards stop a run before its first write when its plan does more than is
// likely to be meant. A guard that is null is off.
type Guards struct {
	UsersRemoved       *Limit `json:"usersRemoved"`       // deleted or disabled
	MembershipsRemoved *Limit `json:"membershipsRemoved"` // ended
	DepartmentsRemoved *Limit `json:"departmentsRemoved"` // deleted, disabled, or moved to the top
	UsersChanged       *Limit `json:"usersChanged"`       // created or updated
}

// A Limit is passed by more than Count, or by at least Least that are over
// Percent of what the source has, if it has Among or more. A Count or Percent
// of zero is no limit.
type Limit struct {
	Count   int     `json:"count,omitempty"`
	Percent float64 `json:"percent,omitempty"`
	Least   int     `json:"least,omitempty"`
	Among   int     `json:"among,omitempty"`
}

// DefaultOptions are those of a source that says nothing.
func DefaultOptions() Options {
	return Options{
		Removal:  Removal{Children: "reparent"},
		Conflict: "link", Memberships: "own", Drift: "repair",
		Guards: Guards{
			UsersRemoved:       &Limit{Count: 500, Percent: 10, Least: 5},
			MembershipsRemoved: &Limit{Count: 500, Percent: 10, Least: 5},
			DepartmentsRemoved: &Limit{Count: 20, Percent: 10, Among: 10},
		},
	}
}

// ParseOptions reads options.sync as a source keeps it. The error is of kind
// Config and its Path is a JSON pointer from the source's options on.
func ParseOptions(raw json.RawMessage) (Options, error) {
	o := DefaultOptions()
	if len(bytes.TrimSpace(raw)) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return o, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return o, misread(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return o, wrongOption("", "is more than one JSON document", "")
	}
	return o, o.check()
}

// syncOptions reads how a source is synchronized from all of its options; nil when
// they do not say.
func syncOptions(all json.RawMessage) (*Options, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var said struct {
		Sync json.RawMessage `json:"sync"`
	}
	if err := json.Unmarshal(all, &said); err != nil {
		return nil, &plugin.Error{Kind: plugin.Config, Path: "/options", Msg: "options is not a JSON object"}
	}
	if said.Sync == nil {
		return nil, nil
	}
	o, err := ParseOptions(said.Sync)
	return &o, err
}

// misread says which option could not be read, in words of JSON.
func misread(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		path := ""
		if e.Field != "" {
			path = "/" + strings.ReplaceAll(e.Field, ".", "/")
		}
		return wrongOption(path, "cannot be of type "+e.Value, "")
	}
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return wrongOption("", fmt.Sprintf("has no member %.64s", field), "its members are removal, conflict, memberships, drift, matchKey, departmentMatch, ignoreCase and guards")
	}
	return wrongOption("", "is not a JSON object", "")
}

func (o *Options) check() error {
	for _, one := range []struct {
		path, value string
		of          []string
	}{
		{"/removal/user", o.Removal.User, []string{"", Keep, Unlink, Disabling, Delete}},
		{"/removal/department", o.Removal.Department, []string{"", Keep, Unlink, Disabling, Delete}},
		{"/removal/children", o.Removal.Children, []string{"reparent", "remove"}},
		{"/conflict", o.Conflict, []string{"link", "skip", "fail"}},
		{"/memberships", o.Memberships, []string{"own", "adopt", "all"}},
		{"/drift", o.Drift, []string{"repair", "keep"}},
		{"/matchKey", o.MatchKey, []string{"", "username", "email", "phone"}},
	} {
		if !slices.Contains(one.of, one.value) {
			return wrongOption(one.path, "is none of its values", "it is one of "+strings.Join(slices.DeleteFunc(one.of, func(s string) bool { return s == "" }), ", "))
		}
	}
	if (o.Removal.User == Disabling || o.Removal.Department == Disabling) && o.Removal.Disable.Field == "" {
		return wrongOption("/removal/disable/field", "is missing", "name the field that tells that a row is disabled, and its value")
	}
	for path, l := range map[string]*Limit{
		"usersRemoved": o.Guards.UsersRemoved, "membershipsRemoved": o.Guards.MembershipsRemoved,
		"departmentsRemoved": o.Guards.DepartmentsRemoved, "usersChanged": o.Guards.UsersChanged,
	} {
		if l != nil && (l.Count < 0 || l.Least < 0 || l.Among < 0 || l.Percent < 0 || l.Percent > 100) {
			return wrongOption("/guards/"+path, "has a number out of its range", "count, least and among are 0 or more, percent is 0 to 100")
		}
	}
	return nil
}

func wrongOption(path, what, hint string) error {
	return &plugin.Error{Kind: plugin.Config, Path: "/sync" + path, Msg: "options.sync" + strings.ReplaceAll(path, "/", ".") + " " + what, Hint: hint}
}
