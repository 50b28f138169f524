package ldif

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/nocobase-roster/roster/plugin"
)

// An entry is the values of its attributes, by their names in lower case.
type entry map[string][]string

// first gives the first value of the first attribute that there is.
func (e entry) first(names ...string) string {
	for _, name := range names {
		if values := e[name]; len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// parse gives the entries of a file in their order, or what is wrong with it.
func parse(file string) (all []entry, err error) {
	if file != "" && !strings.HasSuffix(file, "\n") {
		return nil, malformed("it ends in the middle of a line")
	}
	file = strings.ReplaceAll(file, "\r\n", "\n")
	file = strings.ReplaceAll(file, "\n ", "") // how a line goes on in the next
	e := entry{}
	for line := range strings.SplitSeq(file+"\n", "\n") {
		name, value, found := strings.Cut(line, ":")
		switch name = strings.ToLower(name); {
		case line == "" && len(e) > 0:
			all, e = append(all, e), entry{}
		case line == "", line[0] == '#', name == "version", found && value != "" && value[0] == '<': // it is in another file
		case !found, name == "changetype", name != "dn" && len(e) == 0:
			return nil, malformed("a line is neither an attribute nor part of one")
		default:
			if value, err = decode(value); err != nil {
				return nil, err
			}
			e[name] = append(e[name], value)
		}
	}
	return all, nil
}

// decode gives the value behind the first colon of a line: text, or base64
// behind another. What that holds and is no text, an objectGUID, stays base64.
func decode(value string) (string, error) {
	encoded, ok := strings.CutPrefix(value, ":")
	if value = strings.TrimSpace(encoded); !ok {
		return value, nil
	}
	text, err := base64.StdEncoding.DecodeString(value)
	switch {
	case err != nil:
		return "", malformed("a value is no base64")
	case !utf8.Valid(text):
		return value, nil
	}
	return string(text), nil
}

func malformed(what string) error {
	return &plugin.Error{
		Kind: plugin.Data, Path: "/options/file", Msg: "read the file: " + what,
		Hint: "export it anew, as content and not as changes: ldapsearch -LLL",
	}
}
