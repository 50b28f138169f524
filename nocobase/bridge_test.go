//go:build nocobase

package nocobase_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// TestBridge plays what an operator does with the plugin in one living NocoBase.
func TestBridge(t *testing.T) {
	b := newBridge(t)
	b.step("a source is synchronized", synchronizes)
	b.step("a source that fails says why", fails)
	b.step("a retry does only what failed", retries)
	b.step("three clicks are one run", clicksThrice)
	b.step("secrets go in and do not come out", keepsSecrets)
	b.step("options may name variables", resolvesVariables)
	b.step("a child that dies is replaced", survivesItsChild)
	b.step("what is pushed goes through Roster", pushes)
	b.step("who was removed is signed out", signsOut)
	b.step("callbacks nobody waits for are refused", refusesCallbacks)
	b.step("the clients have their files", servesClients)
	b.step("the clients draw forms", drawsForms)
	b.step("options are sealed and resolved", sealsOptions)
	b.step("a process that is never ready holds nothing up", outlivesProcesses)
	b.step("it can be disabled and enabled", isDisabled)
	b.step("nothing is left when NocoBase stops", stops)

	b.server = b.app.Serve(t, b.place)
	b.step("a callback is answered by its source", answersCallbacks)
	b.step("resources of other plugins get what changes", feedsOthers)
	b.step("nothing is left when NocoBase is killed", isKilled)

	b.server = b.app.Serve(t, b.place)
	b.step("a task that was left behind ends", mends)
	b.neverSaid("Person ann", "Person jon", "Person pia", "tok-TestBridge", "hush")
}

func synchronizes(b *bridge) {
	h := newHR(b.T, person("ann"), person("ben"))
	source := b.source("hr", "http-pull", h.options())
	b.wantTask(b.sync("hr", source), "success", "department: 2 created")
	users, err := b.server.Users(b.Context(), "departments", "roles")
	b.must(err)
	var seen []string
	for _, u := range users[1:] { // the first is root
		seen = append(seen, u.Nickname+", "+u.Email+", "+u.Roles[0].Name+", "+id(int64(len(u.Departments))))
	}
	want := []string{"Person ann, ann@example.com, member, 1", "Person ben, ben@example.com, member, 1"}
	if diff := cmp.Diff(want, seen); diff != "" {
		b.Errorf("users (-want +got):\n%s", diff)
	}
	tree, err := b.server.Tree(b.Context())
	b.must(err)
	if len(tree) != 1 || tree[0].Title != "Sales" || len(tree[0].Children) != 1 {
		b.Errorf("the departments are %+v", tree)
	}
	again := b.sync("hr", source)
	b.wantTask(again, "success", "user: 2 unchanged")
	if again.Cost <= 0 {
		b.Errorf("the task cost %d ms", again.Cost)
	}
}

func fails(b *bridge) {
	h := newHR(b.T, person("cid"))
	source := b.source("failing", "http-pull", h.options())
	h.fails(http.StatusForbidden)
	b.wantTask(b.sync("failing", source), "failed", "403")
	h.fails(0)
	tasks, err := b.server.Tasks(b.Context(), source)
	b.must(err)
	b.must(b.server.Retry(b.Context(), tasks[0]))
	b.wantTask(b.ended(source), "success", "user: 1 created")
}

func retries(b *bridge) {
	holder, err := b.server.Create(b.Context(), "users", host.Values{"username": "holder", "email": "eve@example.com", "password": password})
	b.must(err)
	h := newHR(b.T, person("dan"), person("eve"))
	source := b.source("partly", "http-pull", h.options())
	task := b.sync("partly", source)
	b.wantTask(task, "failed", "user: 1 created, 1 failed")
	b.must(b.server.Update(b.Context(), "users", holder, host.Values{"email": "holder@example.com"}))
	calls := h.count()
	b.must(b.server.Retry(b.Context(), task))
	b.wantTask(b.ended(source), "success", "user: 1 created")
	if h.count() != calls {
		b.Errorf("a retry read the source again")
	}
}

func clicksThrice(b *bridge) {
	h := newHR(b.T, person("fay"))
	source := b.source("clicked", "http-pull", h.options())
	h.silent()
	for range 3 {
		b.must(b.server.Pull(b.Context(), "clicked"))
	}
	h.reached(b.T)
	h.speak()
	b.wantTask(b.ended(source), "success", "user: 1 created")
	tasks, err := b.server.Tasks(b.Context(), source)
	b.must(err)
	if len(tasks) != 1 || h.count() != 2 {
		b.Errorf("three clicks made %d tasks and %d calls, want 1 and 2", len(tasks), h.count())
	}
}

func keepsSecrets(b *bridge) {
	h := newHR(b.T, person("gus"))
	source := b.source("secretive", "http-pull", h.options())
	b.sync("secretive", source)
	for _, action := range []string{"userDataSyncSources:list", "userDataSyncSources:get?filterByTk=" + id(source), "userDataSyncTasks:list?appends=source"} {
		answer, err := b.server.Call(b.Context(), http.MethodGet, action, "", nil)
		b.must(err)
		if text := string(answer.Body); answer.Status != http.StatusOK || strings.Contains(text, h.token) || strings.Contains(text, "enc:v1:") || !strings.Contains(text, "******") {
			b.Errorf("%s answers %d: %s", action, answer.Status, text)
		}
	}
	kept := func() string {
		return b.kept(`SELECT options::text FROM "userDataSyncSources" WHERE id = $1`, source)
	}
	if strings.Contains(kept(), h.token) || !strings.Contains(kept(), "enc:v1:") {
		b.Errorf("the row holds %s", kept())
	}
	before := kept()
	edited := h.options()
	edited["auth"] = host.Values{"type": "bearer", "token": "******"} // as the form gives it back
	b.must(b.server.Update(b.Context(), "userDataSyncSources", source, host.Values{"options": edited}))
	if kept() != before {
		b.Errorf("an edit made of %s this: %s", before, kept())
	}
	b.wantTask(b.sync("secretive", source), "success", "user: 1 unchanged")
}

func resolvesVariables(b *bridge) {
	h := newHR(b.T, person("hal"))
	h.token = "variable" // which NocoBase itself logs
	options := h.options()
	options["auth"] = host.Values{"type": "bearer", "token": "{{ $env.HR_TOKEN }}"}
	source := b.source("variable", "http-pull", options)
	b.wantTask(b.sync("variable", source), "failed", "there is no variable HR_TOKEN")
	err := b.server.Do(b.Context(), "environmentVariables:create", nil, host.Values{"name": "HR_TOKEN", "type": "default", "value": h.token}, nil)
	b.must(err)
	b.wantTask(b.sync("variable", source), "success", "user: 1 created")
	if text := b.kept(`SELECT options::text FROM "userDataSyncSources" WHERE id = $1`, source); !strings.Contains(text, "{{ $env.HR_TOKEN }}") {
		b.Errorf("the row holds %s", text)
	}
}

func survivesItsChild(b *bridge) {
	h := newHR(b.T, person("ida"))
	source := b.source("interrupted", "http-pull", h.options())
	h.silent()
	b.must(b.server.Pull(b.Context(), "interrupted"))
	h.reached(b.T)
	first := only(b.T, b.program())
	if seen := secretsOf(b.T, first.pid); strings.Contains(seen, "DB_") || strings.Contains(seen, "postgres") || strings.Contains(seen, "APP_KEY") {
		b.Errorf("others can see of Roster's process: %q", seen)
	}
	kill(b.T, first.pid, syscall.SIGKILL)
	h.speak()
	b.wantTask(b.ended(source), "failed", "")
	if second := only(b.T, b.program()); second.pid == first.pid {
		b.Errorf("process %d was killed and is there", second.pid)
	}
	b.wantTask(b.sync("interrupted", source), "success", "user: 1 created")
}

func pushes(b *bridge) {
	body := `{"dataType":"user","sourceName":"pushed","matchKey":"email","records":[
		{"uid":"jon","nickname":"Person jon","email":"jon@example.com"},{"uid":"joe","nickname":"Person joe","email":"jon@example.com"}]}`
	push := func(c *host.Client, body string) (int, string) {
		answer, err := c.Call(b.Context(), http.MethodPost, "userData:push", "application/json", []byte(body))
		b.must(err)
		return answer.Status, string(answer.Body)
	}
	var answer struct {
		Data struct {
			Code    int
			Message string
			Result  []host.SyncResult
		}
	}
	status, text := push(b.server.Client, body)
	b.must(json.Unmarshal([]byte(text), &answer))
	if status != http.StatusOK || answer.Data.Message != "success" || len(answer.Data.Result) != 2 {
		b.Fatalf("a push is answered %d: %s", status, text)
	}
	if users := answer.Data.Result[0].Detail; users.Count.Success != 1 || len(users.FailedRecords) != 1 || users.FailedRecords[0].Record.UID != "joe" {
		b.Errorf("a push is answered: %s", text)
	}
	if runs := b.kept(`SELECT count(*) FROM roster.runs WHERE source = 'pushed'`); runs == "0" {
		b.Errorf("Roster has no run of the push")
	}
	if status, text := push(b.server.Client, `{"dataType":"robot","records":[{}]}`); status != http.StatusInternalServerError || !strings.Contains(text, `"message":"dataType robot is not supported"`) {
		b.Errorf("robots are answered %d: %s", status, text)
	}
	if status, _ := push(b.server.Anonymous(), body); status != http.StatusUnauthorized {
		b.Errorf("nobody's push is answered %d", status)
	}
	member, err := b.server.SignIn(b.Context(), "holder", password)
	b.must(err)
	if status, _ := push(member, body); status != http.StatusForbidden {
		b.Errorf("a member's push is answered %d", status)
	}
}

func signsOut(b *bridge) {
	person := func(record string) {
		_, err := b.server.Push(b.Context(), host.Push{DataType: "user", SourceName: "pushed", Records: []json.RawMessage{json.RawMessage(record)}})
		b.must(err)
	}
	person(`{"uid":"kim","username":"kim","nickname":"Kim"}`)
	users, err := b.server.Find(b.Context(), "users", host.Values{"username": "kim"})
	b.must(err)
	b.must(b.server.Update(b.Context(), "users", users[0], host.Values{"password": password}))
	var kim *host.Client
	wait(b.T, "Kim signed in", func() bool { // not in the second in which the password changed
		kim, err = b.server.SignIn(b.Context(), "kim", password)
		b.must(err)
		return kim.Do(b.Context(), "auth:check", nil, nil, nil) == nil
	})
	person(`{"uid":"kim","isDeleted":true}`)
	answer, err := kim.Call(b.Context(), http.MethodGet, "auth:check", "", nil)
	b.must(err)
	if answer.Status != http.StatusUnauthorized {
		b.Errorf("who was removed is answered %d: %s", answer.Status, answer.Body)
	}
}

func refusesCallbacks(b *bridge) {
	long := make([]byte, 1<<20+1)
	for path, want := range map[string]int{"nobody": http.StatusNotFound, "hr": http.StatusNotFound, "": http.StatusBadRequest} {
		answer, err := b.server.Anonymous().Call(b.Context(), http.MethodGet, "roster/callback/"+path+"?echostr=hush", "", nil)
		b.must(err)
		if answer.Status != want {
			b.Errorf("a callback of %q is answered %d: %s, want %d", path, answer.Status, answer.Body, want)
		}
	}
	answer, err := b.server.Anonymous().Call(b.Context(), http.MethodPost, "roster/callback/hr", "", long)
	b.must(err)
	if answer.Status != http.StatusRequestEntityTooLarge {
		b.Errorf("a long callback is answered %d", answer.Status)
	}
}

func servesClients(b *bridge) {
	for _, file := range []string{"client", "client-v2"} {
		answer, err := b.server.Call(b.Context(), http.MethodGet, "/static/plugins/"+pluginName+"/dist/"+file+"/index.js", "", nil)
		b.must(err)
		if answer.Status != http.StatusOK || !strings.HasPrefix(string(answer.Body), `define("`+pluginName) {
			b.Errorf("%s is answered %d: %.100s", file, answer.Status, answer.Body)
		}
	}
}

func drawsForms(b *bridge) { do(b.T, ".", "node", "testdata/forms.mjs", b.dist()) }

func sealsOptions(b *bridge) { do(b.T, ".", "node", "testdata/options.mjs", "plugin") }

func outlivesProcesses(b *bridge) { do(b.T, ".", "node", "testdata/life.mjs", b.dist()) }

func isDisabled(b *bridge) {
	types := func() string {
		answer, err := b.server.Call(b.Context(), http.MethodGet, "userData:listSyncTypes", "", nil)
		b.must(err)
		return string(answer.Body)
	}
	if list := types(); !strings.Contains(list, "http-pull") {
		b.Errorf("the types are %s", list)
	}
	b.must(b.server.DisablePlugin(b.Context(), pluginName))
	if list := types(); strings.Contains(list, "http-pull") {
		b.Errorf("the types of a plugin that is disabled are %s", list)
	}
	wait(b.T, "no process of Roster", func() bool { return len(processesOf(b.T, b.program())) == 0 })
	b.must(b.server.EnablePlugin(b.Context(), pluginName))
	h := newHR(b.T, person("lea"))
	source := b.source("later", "http-pull", h.options())
	b.wantTask(b.sync("later", source), "success", "user: 1 created")
}

// A run is under way when NocoBase is told to stop; its task has ended all the same.
func stops(b *bridge) {
	h := newHR(b.T, person("max"))
	source := b.source("stopped", "http-pull", h.options())
	h.silent()
	b.must(b.server.Pull(b.Context(), "stopped"))
	h.reached(b.T)
	kill(b.T, only(b.T, b.program()).parent, syscall.SIGTERM)
	b.must(b.server.Gone(b.Context()))
	if left := processesOf(b.T, b.program()); len(left) > 0 {
		b.Errorf("NocoBase has ended, and of Roster there is %+v", left)
	}
	if status := b.kept(`SELECT status FROM "userDataSyncTasks" WHERE "sourceId" = $1`, source); status != "failed" {
		b.Errorf("the task is %s", status)
	}
}

func answersCallbacks(b *bridge) {
	w := newWeCom(b.T, "ona")
	source := b.source("called", "wecom", w.options())
	b.wantTask(b.sync("called", source), "success", "user: 1 created")
	w.calls(b.T, b.server.URL("roster/callback/called"))
	w.hires(b.T, "pia")
	wait(b.T, "the user of whom the callback spoke", func() bool {
		users, err := b.server.Users(b.Context())
		b.must(err)
		return slices.ContainsFunc(users, func(u host.User) bool { return u.Nickname == "Person pia" })
	})
	answer, err := b.server.Anonymous().Call(b.Context(), http.MethodPost, "roster/callback/called?msg_signature=hush&timestamp=1&nonce=n", "text/xml", []byte("<xml><Encrypt>hush</Encrypt></xml>"))
	b.must(err)
	if answer.Status != http.StatusForbidden {
		b.Errorf("a callback of somebody else's is answered %d: %s", answer.Status, answer.Body)
	}
}

func feedsOthers(b *bridge) {
	out := b.TempDir()
	do(b.T, "testdata/ledger", "npm", "pack", "--silent", "--pack-destination", out)
	b.must(b.server.AddPlugin(b.Context(), packed(b.T, out), "@nocobase-roster/plugin-ledger"))
	h := newHR(b.T, person("nia"))
	source := b.source("fed", "http-pull", h.options())
	b.wantTask(b.sync("fed", source), "success", "user: 1 created")
	h.holds(strings.Replace(person("nia"), "Person nia", "Nia", 1))
	b.wantTask(b.sync("fed", source), "success", "user: 1 updated")
	ledger, err := os.ReadFile(filepath.Join(b.place.Storage, "ledger"))
	b.must(err)
	if diff := cmp.Diff("create fed nia Person nia\nupdate row-nia fed nia Nia\n", string(ledger)); diff != "" {
		b.Errorf("the ledger (-want +got):\n%s", diff)
	}
}

// left is a source whose task a killed NocoBase leaves behind.
const left = "left"

func isKilled(b *bridge) {
	h := newHR(b.T, person("oda"))
	b.source(left, "http-pull", h.options())
	h.silent()
	b.must(b.server.Pull(b.Context(), left))
	h.reached(b.T)
	kill(b.T, only(b.T, b.program()).parent, syscall.SIGKILL)
	b.must(b.server.Gone(b.Context()))
	wait(b.T, "no process of Roster", func() bool { return len(processesOf(b.T, b.program())) == 0 })
}

func mends(b *bridge) {
	sources, err := b.server.Sources(b.Context())
	b.must(err)
	for _, source := range sources {
		if source.Name == left {
			b.wantTask(b.ended(source.ID), "failed", "")
		}
	}
}
