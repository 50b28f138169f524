//go:build nocobase

package nocobase_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// An hr is an HR system with an API. It may be told to keep silent, or to fail.
type hr struct {
	*httptest.Server
	token string

	mu     sync.Mutex // guards what follows
	people []string
	status int           // of its answers; 0 is 200
	gate   chan struct{} // nil, or answers wait until it is closed
	asked  chan struct{} // gets one for each answer that waits
	calls  int
}

func newHR(t *testing.T, people ...string) *hr {
	t.Helper()
	h := &hr{token: "tok-" + strings.ReplaceAll(t.Name(), "/", "-"), people: people, asked: make(chan struct{}, 100)}
	h.Server = httptest.NewServer(h)
	t.Cleanup(func() {
		h.speak()
		h.Close()
	})
	return h
}

// ServeHTTP answers /teams and /people.
func (h *hr) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.calls++
	gate, status, people := h.gate, h.status, h.people
	h.mu.Unlock()
	if gate != nil {
		h.asked <- struct{}{}
		<-gate
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+h.token:
		w.WriteHeader(http.StatusUnauthorized)
	case status != 0:
		w.WriteHeader(status)
	case r.URL.Path == "/teams":
		fmt.Fprint(w, `[{"id":"sales","name":"Sales"},{"id":"field","name":"Field sales","parent":"sales"}]`)
	default:
		fmt.Fprint(w, "["+strings.Join(people, ",")+"]")
	}
}

// holds changes who is there.
func (h *hr) holds(people ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people = people
}

// fails has it answer with a status; 0 ends that.
func (h *hr) fails(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// silent has answers wait, until speak.
func (h *hr) silent() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gate = make(chan struct{})
}

func (h *hr) speak() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gate != nil {
		close(h.gate)
		h.gate = nil
	}
}

// reached waits until it is asked while it is silent.
func (h *hr) reached(t *testing.T) {
	t.Helper()
	select {
	case <-h.asked:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody asks the HR system")
	}
}

// count is how often it was called.
func (h *hr) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

// options are those of an http-pull source that reads it.
func (h *hr) options() host.Values {
	return host.Values{
		"departments": host.Values{"url": h.URL + "/teams", "fields": host.Values{"uid": "id", "title": "name", "parentUid": "parent"}},
		"users":       host.Values{"url": h.URL + "/people", "departments": host.Values{"path": "teams"}},
		"auth":        host.Values{"type": "bearer", "token": h.token},
		"retries":     0,
	}
}

// person is somebody in the sales team.
func person(uid string) string {
	return fmt.Sprintf(`{"uid":%q,"username":%q,"nickname":"Person %s","email":"%s@example.com","teams":["sales"]}`, uid, uid, uid, uid)
}
