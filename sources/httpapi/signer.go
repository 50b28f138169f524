package httpapi

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// A signer adds what an operator has set up to calls of his own hosts, and of no
// others: a redirect or a next address that leads elsewhere goes without.
type signer struct {
	next    http.RoundTripper
	origins map[string]bool
	header  http.Header
	query   url.Values
}

func newSigner(next http.RoundTripper, o options, lists []*list) (*signer, error) {
	s := &signer{next, map[string]bool{}, http.Header{}, url.Values{}}
	for _, l := range lists {
		s.origins[origin(l.url)] = true
		if u, err := url.Parse(l.lookup); err == nil && l.lookup != "" {
			s.origins[origin(u)] = true
		}
	}
	for name, value := range o.Headers {
		s.header.Set(name, value)
	}
	for name, value := range o.Query {
		s.query.Set(name, value)
	}
	return s, s.auth(o.Auth)
}

func (s *signer) auth(a auth) error {
	switch a.Type {
	case "", "none":
		return nil
	case "bearer":
		s.header.Set("Authorization", "Bearer "+a.Token.Reveal())
		return need("/auth/token", a.Token)
	case "basic":
		both := a.Username + ":" + a.Password.Reveal()
		s.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(both)))
		return nil
	case "header":
		s.header.Set(cmp.Or(a.Name, "X-Api-Key"), a.Value.Reveal())
		return need("/auth/value", a.Value)
	case "query":
		s.query.Set(a.param(), a.Value.Reveal())
		return need("/auth/value", a.Value)
	}
	return mapping.Wrong("/auth/type", "there is no such way to sign in", "it is one of none, bearer, basic, header and query")
}

// param is the parameter of the query that the credentials are in; empty where
// they are elsewhere.
func (a auth) param() string {
	if a.Type != "query" {
		return ""
	}
	return cmp.Or(a.Name, "api_key")
}

func need(at string, secret plugin.Secret) error {
	if secret == "" {
		return mapping.Wrong(at, "it is empty", "enter it, or choose another way to sign in")
	}
	return nil
}

// RoundTrip signs a copy of the request, so that a redirect copies nothing.
func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.origins[origin(r.URL)] {
		return s.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	for name, values := range s.header {
		r.Header[name] = values
	}
	q := r.URL.Query()
	for name, values := range s.query {
		if !q.Has(name) {
			q[name] = values
		}
	}
	r.URL.RawQuery = q.Encode()
	return s.next.RoundTrip(r)
}

// CloseIdleConnections is what http.Client's method of that name calls.
func (s *signer) CloseIdleConnections() { (&http.Client{Transport: s.next}).CloseIdleConnections() }

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
