package wecomtest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// A recorder takes an answer that goes over no network.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(int)                {}
func (r *recorder) Write(text []byte) (int, error) { return r.body.Write(text) }

// serve has a call answered without a network, so that time can be made to pass.
func serve(t testing.TB, s *wecomtest.Server, call, query string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/cgi-bin/"+call+"?"+query, http.NoBody)
	if err != nil {
		t.Error(err)
	}
	r.RemoteAddr = "192.0.2.7:1234"
	w := &recorder{header: http.Header{}}
	s.Handler().ServeHTTP(w, r)
	return w.body.Bytes()
}

func reply(t testing.TB, s *wecomtest.Server, call, query string) answer {
	t.Helper()
	var got answer
	if err := json.Unmarshal(serve(t, s, call, query), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// asking makes calls with a query.
func asking(t *testing.T, s *wecomtest.Server) func(call string, query url.Values) answer {
	return func(call string, query url.Values) answer {
		t.Helper()
		return reply(t, s, call, query.Encode())
	}
}
