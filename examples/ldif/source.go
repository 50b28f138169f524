// Package ldif is a source that reads an LDIF file (RFC 2849), as ldapsearch,
// slapcat and backups of directories write it. It shows how a source is written
// in Go; cmd/ makes a process of it.
package ldif

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

// perPage is how many records go into a page.
const perPage = 500

//go:embed options.json
var schema []byte

type options struct {
	File string `json:"file"`
}

// Driver gives the driver of the source type ldif.
func Driver() plugin.Driver {
	return plugin.NewDriver(plugin.SourceType{
		Name: "ldif", Title: "LDIF file", Origin: "ldif",
		DataTypes:     []plugin.Type{plugin.Department, plugin.User},
		OptionsSchema: schema, Capabilities: plugin.Capabilities{Pull: true},
	}, func(_ context.Context, o options, _ *zap.Logger) (plugin.Source, error) { return source{o.File}, nil })
}

type source struct{ path string }

// A place is the state of a page: how much of which file was emitted.
type place struct {
	Version string
	Done    int
}

func (s source) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	file, err := os.ReadFile(s.path)
	if err != nil {
		cause := cmp.Or(errors.Unwrap(err), err) // without the path
		return plugin.Reading{}, &plugin.Error{Kind: plugin.Config, Path: "/options/file", Msg: "open the file", Err: cause, Hint: "give the path of a file that Roster may read"}
	}
	entries, err := parse(string(file))
	if err != nil {
		return plugin.Reading{}, err
	}
	sum := sha256.Sum256(file)
	records, at, version := recordsOf(entries), place{}, hex.EncodeToString(sum[:])
	if json.Unmarshal(req.State, &at) != nil || at.Version != version {
		at = place{Version: version} // there is none, or it is of another file: begin anew
	}
	counts := map[plugin.Type]int{}
	for _, r := range records {
		counts[r.Type]++
	}
	for at.Done < len(records) && ctx.Err() == nil {
		page := records[at.Done:min(at.Done+perPage, len(records))]
		at.Done += len(page)
		state, _ := json.Marshal(at) // text and a number can be written
		if err := emit(plugin.Page{Records: page, State: state}); err != nil {
			return plugin.Reading{}, err
		}
	}
	return plugin.Reading{Complete: ctx.Err() == nil, Counts: counts}, ctx.Err()
}

// recordsOf is what NocoBase is told of entries: organizational units are
// departments, whoever is a person a user. An attribute that the file does not
// have may have been withheld, and is left out.
func recordsOf(entries []entry) (records []plugin.Record) {
	units := map[string]string{} // uids by names
	for _, e := range entries {
		if e.is("organizationalunit") {
			units[e.name()] = e.uid()
		}
	}
	for _, e := range entries {
		parents := e.parents(units)
		switch {
		case e.is("organizationalunit"):
			r := e.record(plugin.Department, map[string][]string{"title": {"description", "ou"}})
			if len(parents) > 0 {
				r.Attrs["parentUid"] = parents[0]
			}
			records = append(records, r)
		case e.is("person"):
			r := e.record(plugin.User, map[string][]string{
				"nickname": {"displayname", "cn"}, "username": {"uid", "samaccountname"},
				"email": {"mail"}, "phone": {"mobile", "telephonenumber"},
			})
			r.Attrs["departments"] = parents
			records = append(records, r)
		}
	}
	return records
}

func (e entry) name() string { return strings.ToLower(strings.ReplaceAll(e.first("dn"), ", ", ",")) }

func (e entry) uid() string { return cmp.Or(e.first("entryuuid", "objectguid"), e.name()) }

func (e entry) is(class string) bool {
	return strings.Contains(strings.ToLower(strings.Join(e["objectclass"], " ")), class)
}

// parents is the nearest unit above the entry, if there is one.
func (e entry) parents(units map[string]string) []any {
	for _, above, more := strings.Cut(e.name(), ","); more; _, above, more = strings.Cut(above, ",") {
		if uid, ok := units[above]; ok {
			return []any{uid}
		}
	}
	return []any{}
}

// record takes for each attribute the first value of those that the entry has.
func (e entry) record(kind plugin.Type, attrs map[string][]string) plugin.Record {
	r := plugin.Record{Type: kind, UID: e.uid(), Attrs: map[string]any{}}
	for attr, names := range attrs {
		if value := e.first(names...); value != "" {
			r.Attrs[attr] = value
		}
	}
	return r
}
