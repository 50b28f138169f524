package rpc

import (
	"bytes"
	_ "embed"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/nocobase-roster/roster/rpc/call"
)

//go:embed protocol.tmpl
var protocolPage string

// A page is what protocol.tmpl is filled with.
type page struct {
	Version, Protocol string
	Limits            []pageRow
	Errors            []pageError
	Groups            []pageGroup
	Asked, Told       []pageMethod
	Types             []pageType
}

type pageError struct {
	Code              int64
	Name, Kind, About string
}

type pageGroup struct {
	Title   string
	Methods []pageMethod
}

type pageMethod struct {
	Name, About    string
	Params, Result []pageRow
	ResultType     string // of what is no object of its own
	Example        string
}

type pageType struct {
	Name, About, Notation string
	Members               []pageRow
}

// A pageRow is a member, or a limit.
type pageRow struct{ Name, Type, About string }

// Protocol gives the page that documents the wire of a Roster of this version,
// in Markdown. It comes from what OpenRPC comes from; its examples are out of the
// conversations in the folder rpc/testdata of files.
func Protocol(version string, files fs.FS) ([]byte, error) {
	examples, err := readExamples(files)
	if err != nil {
		return nil, err
	}
	v, err := newVocabulary()
	if err != nil {
		return nil, err
	}
	p := page{Version: version, Protocol: protocolVersion, Limits: v.limits(), Errors: pageErrors()}
	for _, part := range []struct {
		of   []methodInfo
		into *[]pageMethod
	}{{hostMethods(), &p.Asked}, {hostNotifications(), &p.Told}} {
		if *part.into, err = v.pageMethods(part.of, nil); err != nil {
			return nil, err
		}
	}
	if p.Groups, err = v.groups(examples); err != nil {
		return nil, err
	}
	if _, err := v.notation(reflect.TypeFor[call.ErrorData]()); err != nil {
		return nil, err
	}
	p.Types = v.pageTypes()
	filled, err := template.New("").Parse(protocolPage)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = filled.Execute(&b, p)
	return b.Bytes(), err
}

// groups gives the methods by subject, in the order of the table.
func (v *vocabulary) groups(examples map[string]exchanged) ([]pageGroup, error) {
	var groups []pageGroup
	for _, m := range methods() {
		documented, err := v.pageMethods([]methodInfo{m}, examples)
		if err != nil {
			return nil, err
		}
		title := subject(m.name)
		if n := len(groups); n == 0 || groups[n-1].Title != title {
			groups = append(groups, pageGroup{Title: title})
		}
		last := &groups[len(groups)-1]
		last.Methods = append(last.Methods, documented...)
	}
	return groups, nil
}

// subject gives the title under which a method stands.
func subject(method string) string {
	switch group, _, _ := strings.Cut(method, "/"); group {
	case "registry":
		return "Adapters: registry/"
	case "sources":
		return "Sources that Roster has: sources/"
	case "sync":
		return "Synchronization: sync/"
	case "source":
		return "Sources that a host reads: source/"
	case "target":
		return "Targets that a host writes: target/"
	case "tasks", "records":
		return "What was done: tasks/, records/"
	}
	return "The connection"
}

func (v *vocabulary) pageMethods(methods []methodInfo, examples map[string]exchanged) ([]pageMethod, error) {
	var all []pageMethod
	for _, m := range methods {
		d := pageMethod{Name: m.name, About: m.summary}
		var err error
		if d.Params, _, err = v.shape(m.params); err != nil {
			return nil, err
		}
		if !m.notification() {
			if d.Result, d.ResultType, err = v.shape(m.result); err != nil {
				return nil, err
			}
		}
		if e, ok := examples[m.name]; ok && m.name != "rpc.discover" {
			d.Example = e.String()
		}
		all = append(all, d)
	}
	return all, nil
}

// shape gives the members of params or of a result; what has none, or is used
// elsewhere too, as its type.
func (v *vocabulary) shape(t reflect.Type) (rows []pageRow, notation string, err error) {
	if notation, err = v.notation(t); err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(v.types, func(t wireType) bool { return t.name == notation })
	switch {
	case i < 0 && strings.HasPrefix(notation, "Record<"):
		return nil, "`{}`", nil
	case i < 0:
		return nil, v.link(notation), nil
	}
	return v.rows(v.types[i].members), "", nil
}

func (v *vocabulary) rows(members []wireMember) []pageRow {
	rows := make([]pageRow, len(members))
	for i, m := range members {
		name := m.name
		if m.optional {
			name += "?"
		}
		rows[i] = pageRow{name, v.link(m.notation), m.about}
	}
	return rows
}

// link gives a notation with links to the types that it names.
func (v *vocabulary) link(notation string) string {
	linked := words().ReplaceAllStringFunc(notation, func(word string) string {
		if slices.ContainsFunc(v.types, func(t wireType) bool { return t.name == word }) {
			return "[" + word + "](#" + strings.ToLower(word) + ")"
		}
		return word
	})
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(linked)
}

// limits are the members of Limits.
func (v *vocabulary) limits() []pageRow {
	var rows []pageRow
	for _, f := range members(reflect.TypeFor[Limits]()) {
		name, _ := jsonName(f)
		rows = append(rows, pageRow{Name: name, About: f.Tag.Get("jsonschema")})
	}
	return rows
}

func pageErrors() []pageError {
	codes := call.Codes()
	rows := make([]pageError, len(codes))
	for i, e := range codes {
		rows[i] = pageError{e.Code, e.Name, string(e.Kind), e.Means}
	}
	return rows
}

// pageTypes are the types that others name: what is only params, or a result,
// stands with its method.
func (v *vocabulary) pageTypes() []pageType {
	named := map[string]bool{"ErrorData": true}
	for _, t := range v.types {
		for _, m := range t.members {
			for _, word := range words().FindAllString(m.notation, -1) {
				named[word] = true
			}
		}
	}
	var all []pageType
	for _, t := range v.types {
		if named[t.name] {
			all = append(all, pageType{t.name, t.about, t.notation, v.rows(t.members)})
		}
	}
	slices.SortFunc(all, func(a, b pageType) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// words finds what may be the name of a type.
func words() *regexp.Regexp { return regexp.MustCompile(`\w+`) }
