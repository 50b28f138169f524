package httpapi

import (
	"net/url"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// Options are those of a source; schema.json says what each is.
type options struct {
	Departments       *address          `json:"departments"`
	Users             *address          `json:"users"`
	Auth              auth              `json:"auth"`
	Headers           map[string]string `json:"headers"`
	Query             map[string]string `json:"query"`
	TimeoutSeconds    float64           `json:"timeoutSeconds"`
	RequestsPerSecond float64           `json:"requestsPerSecond"`
	Retries           *int              `json:"retries"`
	MaxAnswerMiB      int64             `json:"maxAnswerMiB"`
	CAFile            string            `json:"caFile"`
}

// An address answers with a list of records of one type.
type address struct {
	URL          string            `json:"url"`
	Records      string            `json:"records"`
	Total        string            `json:"total"`
	Paging       paging            `json:"paging"`
	Fields       map[string]string `json:"fields"`
	Departments  *membership       `json:"departments"`
	Lookup       string            `json:"lookup"`
	LookupRecord string            `json:"lookupRecord"`
}

type auth struct {
	Type     string        `json:"type"`
	Token    plugin.Secret `json:"token"`
	Username string        `json:"username"`
	Password plugin.Secret `json:"password"`
	Name     string        `json:"name"`
	Value    plugin.Secret `json:"value"`
}

// A list is an address, ready to be read.
type list struct {
	typ          plugin.Type
	name         string // "users", as in the options
	url          *url.URL
	records      mapping.Path
	total        mapping.Path // nil: not told
	paging       paging
	mapping      *mapper
	lookup       string // with {uid}
	lookupRecord mapping.Path
}

func newList(t plugin.Type, name string, a *address) (*list, error) {
	at := "/" + name
	u, err := parseURL(at+"/url", a.URL)
	if err != nil {
		return nil, err
	}
	if a.Lookup != "" {
		if _, err := parseURL(at+"/lookup", a.Lookup); err != nil {
			return nil, err
		}
		if !strings.Contains(a.Lookup, "{uid}") {
			return nil, mapping.Wrong(at+"/lookup", "the address of a single record does not say where the uid goes", "write {uid} there")
		}
	}
	m, err := newMapper(at, a.Fields, a.Departments)
	if err != nil {
		return nil, err
	}
	l := &list{
		typ: t, name: name, url: u, records: mapping.ParsePath(a.Records), paging: a.Paging, mapping: m,
		lookup: a.Lookup, lookupRecord: mapping.ParsePath(a.LookupRecord),
	}
	if a.Total != "" {
		l.total = mapping.ParsePath(a.Total)
	}
	return l, l.paging.complete(at + "/paging")
}

func parseURL(at, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, mapping.Wrong(at, "it is no address", "give all of it: https://hr.example.com/api/users")
	case u.User != nil:
		return nil, mapping.Wrong(at, "the address holds a user name or a password", "put them into auth, where they are kept secret")
	}
	return u, nil
}

// call is that of the answer at a place.
func (l *list) call(at place) call {
	return call{l.paging.url(l.url, at), origin(l.url) + l.url.Path}
}

// callFor is that of the address of one record.
func (l *list) callFor(uid string) (call, error) {
	u, err := url.Parse(fill(l.lookup, uid))
	shown, _, _ := strings.Cut(l.lookup, "?")
	return call{u, shown}, err
}
