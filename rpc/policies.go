package rpc

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/google/jsonschema-go/jsonschema"
)

//go:embed policies.tmpl
var policiesPage string

// A policy is a line of the page about them.
type policy struct {
	Path, Values, Default, About string
}

// Policies gives the page about the options that all sources have in common.
func Policies() ([]byte, error) {
	options, err := optionsSchema()
	if err != nil {
		return nil, err
	}
	sync := options.Properties["sync"]
	var all []policy
	for _, name := range sync.PropertyOrder {
		all = append(all, policiesOf(name, sync.Properties[name])...)
	}
	page, err := template.New("").Parse(policiesPage)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, all)
	return b.Bytes(), err
}

// policiesOf are the option at path and those in it.
func policiesOf(path string, s *jsonschema.Schema) []policy {
	all := []policy{{path, valuesOf(s), defaultOf(s), s.Description}}
	for _, name := range s.PropertyOrder {
		all = append(all, policiesOf(path+"."+name, s.Properties[name])...)
	}
	if len(s.Properties) > 0 && len(s.Types) == 0 {
		return all[1:] // it is nothing but what is in it
	}
	return all
}

func valuesOf(s *jsonschema.Schema) string {
	var values []string
	for _, v := range s.Enum {
		values = append(values, fmt.Sprintf("`%v`", v))
	}
	switch {
	case len(values) > 0:
		return strings.Join(values, ", ")
	case len(s.Types) > 0:
		return strings.Join(s.Types, " or ")
	}
	return s.Type
}

func defaultOf(s *jsonschema.Schema) string {
	var compact bytes.Buffer
	if len(s.Default) == 0 || json.Compact(&compact, s.Default) != nil || compact.String() == `""` {
		return ""
	}
	return "`" + compact.String() + "`"
}
