package httpapi_test

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

func TestAnswersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		more   object
		kind   plugin.Kind
		says   string
	}{
		"401":             {status(401), nil, plugin.Auth, "401 Unauthorized"},
		"403":             {status(403), nil, plugin.Auth, "403 Forbidden"},
		"404":             {status(404), nil, plugin.Config, "404 Not Found"},
		"429":             {status(429), nil, plugin.RateLimited, "429 Too Many Requests"},
		"503":             {status(503), nil, plugin.Transient, "503 Service Unavailable"},
		"a cut":           {cut(`[{"id":1},{"id":`), nil, plugin.Transient, "cut off"},
		"half a document": {text(`[{"id":1},{"id":2`), nil, plugin.Transient, "cut off"},
		"no JSON":         {text(`id;name`), nil, plugin.Data, "no JSON"},
		"two documents":   {text(`[{"id":1}]{"id":2}`), nil, plugin.Data, "no JSON"},
		"a web page":      {page, nil, plugin.Config, "web page"},
		"a login page": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				page(w, r)
				return
			}
			http.Redirect(w, r, "/login", http.StatusFound)
		}, nil, plugin.Auth, "sign in"},
		"redirects for ever":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, nil, plugin.Transient, "again and again"},
		"an object":           {text(`{"code":0,"data":[{"id":1}]}`), nil, plugin.Config, "code, data"},
		"a list of something": {text(`[1, 2]`), nil, plugin.Config, "not a list of records"},
		"a text":              {text(`"ok"`), nil, plugin.Config, "not a list of records"},
		"nothing there":       {text(`{"data":[]}`), object{"records": "/result"}, plugin.Config, "no list of records at /result"},
		"no total":            {text(`{"data":[{"id":1}]}`), object{"records": "data", "total": "count"}, plugin.Config, "no number"},
		"no uids":             {text(`[{"uid":1},{"uid":2}]`), nil, plugin.Config, "no record has a uid"},
		"too long":            {text(`[{"id":"` + strings.Repeat("x", 1<<20) + `"}]`), nil, plugin.Config, "longer than allowed"},
		"the same page": {
			text(`[{"id":1},{"id":2}]`), object{"paging": object{"type": "page"}}, plugin.Config, "goes in a circle",
		},
		"the same cursor": {
			text(`{"data":[],"next":"x"}`), object{"records": "data", "paging": object{"type": "cursor", "next": "next"}}, plugin.Config, "goes in a circle",
		},
		"a circle of cursors": {
			func(w http.ResponseWriter, r *http.Request) {
				next := map[string]string{"": "a", "a": "b", "b": "a"}[r.URL.Query().Get("cursor")]
				fmt.Fprintf(w, `{"data":[{"id":"of %s"}],"next":%q}`, next, next)
			},
			object{"records": "data", "paging": object{"type": "cursor", "next": "next"}},
			plugin.Config, "goes in a circle",
		},
		"a next address that is none": {
			text(`{"data":[],"next":"javascript:x"}`), object{"records": "data", "paging": object{"type": "link", "next": "next"}}, plugin.Data, "is none",
		},
	} {
		t.Run(name, func(t *testing.T) {
			options := users(handle(t, c.answer), c.more)
			options["maxAnswerMiB"] = 1
			_, reading, err := read(t, options)
			expectKind(t, err, c.kind, c.says)
			if reading.Complete || reading.Counts != nil {
				t.Errorf("Read() = %+v after an error, want the zero Reading", reading)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!doctype html><title>Sign in</title>")
}

// cut promises more than it gives.
func cut(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(s)+100))
		fmt.Fprint(w, s)
	}
}

func TestReadIsCompleteOnlyWhereNobodyCanBeMissing(t *testing.T) {
	paged := object{"type": "page"}
	pages := func(answers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.Atoi(r.URL.Query().Get("page"))
			fmt.Fprint(w, append(answers, `{"data":[]}`)[min(n-1, len(answers))])
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		more   object
		count  int
		doubt  string // empty: it is complete
	}{
		"one answer":             {text(`{"data":[{"id":1},{"id":2}]}`), nil, 2, ""},
		"nobody":                 {text(`{"data":[]}`), nil, 0, ""},
		"null":                   {text(`{"data":null,"error":"who are you?"}`), nil, 0, "users: 1 answers have null in place of a list"},
		"null, and then no more": {pages(`{"data":[{"id":1}]}`, `{"data":null}`), object{"paging": paged}, 1, "users: 1 answers have null in place of a list"},
		"null, and a total":      {text(`{"data":null,"n":0}`), object{"total": "n"}, 0, ""},
		"half of a uid":          {text(`{"data":[{"id":1,"no":1},{"no":2},{"id":"","no":3}]}`), object{"fields": object{"uid": "{id}-{no}"}}, 1, "users: 2 records have no uid"},
		"pages":                  {pages(`{"data":[{"id":1}]}`, `{"data":[{"id":2}]}`), object{"paging": paged}, 2, ""},
		"the total agrees":       {pages(`{"data":[{"id":1}],"n":2}`, `{"data":[{"id":2}],"n":2}`), object{"paging": paged, "total": "n"}, 2, ""},
		"twice in one answer":    {text(`{"data":[{"id":1},{"id":1}]}`), nil, 1, ""},
		"a last page for ever":   {pages(`{"data":[{"id":1}],"n":"2"}`, `{"data":[{"id":2}],"n":"2"}`, `{"data":[{"id":2}],"n":"2"}`), object{"paging": paged, "total": "n"}, 2, ""},
		"moved while it is read": {pages(`{"data":[{"id":1},{"id":2}]}`, `{"data":[{"id":2},{"id":3}]}`), object{"paging": paged}, 3, "users: 1 records came in more than one answer"},
		"fewer than told":        {text(`{"data":[{"id":1}],"n":2}`), object{"total": "n"}, 1, "users: the answers tell of 2 records, and 1 came"},
		"a total that changes": {
			pages(`{"data":[{"id":1}],"n":3}`, `{"data":[{"id":2}],"n":2}`), object{"paging": paged, "total": "n"}, 2, "users: the total changed",
		},
		"one without a uid": {text(`{"data":[{"id":1},{"name":"?"}]}`), nil, 1, "users: 1 records have no uid"},
	} {
		t.Run(name, func(t *testing.T) {
			uids, reading, err := read(t, users(users(handle(t, c.answer), object{"records": "data"}), c.more))
			if err != nil || reading.Counts[plugin.User] != c.count || reading.Complete != (c.doubt == "") {
				t.Fatalf("Read() = %v, %+v, %v; want %d, complete %t", uids, reading, err, c.count, c.doubt == "")
			}
			if got := strings.Join(reading.Warnings, "\n"); !strings.HasPrefix(got, c.doubt) {
				t.Errorf("Read() warns of %q, want %q", got, c.doubt)
			}
		})
	}
}

func TestAReadingThatWentOnByPageClaimsNothingWithoutATotal(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[string]string{"1": `{"data":[{"id":1}],"n":2}`, "2": `{"data":[{"id":2}],"n":2}`, "3": `{"data":[],"n":2}`}[r.URL.Query().Get("page")])
	}
	for _, total := range []string{"", "n"} {
		source, err := open(users(handle(t, answer), object{"records": "data", "paging": object{"type": "page"}, "total": total}), zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		var first plugin.Page
		source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { first = p; return http.ErrAbortHandler })
		reading, err := source.Read(t.Context(), plugin.Request{State: first.State}, func(plugin.Page) error { return nil })
		source.(interface{ Close() error }).Close()
		if err != nil || reading.Complete != (total != "") || reading.Counts[plugin.User] != 2 {
			t.Errorf("with the total %q: Read() = %+v, %v", total, reading, err)
		}
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "X-Api-Key", "X-Tenant", "Referer"} {
			if v := r.Header.Get(name); v != "" {
				t.Errorf("a stranger was sent %s: %s", name, v)
			}
		}
		if r.URL.Query().Has("api_key") || r.URL.Query().Has("tenant") {
			t.Errorf("a stranger was sent the query %s", r.URL.RawQuery)
		}
		fmt.Fprint(w, `[{"id":1}]`)
	}))
	t.Cleanup(stranger.Close)
	for _, auth := range []object{
		{"type": "bearer", "token": token},
		{"type": "basic", "username": "roster", "password": token},
		{"type": "header", "value": token},
		{"type": "query", "value": token},
	} {
		signed := false
		options := handle(t, func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			signed = r.Header.Get("Authorization") == "Bearer "+token || password == token || r.Header.Get("X-Api-Key") == token || r.URL.Query().Get("api_key") == token
			http.Redirect(w, r, stranger.URL, http.StatusFound)
		})
		options["auth"], options["headers"], options["query"] = auth, object{"X-Tenant": "acme"}, object{"tenant": "acme"}
		if uids, _, err := read(t, options); err != nil || !signed || len(uids) != 1 {
			t.Errorf("auth %s: Read() = %v, %v; signed %t", auth["type"], uids, err, signed)
		}
	}
}

// A system may repeat in the next address all that it was asked.
func TestCredentialsAreInNoState(t *testing.T) {
	options := users(handle(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("api_key") != token {
			t.Errorf("it was asked %s without the credentials", r.URL.Path)
		}
		if page := r.URL.Query().Get("page"); page == "" {
			w.Header().Set("Link", "<"+r.URL.Path+"?page=2&"+r.URL.RawQuery+`>; rel="next"`)
		}
		fmt.Fprintf(w, `[{"id":"of page %s"}]`, r.URL.Query().Get("page"))
	}), object{"paging": object{"type": "link"}})
	options["auth"] = object{"type": "query", "value": token}
	source, err := open(options, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	_, err = source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		if pages++; strings.Contains(string(p.State), token) {
			t.Errorf("a state is %s", p.State)
		}
		return nil
	})
	source.(interface{ Close() error }).Close()
	if err != nil || pages != 2 {
		t.Errorf("Read() = %v after %d pages, want 2", err, pages)
	}
}

func TestAClosedSourceHasNoConnections(t *testing.T) {
	gone := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(text(`[{"id":1}]`))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			gone <- struct{}{}
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	source, err := open(object{"users": object{"url": server.URL, "fields": object{"uid": "id"}}}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil }); err != nil {
		t.Fatal(err)
	}
	source.(interface{ Close() error }).Close()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("the connection is open after Close()")
	}
}

func TestCertificatesAreVouchedFor(t *testing.T) {
	server := httptest.NewUnstartedServer(text(`[{"id":1}]`))
	server.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	server.StartTLS()
	t.Cleanup(server.Close)
	options := object{"users": object{"url": server.URL, "fields": object{"uid": "id"}}}
	_, _, err := read(t, options)
	expectKind(t, err, plugin.Config, "caFile")
	file := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	options["caFile"] = file
	if uids, _, err := read(t, options); err != nil || len(uids) != 1 {
		t.Errorf("Read() = %v, %v with the certificate in caFile", uids, err)
	}
}

func TestAnAnswerOf100000RecordsIsNotHeld(t *testing.T) {
	const many = 100_000
	options := handle(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id":"first"}`)
		for i := range many {
			fmt.Fprintf(w, `,{"id":"u%d","bio":"%0500d"}`, i, i)
		}
		fmt.Fprint(w, `]`)
	})
	source, err := open(options, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.(interface{ Close() error }).Close() })
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	pages := 0
	reading, err := source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		if pages++; pages%25 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
		}
		if len(p.Records) > 1000 {
			t.Errorf("a page has %d records", len(p.Records))
		}
		return nil
	})
	if diff := cmp.Diff(map[plugin.Type]int{plugin.User: many + 1}, reading.Counts); diff != "" || err != nil || !reading.Complete {
		t.Errorf("Read() = %v, complete %t, counts mismatch (-want +got):\n%s", err, reading.Complete, diff)
	}
	if most > 16<<20 {
		t.Errorf("%d MiB were in use while an answer of 50 MB was read", most>>20)
	}
}
