// Package skeleton has adapters to begin with: small, whole, and keeping all
// promises, in each language that package sdk knows.
package skeleton

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sdk"
)

// The templates: of a language and of a kind of adapter, in folders of their
// names. A file whose name begins with source or target is of that kind only.
//
//go:embed files
var files embed.FS

// A Skeleton says what to make.
type Skeleton struct {
	Language string // one of Languages
	Name     string // of the adapter, and of what it has: see CheckName
	Target   bool   // a target instead of a source
	Version  string // of Roster, which a program in Go requires
}

// Languages are those that there are skeletons in.
func Languages() []string { return []string{"go", "node", "python"} }

// name is what adapters may be called: it becomes that of a folder, a program,
// and a source type or target.
var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Kind is what the adapter is: source or target.
func (s Skeleton) Kind() string {
	if s.Target {
		return "target"
	}
	return "source"
}

// Title is the name for an operator.
func (s Skeleton) Title() string {
	words := strings.ReplaceAll(s.Name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// Files gives the files of the adapter by their names. The error is of kind
// Config.
func (s Skeleton) Files() (map[string][]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	made := map[string][]byte{}
	for _, folder := range []string{s.Kind(), s.Language} {
		if err := s.fill("files/"+folder, made); err != nil {
			return nil, err
		}
	}
	switch s.Language {
	case "python":
		made["roster.py"] = []byte(sdk.Python())
	case "node":
		made["roster.mjs"] = []byte(sdk.Node())
	}
	return made, nil
}

func (s Skeleton) check() error {
	switch {
	case !slices.Contains(Languages(), s.Language):
		return &plugin.Error{Kind: plugin.Config, Path: "/language", Msg: fmt.Sprintf("there is no skeleton in %.20q", s.Language), Hint: "it is one of " + strings.Join(Languages(), ", ")}
	case !name.MatchString(s.Name):
		return &plugin.Error{Kind: plugin.Config, Path: "/name", Msg: fmt.Sprintf("%.80q is no name for an adapter", s.Name), Hint: "it begins with a letter and has up to 63 small letters, digits and hyphens"}
	}
	return nil
}

// fill makes files of the templates in a folder.
func (s Skeleton) fill(folder string, made map[string][]byte) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return fmt.Errorf("list the templates: %w", err)
	}
	for _, e := range entries {
		file, ok := s.fileOf(e.Name())
		if !ok {
			continue
		}
		t, err := template.New(e.Name()).Delims("<<", ">>").ParseFS(files, path.Join(folder, e.Name()))
		if err != nil {
			return fmt.Errorf("read the template %s: %w", e.Name(), err)
		}
		var text bytes.Buffer
		if err := t.Execute(&text, s); err != nil {
			return fmt.Errorf("fill the template %s: %w", e.Name(), err)
		}
		made[file] = text.Bytes()
	}
	return nil
}

// fileOf gives the name of the file that a template becomes: adapter.py of
// source_adapter.py.tmpl.
func (s Skeleton) fileOf(template string) (file string, ok bool) {
	file = strings.TrimSuffix(template, ".tmpl")
	kind, rest, found := strings.Cut(file, "_")
	if found && (kind == "source" || kind == "target") {
		return rest, kind == s.Kind()
	}
	return file, true
}
