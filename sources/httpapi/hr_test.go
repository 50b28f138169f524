package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
	"github.com/nocobase-roster/roster/sources/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "s3cr3t-token"

// An object is one of JSON.
type object = map[string]any

// An hr is a system with lists of departments and users, which it gives in
// answers of two.
type hr struct {
	url    string
	paging string

	mu      sync.Mutex // guards what follows
	lists   map[string][]object
	hidden  map[string]bool
	served  int
	faults  int
	stalled chan struct{}
	once    sync.Once
}

// newHR starts a system whose lists are paged in one of the ways.
func newHR(t plugintest.T, paging string) *hr {
	s := &hr{paging: paging, hidden: map[string]bool{}, lists: map[string][]object{
		"departments": {{"id": 1, "name": "Company"}, {"id": 2, "name": "Sales", "parent_id": 1}, {"id": 3, "name": "Research", "parent_id": 1}},
	}}
	for _, name := range []string{"ada", "ben", "eve", "dan", "fay"} {
		s.lists["users"] = append(s.lists["users"], object{
			"id": name, "name": object{"first": strings.ToUpper(name), "last": "Doe"}, "mail": name + "@example.com", "teams": []object{{"id": 2, "lead": name == "ada"}},
		})
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// holds are the records of the system as Roster is to have them.
func (s *hr) holds() []plugin.Record {
	var all []plugin.Record
	for _, d := range s.lists["departments"] {
		r := plugin.Record{Type: plugin.Department, UID: fmt.Sprint(d["id"]), Attrs: object{"title": d["name"]}}
		if parent, ok := d["parent_id"]; ok {
			r.Attrs["parentUid"] = parent
		}
		all = append(all, r)
	}
	for _, u := range s.lists["users"] {
		id := u["id"].(string)
		all = append(all, plugin.Record{Type: plugin.User, UID: id, Attrs: object{
			"nickname": strings.ToUpper(id) + " Doe", "email": u["mail"], "departments": []object{{"uid": "2", "isOwner": id == "ada"}},
		}})
	}
	return all
}

// options are those of a source that reads the system, changed by more.
func (s *hr) options(more ...func(object)) object {
	paging := object{"type": s.paging, "sizeParam": "size", "size": 2}
	switch s.paging {
	case "cursor":
		paging["next"] = "meta.next"
	case "next":
		paging["type"], paging["next"] = "link", "/meta/next"
	}
	o := object{
		"departments": object{"url": s.url + "/departments", "records": "data.items", "paging": paging, "fields": object{"uid": "id", "title": "name", "parentUid": "parent_id"}},
		"users": object{
			"url": s.url + "/users?active=1", "records": "/data/items", "total": "/meta/total", "paging": paging,
			"fields":      object{"uid": "id", "nickname": "{name.first} {name.last}", "email": "mail"},
			"departments": object{"path": "teams", "owner": "lead"}, "lookup": s.url + "/users/{uid}", "lookupRecord": "data",
		},
		"auth":              object{"type": "bearer", "token": token},
		"requestsPerSecond": 1000,
	}
	for _, change := range more {
		change(o)
	}
	return o
}

func (s *hr) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	stalled, failing := s.stalled, s.faults != 0
	if s.faults > 0 {
		s.faults--
	}
	s.mu.Unlock()
	switch {
	case stalled != nil:
		s.once.Do(func() { close(stalled) })
		<-r.Context().Done()
	case failing:
		w.Header().Set("Retry-After", "0")
		http.Error(w, "try again", http.StatusServiceUnavailable)
	case r.Header.Get("Authorization") != "Bearer "+token:
		http.Error(w, "who are you?", http.StatusUnauthorized)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		list, id, one := strings.Cut(r.URL.Path[1:], "/")
		if one {
			s.one(w, list, id)
			return
		}
		s.page(w, r, list)
	}
}

// page gives an answer of two, or all with no paging.
func (s *hr) page(w http.ResponseWriter, r *http.Request, list string) {
	s.served++
	all, size, q := s.lists[list], 2, r.URL.Query()
	number := func(name string) int { n, _ := strconv.Atoi(q.Get(name)); return n }
	from := number("cursor")
	switch s.paging {
	case "none":
		size = len(all)
	case "page":
		from = (number("page") - 1) * size
	case "offset":
		from = number("offset")
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	meta := object{"total": len(all)}
	if to < len(all) {
		next := fmt.Sprintf("%s?cursor=%d", r.URL.Path, to)
		meta["next"] = next
		if s.paging == "cursor" {
			meta["next"] = to
		}
		w.Header().Set("Link", fmt.Sprintf(`</first>; rel="first"; title="a, b", <%s>; rel="next"`, next))
	}
	reply(w, object{"meta": meta, "data": object{"items": all[from:to], "links": []any{object{"deep": []int{1}}}}})
}

func (s *hr) one(w http.ResponseWriter, list, id string) {
	i := slices.IndexFunc(s.lists[list], func(o object) bool { return fmt.Sprint(o["id"]) == id })
	switch {
	case s.hidden[id]:
		w.WriteHeader(http.StatusForbidden)
	case i < 0:
		w.WriteHeader(http.StatusNotFound)
	default:
		reply(w, object{"data": s.lists[list][i]})
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// system gives the hr to the checks.
func (s *hr) system() plugintest.System {
	locked := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	return plugintest.System{
		Type:  httpapi.PullDriver().Type,
		Open:  func(log *zap.Logger) (plugin.Source, error) { return open(s.options(), log) },
		Holds: s.holds(), Secrets: []string{token},
		Served: func() (n int) { locked(func() { n = s.served }); return n },
		Break:  func(times int) { locked(func() { s.faults = times }) },
		Stall: func() <-chan struct{} {
			waiting := make(chan struct{})
			locked(func() { s.stalled = waiting })
			return waiting
		},
		Hide: func(ref plugin.Ref) { locked(func() { s.hidden[ref.UID] = true }) },
		Remove: func(ref plugin.Ref) {
			locked(func() {
				s.lists["users"] = slices.DeleteFunc(s.lists["users"], func(o object) bool { return o["id"] == ref.UID })
			})
		},
	}
}

func open(options object, log *zap.Logger) (plugin.Source, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	return httpapi.PullDriver().Open(context.Background(), plugin.Setup{Name: "hr", Options: text, Log: log})
}

func TestPullKeepsAllPromises(t *testing.T) {
	for _, paging := range []string{"none", "page", "offset", "cursor", "link", "next"} {
		t.Run(paging, func(t *testing.T) {
			plugintest.TestSource(t, func(t plugintest.T) plugintest.System { return newHR(t, paging).system() })
		})
	}
}

// handle starts a server that answers all requests with f, and gives options of
// a source that reads users from it.
func handle(t *testing.T, f http.HandlerFunc) object {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return object{
		"users": object{"url": server.URL + "/users", "fields": object{"uid": "id"}}, "requestsPerSecond": 1000, "retries": 0,
		"auth": object{"type": "bearer", "token": token},
	}
}

// users gives options with something else for users.
func users(o object, more object) object {
	for name, v := range more {
		o["users"].(object)[name] = v
	}
	return o
}

// read reads a source to its end, and gives the uids that came, in their order.
func read(t *testing.T, options object) ([]string, plugin.Reading, error) {
	t.Helper()
	source, err := open(options, zap.NewNop())
	if err != nil {
		return nil, plugin.Reading{}, err
	}
	t.Cleanup(func() { source.(interface{ Close() error }).Close() })
	var uids []string
	reading, err := source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		for _, r := range p.Records {
			uids = append(uids, r.UID)
		}
		return nil
	})
	return uids, reading, err
}

// expectKind wants an error of a kind that says something and holds no secret.
func expectKind(t *testing.T, err error, kind plugin.Kind, says string) {
	t.Helper()
	var e *plugin.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), token) || e.Hint == "" {
		t.Errorf("error = %v, want one of kind %s that says %q, with a hint and without a secret", err, kind, says)
	}
}
