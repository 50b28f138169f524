package conform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/nocobase-roster/roster/plugin"
)

// pages is how many the source has, and perPage how many records a page.
const (
	pages   = 4
	perPage = 4
)

// people are what the source holds.
func people(fault string) []plugin.Record {
	var records []plugin.Record
	for i := range pages * perPage {
		uid := "u" + strconv.Itoa(i)
		records = append(records, plugin.Record{Type: plugin.User, UID: uid, Attrs: map[string]any{
			"nickname": "赵" + strconv.Itoa(i), "email": uid + "@example.com", "note": strings.Repeat(uid, 400),
		}})
	}
	if fault == "a record without a uid" {
		records[9].UID = ""
	}
	return records
}

type options struct{ Key, Mode string }

// A session is an open source.
type session struct {
	options options
	at      int // of the next record
	part    int // how many the last answer had, which was not acknowledged
	over    bool
	resumed bool
}

// A mark is a State: where to go on, after an answer with so many records.
type mark struct {
	Next, Part int
	Padding    string `json:",omitempty"`
}

func (a *adapter) open(p plugin.OpenParams) (any, error) {
	s := &session{}
	json.Unmarshal(p.Options, &s.options)
	switch {
	case a.has("cannot be opened"):
		return nil, &plugin.Error{Kind: plugin.Auth, Msg: "the door is shut", Hint: "try a window"}
	case a.has("a secret on stderr"):
		fmt.Fprintln(os.Stderr, "opening with", s.options.Key)
	case a.has("prints to stdout"):
		fmt.Println("opening a source")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	name := strconv.Itoa(a.last)
	a.sessions[name] = s
	return plugin.OpenResult{Session: name}, nil
}

// session gives an open one. The lock is held.
func (a *adapter) session(name string) (*session, error) {
	if s := a.sessions[name]; s != nil {
		return s, nil
	}
	return nil, &plugin.Error{Kind: plugin.NotFound, Path: "/session", Msg: "there is no such session", Hint: "open another"}
}

func (a *adapter) read(ctx context.Context, conn *jsonrpc2.Conn, p plugin.ReadParams) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.session(p.Session)
	switch {
	case err != nil:
		return nil, err
	case s.options.Mode == "bad" && !a.has("takes any options"):
		return nil, &plugin.Error{Kind: plugin.Auth, Msg: "the door is shut", Hint: a.hint()}
	case s.options.Mode == "stall":
		a.mu.Unlock()
		<-ctx.Done()
		a.mu.Lock()
		return nil, ctx.Err()
	case s.part > 0 && !a.has("runs ahead"):
		return nil, &plugin.Error{Kind: plugin.Conflict, Path: "/session", Msg: "the last page is not acknowledged"}
	}
	if s.at == 0 && s.part == 0 {
		conn.Notify(ctx, "$/log", a.log())
	}
	for _, other := range a.sessions {
		if a.has("one cursor for all") && s.at == 0 && other.part > 0 {
			s.at = other.at + other.part
		}
	}
	s.begin(a.fault, p.State)
	return a.next(s, p.MaxRecords)
}

func (a *adapter) log() map[string]string {
	switch a.fault {
	case "an address in a log":
		return map[string]string{"level": "info", "message": "reading u7@example.com"}
	case "a loud log":
		return map[string]string{"level": "loud", "message": "reading"}
	}
	return map[string]string{"level": "info", "message": "reading"}
}

func (a *adapter) hint() string {
	if a.has("no hints") {
		return ""
	}
	return "try a window"
}

// begin takes a session to where it reads on.
func (s *session) begin(fault string, state json.RawMessage) {
	s.at += s.part
	s.part = 0
	if s.over && fault != "reads once" {
		s.at, s.over = 0, false
	}
	var m mark
	if state != nil && json.Unmarshal(state, &m) == nil {
		s.at, s.resumed = m.Next, true
		switch {
		case fault == "skips a page when it goes on" && m.Part == perPage, fault == "skips the rest of a page" && m.Part < perPage:
			s.at = min(s.at+perPage, pages*perPage)
		}
	}
}

// next gives the next records.
func (a *adapter) next(s *session, most int) (any, error) {
	all, from := people(a.fault), s.at
	if s.options.Mode == "fault" && from >= 2*perPage {
		return a.fail(s)
	}
	if from >= len(all) {
		s.over = true
		return plugin.ReadResult{Pages: []plugin.UserData{}, Done: true, Complete: true, Counts: a.counts(s, all)}, nil
	}
	if most == 0 || most > perPage || a.has("gives more than it is asked for") {
		most = perPage
	}
	for ; ; most-- {
		r := a.page(all, from, most)
		text, _ := json.Marshal(r)
		if s.part = most; len(text)+100 > a.hostMax && most > 1 && !a.has("writes more than is read") {
			continue
		}
		if a.has("loses a record between parts") && most < perPage && from == 10 {
			s.part++
		}
		return r, nil
	}
}

func (a *adapter) page(all []plugin.Record, from, n int) plugin.ReadResult {
	m := mark{Next: from + n, Part: n}
	if a.has("a huge state") && a.hostMax > frameBytes {
		m.Padding = strings.Repeat("x", 70_000)
	}
	state, _ := json.Marshal(m)
	return plugin.ReadResult{Pages: plugin.Group(all[from:min(from+n, len(all))]), State: state}
}

func (a *adapter) counts(s *session, all []plugin.Record) map[plugin.Type]int {
	n := len(all)
	switch {
	case a.has("a record without a uid"):
		n--
	case a.has("counts one too many"):
		n++
	case a.has("counts from where it went on") && s.resumed:
		n = 1
	case a.has("does not count"):
		return nil
	}
	return map[plugin.Type]int{plugin.User: n}
}

// fail is what comes where the system fails in the middle.
func (a *adapter) fail(s *session) (any, error) {
	switch s.over = true; {
	case a.has("complete whatever happens"):
		return plugin.ReadResult{Pages: []plugin.UserData{}, Done: true, Complete: true}, nil
	case a.has("says nothing of a fault"):
		return plugin.ReadResult{Pages: []plugin.UserData{}, Done: true}, nil
	}
	return nil, &plugin.Error{Kind: plugin.Transient, Msg: "the system does not answer", Hint: "try again later"}
}

func (a *adapter) ack(p plugin.SessionParams) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.session(p.Session)
	switch {
	case err != nil:
		return nil, err
	case s.part == 0 && !a.has("acknowledges nothing"):
		return nil, &plugin.Error{Kind: plugin.Conflict, Path: "/session", Msg: "there is nothing to acknowledge"}
	}
	s.at, s.part = s.at+s.part, 0
	return nil, nil
}

func (a *adapter) close(p plugin.SessionParams) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.session(p.Session)
	switch {
	case err != nil:
		return nil, err
	case a.has("does not close in the middle") && !s.over && s.at+s.part > 0:
		return nil, &plugin.Error{Kind: plugin.Conflict, Msg: "it is being read"}
	case !a.has("never closes"):
		delete(a.sessions, p.Session)
	}
	return nil, nil
}

func (a *adapter) check(p plugin.SessionParams) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.session(p.Session)
	if err != nil {
		return nil, err
	}
	ok := s.options.Mode != "bad" || a.has("takes any options")
	c := plugin.CheckResult{Steps: []plugin.Step{{Name: "door", OK: ok, Message: "it was tried"}}, Sample: plugin.Group(people("")[:3])}
	if !ok {
		c.Steps[0].Hint = a.hint()
	}
	switch a.fault {
	case "always a fault":
		c.Steps[0].OK = false
	case "a sample of its own":
		c.Sample = plugin.Group([]plugin.Record{{Type: plugin.User, UID: "u1"}})
	}
	return c, nil
}

func (a *adapter) lookup(p plugin.LookupParams) (any, error) {
	r := plugin.LookupResult{Gone: []plugin.Ref{}, Hidden: []plugin.Ref{}}
	var found []plugin.Record
	all := people("")
	for _, ref := range p.Refs {
		i := slices.IndexFunc(all, func(r plugin.Record) bool { return r.Ref() == ref })
		switch {
		case i >= 0:
			found = append(found, all[i])
		case !a.has("says nothing of who never was"):
			r.Gone = append(r.Gone, ref)
		}
	}
	if a.has("looks up somebody else") {
		found = append(found, all[5])
	}
	r.Found = plugin.Group(found)
	return r, nil
}

func (a *adapter) webhook(plugin.WebhookParams) (any, error) {
	if a.has("welcomes everybody") {
		return plugin.NewWebhookResult(plugin.Answer{}, []plugin.Event{{All: true}}), nil
	}
	return plugin.NewWebhookResult(plugin.Answer{Status: http.StatusForbidden}, nil), nil
}
