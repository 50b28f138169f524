package httpapi

import (
	"io"
	"net/http"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

// SetTransport has a source speak with whom a test says.
func SetTransport(s plugin.Source, t http.RoundTripper) {
	s.(*source).client.http.Transport.(*signer).next = t
}

// NextLink is what paging by Link headers goes by.
func NextLink(h http.Header) string { return nextLink(h) }

// Walk goes through an answer.
func Walk(r io.Reader, records string, each func(map[string]any) error) error {
	_, err := walk(r, shape{records: mapping.ParsePath(records), others: []mapping.Path{{"total"}}}, each)
	return err
}
