package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// WeCom's callbacks come in through roster serve, or through a host that hands
// them to source/webhook; what they tell of is in NocoBase's tables soon after.
func TestWhatHappensInWeComHappensInNocoBase(t *testing.T) {
	for name, answers := range map[string]func(t testing.TB, url string) (callbackURL string){"serve": servedCallbacks, "a host": hostedCallbacks} {
		t.Run(name, func(t *testing.T) {
			schematest.EachURL(t, func(t *testing.T, url string) {
				t.Setenv("ROSTER_SECRET_KEY", engine.NewKey())
				c := newTenant(t, url)
				mustRun(t, exitDone, url, "sync", "corp")
				c.wants("Sales: ada Ada", "Sales: ben Ben")
				ada := c.list(`SELECT id FROM {users} WHERE username = 'ada'`)

				if err := c.SetCallback(wecomtest.Callback{URL: answers(t, url), Token: callbackToken, AESKey: callbackAESKey, Copies: 1}); err != nil {
					t.Fatal(err)
				}
				c.must(c.PutDepartment(wecomtest.Department{ID: 3, Name: "Research", ParentID: 1}))
				c.hire("Cid", 3)
				c.must(c.RenameMember("ada", "ada.lovelace"), c.RemoveMember("ben"))
				if d := c.server.Delivered(); d.Accepted != d.Sent || d.Sent != 8 || d.Slowest > time.Second {
					t.Errorf("of the callbacks became %+v", d)
				}
				c.wants("Research: Cid Cid", "Sales: ada.lovelace Ada")
				if diff := cmp.Diff(ada, c.list(`SELECT id FROM {users} WHERE username = 'ada.lovelace'`)); diff != "" {
					t.Errorf("who was renamed is somebody else (-before +after):\n%s", diff)
				}
			})
		})
	}
}

const (
	callbackToken  = "QDG6eK"
	callbackAESKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
)

// A tenant is a company in WeCom that a source in a database reads.
type tenant struct {
	testing.TB
	*wecomtest.Company
	server *wecomtest.Server
	db     *schema.DB
}

func newTenant(t testing.TB, url string) *tenant {
	c := tenantOf(t, url, wecomtest.NewCompany("ww5823bf96d3bd56c7", "Acme"))
	c.must(c.PutDepartment(wecomtest.Department{ID: 2, Name: "Sales", ParentID: 1}))
	c.hire("Ada", 2)
	c.hire("Ben", 2)
	return c
}

// tenantOf has the source "corp" of a database read a company.
func tenantOf(t testing.TB, url string, company *wecomtest.Company) *tenant {
	c := &tenant{TB: t, Company: company}
	c.server = wecomtest.Start(c.Company)
	t.Cleanup(c.server.Close)
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: "hunter2", Departments: []int64{1}})
	options := fmt.Sprintf(`{"corpId": "ww5823bf96d3bd56c7", "agentId": 1000002, "secret": "hunter2", "baseUrl": %q, "callbackToken": %q, "callbackAESKey": %q,
		"sync": {"removal": {"user": "delete"}, "guards": {"usersRemoved": null, "membershipsRemoved": null, "departmentsRemoved": null}}}`, c.server.URL(), callbackToken, callbackAESKey)
	mustRead(t, exitDone, options, url, "sources", "add", "corp", "--type", "wecom", "--options", "-")
	c.db = schematest.Open(t, url)
	return c
}

func (c *tenant) must(errs ...error) {
	c.Helper()
	for _, err := range errs {
		if err != nil {
			c.Fatal(err)
		}
	}
}

func (c *tenant) hire(name string, department int64) {
	c.Helper()
	id := name
	if department == 2 {
		id = strings.ToLower(name)
	}
	c.must(c.PutMember(wecomtest.Member{UserID: id, Name: name, Places: []wecomtest.Place{{Department: department}}}))
}

func (c *tenant) list(query string) []string {
	c.Helper()
	var list []string
	c.must(c.db.On(c.db).Select(c.Context(), &list, query))
	return list
}

// wants waits until those are the people of the company: "department: username nickname".
func (c *tenant) wants(people ...string) {
	c.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		got := c.list(`SELECT d.title || ': ' || u.username || ' ' || u.nickname FROM {users} u
			JOIN {departmentsUsers} m ON m.[userId] = u.id JOIN {departments} d ON d.id = m.[departmentId] ORDER BY 1`)
		diff := cmp.Diff(people, got)
		if diff == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			c.Fatalf("people (-want +got):\n%s", diff)
		}
	}
}

// servedCallbacks has roster serve take callbacks, and gives the address that
// the source shows for them.
func servedCallbacks(t testing.TB, url string) string {
	s := startServe(t, url)
	t.Cleanup(func() {
		s.Process.Kill()
		s.end()
	})
	var shown struct{ Source engine.Source }
	parse(t, mustRun(t, exitDone, url, "sources", "show", "corp", "--json", "--public-url", "http://"+s.address).stdout, &shown)
	return shown.Source.CallbackURL
}

// hostedCallbacks has a host take callbacks and hand them to roster stdio.
func hostedCallbacks(t testing.TB, url string) string {
	h := startHost(t, url)
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	h.call("initialize", object{"protocolVersion": "1", "config": object{"publicUrl": web.URL + "/api/roster/callback/{source}"}}, nil)
	var got struct{ Source engine.Source }
	h.call("sources/get", object{"name": "corp"}, &got)
	return got.Source.CallbackURL
}

// A host is a web server that has started roster stdio.
type host struct {
	testing.TB

	mu      sync.Mutex // guards what follows
	in      io.Writer
	last    int
	waiting map[int]chan json.RawMessage
}

type object = map[string]any

func startHost(t testing.TB, url string) *host {
	t.Helper()
	cmd := roster(context.WithoutCancel(t.Context()), url, "stdio") // it ends with its input
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &host{TB: t, in: in, waiting: map[int]chan json.RawMessage{}}
	var reading sync.WaitGroup
	reading.Go(func() { h.listen(out) })
	t.Cleanup(func() {
		in.Close()
		reading.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("roster stdio ended with %v", err)
		}
	})
	return h
}

// listen gives answers to those who wait for them.
func (h *host) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var answer struct {
			ID     int
			Result json.RawMessage
		}
		if json.Unmarshal(lines.Bytes(), &answer) != nil || answer.ID == 0 {
			continue // what Roster tells by itself
		}
		if answer.Result == nil {
			h.Errorf("it answers %s", lines.Text())
		}
		h.mu.Lock()
		h.waiting[answer.ID] <- answer.Result
		h.mu.Unlock()
	}
}

// call asks Roster, and waits for the answer.
func (h *host) call(method string, params object, result any) {
	answered := make(chan json.RawMessage, 1)
	h.mu.Lock()
	h.last++
	h.waiting[h.last] = answered
	request, err := json.Marshal(object{"jsonrpc": "2.0", "id": h.last, "method": method, "params": params})
	if err == nil {
		_, err = h.in.Write(append(request, '\n'))
	}
	h.mu.Unlock()
	if err != nil {
		h.Errorf("call %s: %v", method, err)
		return
	}
	if answer := <-answered; result != nil && json.Unmarshal(answer, result) != nil {
		h.Errorf("%s answers %s", method, answer)
	}
}

// ServeHTTP hands a callback to Roster.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.Errorf("read a callback: %v", err)
	}
	var answer struct {
		Status int
		Body   string
	}
	h.call("source/webhook", object{"source": r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], "method": r.Method, "query": r.URL.RawQuery, "body": string(body)}, &answer)
	w.WriteHeader(answer.Status)
	io.WriteString(w, answer.Body)
}
