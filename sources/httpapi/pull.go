package httpapi

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// PullName names the source type that reads addresses.
const PullName = "http-pull"

//go:embed schema.json
var pullOptions []byte

// PullDriver gives the driver of the source type that reads users and
// departments from addresses that answer with JSON.
func PullDriver() plugin.Driver {
	return plugin.NewDriver(plugin.SourceType{
		Name:          PullName,
		Title:         "HTTP address (JSON)",
		Origin:        "builtin",
		DataTypes:     []plugin.Type{plugin.Department, plugin.User},
		OptionsSchema: json.RawMessage(pullOptions),
		Capabilities:  plugin.Capabilities{Pull: true, Lookup: true, Check: true},
	}, open)
}

// A source reads the lists of one system, one after the other.
type source struct {
	client *client
	lists  []*list // departments, then users
	digest string  // of what a reading depends on: a state of another is not gone on with
}

func open(_ context.Context, o options, log *zap.Logger) (plugin.Source, error) {
	s := &source{}
	for _, a := range []struct {
		typ     plugin.Type
		name    string
		address *address
	}{{plugin.Department, "departments", o.Departments}, {plugin.User, "users", o.Users}} {
		if a.address == nil || a.address.URL == "" {
			continue
		}
		l, err := newList(a.typ, a.name, a.address)
		if err != nil {
			return nil, err
		}
		l.paging.signed = o.Auth.param()
		s.lists = append(s.lists, l)
		s.digest += fmt.Sprintf("%s %s %v %+v\n", l.name, l.url, l.records, l.paging)
	}
	if len(s.lists) == 0 {
		return nil, mapping.Wrong("/users/url", "there is neither an address of users nor one of departments", "give one of them")
	}
	sum := sha256.Sum256([]byte(s.digest))
	s.digest = hex.EncodeToString(sum[:8])
	var err error
	s.client, err = newClient(o, s.lists, log)
	return s, err
}

// list gives the list of records of a type, or nil.
func (s *source) list(t plugin.Type) *list {
	for _, l := range s.lists {
		if l.typ == t {
			return l
		}
	}
	return nil
}

// Close lets go of connections.
func (s *source) Close() error {
	s.client.http.CloseIdleConnections()
	return nil
}
