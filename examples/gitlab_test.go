package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

const gitlabToken = "glpat-open-sesame"

// A gitlab answers as GitLab does, with two members more for each that it is
// asked to give at a time.
type gitlab struct {
	*httptest.Server

	mu      sync.Mutex // guards what follows
	members []map[string]any
	hidden  map[string]bool
	faults  int
	served  int
	stalled chan struct{}
	waited  sync.Once
	end     chan struct{} // closed when the check is over
}

func newGitlab(t plugintest.T) *gitlab {
	t.Helper()
	text, err := os.ReadFile("gitlab/members.json")
	if err != nil {
		t.Fatalf("%v", err)
	}
	g := &gitlab{hidden: map[string]bool{}, end: make(chan struct{})}
	if err := json.Unmarshal(text, &g.members); err != nil {
		t.Fatalf("%v", err)
	}
	for i := range 400 {
		g.members = append(g.members, map[string]any{"id": 100 + i, "username": fmt.Sprintf("user-%d", i), "name": "Somebody", "state": "active"})
	}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	t.Cleanup(func() { close(g.end) })
	return g
}

func (g *gitlab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stalled != nil {
		g.waited.Do(func() { close(g.stalled) })
		g.mu.Unlock()
		<-g.end
		g.mu.Lock()
		return
	}
	if g.faults != 0 {
		g.faults--
		http.Error(w, gitlabToken+" is out of order", http.StatusBadGateway)
		return
	}
	if r.Header.Get("PRIVATE-TOKEN") != gitlabToken {
		http.Error(w, gitlabToken, http.StatusUnauthorized)
		return
	}
	switch group := strings.Split(r.URL.EscapedPath(), "/")[4]; {
	case group == "hangs", group == "breaks" && r.URL.Query().Get("page") == "2":
		g.mu.Unlock()
		defer g.mu.Lock()
		g.trouble(w, group)
		return
	case group == "breaks":
		g.page(w, r)
		return
	}
	id, one := strings.CutPrefix(r.URL.EscapedPath(), "/api/v4/groups/acme%2Fstaff/members/all/")
	if one {
		g.one(w, id)
		return
	}
	g.page(w, r)
}

// trouble is what comes of groups with these names.
func (g *gitlab) trouble(w http.ResponseWriter, group string) {
	if group == "hangs" {
		<-g.end
	}
	w.WriteHeader(http.StatusBadGateway)
}

func (g *gitlab) page(w http.ResponseWriter, r *http.Request) {
	g.served++
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	from, to := min((page-1)*size, len(g.members)), min(page*size, len(g.members))
	w.Header().Set("X-Total", strconv.Itoa(len(g.members)))
	if to < len(g.members) {
		w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
	}
	json.NewEncoder(w).Encode(g.members[from:to])
}

func (g *gitlab) one(w http.ResponseWriter, id string) {
	for _, m := range g.members {
		if fmt.Sprint(m["id"]) == id && !g.hidden[id] {
			json.NewEncoder(w).Encode(m)
			return
		}
	}
	status := http.StatusNotFound
	if g.hidden[id] {
		status = http.StatusForbidden
	}
	http.Error(w, "{}", status)
}

// holds is what a reading of it brings.
func (g *gitlab) holds() []plugin.Record {
	var records []plugin.Record
	for _, m := range g.members {
		r := plugin.Record{Type: plugin.User, UID: fmt.Sprint(m["id"]), Attrs: map[string]any{"username": m["username"], "nickname": m["name"]}}
		if m["email"] != nil {
			r.Attrs["email"] = m["email"]
		}
		r.Deleted = m["state"] != "active"
		records = append(records, r)
	}
	return records
}

// locked does f while nobody asks.
func (g *gitlab) locked(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

func (g *gitlab) options() map[string]string {
	return map[string]string{"url": g.URL, "group": "acme/staff", "token": gitlabToken}
}

func (g *gitlab) system(t plugintest.T, folder string) plugintest.System {
	return plugintest.System{
		Type:   manifestOf(t, folder).SourceTypes[0],
		Holds:  g.holds(),
		Open:   func(log *zap.Logger) (plugin.Source, error) { return source(t, log, folder, g.options()) },
		Served: func() (n int) { g.locked(func() { n = g.served }); return n },
		Break:  func(times int) { g.locked(func() { g.faults = times }) },
		Stall: func() <-chan struct{} {
			g.locked(func() { g.stalled = make(chan struct{}) })
			return g.stalled
		},
		Remove: func(ref plugin.Ref) {
			g.locked(func() {
				for i, m := range g.members {
					if fmt.Sprint(m["id"]) == ref.UID {
						g.members = append(g.members[:i:i], g.members[i+1:]...)
						return
					}
				}
			})
		},
		Hide:    func(ref plugin.Ref) { g.locked(func() { g.hidden[ref.UID] = true }) },
		Secrets: []string{gitlabToken},
	}
}

func TestTheGitLabSourceKeepsAllPromises(t *testing.T) {
	t.Parallel()
	agrees(t, "gitlab")
	plugintest.TestSource(t, func(t plugintest.T) plugintest.System { return newGitlab(t).system(t, "gitlab") })
}

func TestTheGitLabSourceSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(options map[string]string)
		kind   plugin.Kind
		path   string
	}{
		"another token": {func(o map[string]string) { o["token"] = "guess" }, plugin.Auth, "/options/token"},
		"nobody there":  {func(o map[string]string) { o["url"] = "http://127.0.0.1:1" }, plugin.Transient, "/options/url"},
	} {
		t.Run(name, func(t *testing.T) {
			options := newGitlab(t).options()
			c.change(options)
			s, err := source(t, zap.NewNop(), "gitlab", options)
			if err == nil {
				_, err = s.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
			}
			if kind, path := kindOf(t, err); kind != c.kind || path != c.path {
				t.Errorf("the error is %v at %s, want %s at %s", err, path, c.kind, c.path)
			}
		})
	}
}
