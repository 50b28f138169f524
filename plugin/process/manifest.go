package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
)

// ManifestFile is the name of the file that makes a folder an adapter.
const ManifestFile = "plugin.json"

// ProtocolVersion is the version of the protocol that is spoken with adapters.
const ProtocolVersion = "1"

// maxManifest is how large a manifest may be, in bytes.
const maxManifest = 4 << 20

// A Manifest is what an adapter declares: its plugin.json.
type Manifest struct {
	Schema      string `json:"$schema,omitempty"` // for editors
	Name        string `json:"name"`              // of the adapter: letters, digits, points, hyphens and underscores
	Version     string `json:"version"`           // its own, for an operator
	Protocol    string `json:"protocol"`          // the version of the protocol that it speaks: "1"
	Description string `json:"description,omitempty"`
	Author      string `json:"author,omitempty"`
	Homepage    string `json:"homepage,omitempty"`

	// Command starts the process, in the manifest's folder: a program of PATH, or
	// one of the folder with a slash in it ("./adapter"), and its arguments.
	Command []string `json:"command"`
	// Env names the variables that are passed on beside PATH, HOME, LANG and
	// TMPDIR. None of Roster's own (ROSTER_…) can be.
	Env []string `json:"env,omitempty"`

	SourceTypes []plugin.SourceType `json:"sourceTypes"` // as registry/listSourceTypes answers them
	Targets     []plugin.TargetInfo `json:"targets"`     // as registry/listTargets does

	// I18n has titles and descriptions in other languages: "zh-CN" → "title" → text.
	// It is for who reads manifests; nothing of it is used here.
	I18n map[string]map[string]string `json:"i18n,omitempty"`
	// Conform is what the conformance kit is told; nothing of it is used here.
	Conform json.RawMessage `json:"conform,omitempty"`
}

// ReadManifest reads the manifest of the adapter in folder. The error is of kind
// Config, and names the file and the member that is wrong.
func ReadManifest(folder string) (m Manifest, err error) {
	file := filepath.Join(folder, ManifestFile)
	text, err := readSmall(file)
	if err != nil {
		return m, &plugin.Error{Kind: plugin.Config, Msg: "read the manifest of an adapter", Err: err, Hint: "an adapter is a folder with a " + ManifestFile}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, badManifest(file, pathOf(err), plain(err))
	}
	if d.More() {
		return m, badManifest(file, "", "something comes after the object")
	}
	for _, check := range []func(Manifest) error{checkHead, checkCommand, checkTypes, checkAdapters} {
		if err := check(m); err != nil {
			return m, inFile(file, err)
		}
	}
	return m, nil
}

func readSmall(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxManifest || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file of up to %d bytes", file, maxManifest)
	}
	return os.ReadFile(file)
}

// pathOf is the member that a decoder's error is about, as a JSON pointer.
func pathOf(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return "/" + strings.ReplaceAll(wrong.Field, ".", "/")
	}
	return ""
}

// plain is a decoder's error without the names of Go.
func plain(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "a " + wrong.Value + " is not what belongs there"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func checkHead(m Manifest) error {
	name := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)
	switch {
	case !name.MatchString(m.Name):
		return badMember("/name", "it begins with a letter and has up to 64 letters, digits, points, hyphens and underscores")
	case m.Protocol != ProtocolVersion:
		return &plugin.Error{
			Kind: plugin.Unsupported, Path: "/protocol",
			Msg: fmt.Sprintf("/protocol: the adapter speaks version %.20q of the protocol, Roster version %q", m.Protocol, ProtocolVersion), Hint: "use an adapter and a Roster of the same version",
		}
	case len(m.SourceTypes)+len(m.Targets) == 0:
		return badMember("/sourceTypes", "an adapter has a source type or a target")
	}
	return nil
}

func checkCommand(m Manifest) error {
	if len(m.Command) == 0 || m.Command[0] == "" {
		return badMember("/command", `it is a list: the program and its arguments, ["python3", "adapter.py"]`)
	}
	for i, name := range m.Env {
		if strings.HasPrefix(strings.ToUpper(name), "ROSTER_") || name == "" || strings.ContainsAny(name, "=\x00") {
			return badMember(fmt.Sprintf("/env/%d", i), "it is the name of a variable, and none of Roster's own, which may hold its secrets")
		}
	}
	return nil
}

func checkTypes(m Manifest) error {
	known := func(where string, types []plugin.Type) error {
		if len(types) == 0 {
			return badMember(where, "name the types of records: department, user")
		}
		for i, t := range types {
			if t != plugin.Department && t != plugin.User {
				return badMember(fmt.Sprintf("%s/%d", where, i), "a record is a department or a user")
			}
		}
		return nil
	}
	for i, t := range m.SourceTypes {
		if err := known(fmt.Sprintf("/sourceTypes/%d/dataTypes", i), t.DataTypes); err != nil {
			return err
		}
	}
	for i, t := range m.Targets {
		if err := known(fmt.Sprintf("/targets/%d/accepts", i), t.Accepts); err != nil {
			return err
		}
	}
	return nil
}

// checkAdapters has a registry of its own say what is wrong with the declarations.
func checkAdapters(m Manifest) error {
	r := &plugin.Registry{}
	for i, t := range m.SourceTypes {
		if err := r.AddDriver((plugin.Peer{}).Driver(t)); err != nil {
			return below(fmt.Sprintf("/sourceTypes/%d", i), err)
		}
	}
	for i, t := range m.Targets {
		if err := r.AddTarget(t, nil); err != nil {
			return below(fmt.Sprintf("/targets/%d", i), err)
		}
	}
	return nil
}

func below(where string, err error) error {
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok {
		return err
	}
	deeper := *e
	deeper.Path = where + e.Path
	deeper.Msg = deeper.Path + ": " + e.Msg
	return &deeper
}

func badMember(path, hint string) error {
	return &plugin.Error{Kind: plugin.Config, Path: path, Msg: path + " is missing or wrong", Hint: hint}
}

func badManifest(file, path, why string) error {
	return inFile(file, &plugin.Error{Kind: plugin.Config, Path: path, Msg: strings.TrimPrefix(path+": "+why, ": "), Hint: "docs/adapters.md has all members of a manifest"})
}

// inFile says which file an error is about.
func inFile(file string, err error) error {
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		named := *e
		named.Msg = file + ": " + e.Msg
		return &named
	}
	return err
}

// sourceType gives the declaration of a source type.
func (m Manifest) sourceType(name string) (plugin.SourceType, bool) {
	i := slices.IndexFunc(m.SourceTypes, func(t plugin.SourceType) bool { return t.Name == name })
	if i < 0 {
		return plugin.SourceType{}, false
	}
	return m.SourceTypes[i], true
}
