//go:build nocobase

package examples_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

const hookKey = "open sesame"

// A hook keeps what it is told, and is out of order as often as faults says.
type hook struct {
	mu     sync.Mutex // guards what follows
	rows   map[string]plugin.Record
	faults int
	status int // that it answers with when it is
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(hookKey))
	mac.Write(body)
	if r.Header.Get("X-Signature") != hex.EncodeToString(mac.Sum(nil)) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if h.faults != 0 {
		h.faults--
		w.WriteHeader(h.status)
		return
	}
	var c struct {
		Op       plugin.Op
		DataType plugin.Type
		UID      string
		Rows     []string
		Record   plugin.Record
	}
	if json.Unmarshal(body, &c) != nil || c.Record.Attrs["refused"] != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	c.Record.Type, c.Record.UID = c.DataType, c.UID
	row := string(c.DataType) + " " + c.UID
	if c.Op == plugin.Delete {
		delete(h.rows, row)
	} else {
		h.rows[row] = c.Record
	}
	json.NewEncoder(w).Encode(map[string]any{"rows": []string{row}})
}

func (h *hook) holds() []plugin.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []plugin.Record
	for _, r := range h.rows {
		all = append(all, r)
	}
	return slices.Clip(all)
}

// shelf starts a hook and the target that tells it.
func (h *hook) shelf(t plugintest.T, adapter string) plugintest.Shelf {
	t.Helper()
	h.rows = map[string]plugin.Record{}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	info := manifestOf(t, adapter).Targets[0]
	p := start(t, zap.NewNop(), adapter, "HOOK_URL="+server.URL, "HOOK_KEY="+hookKey)
	return plugintest.Shelf{
		Info: info, Target: plugin.Peer{Caller: p}.Target(info.Name, true, false),
		Records: people("ada", "ben", "eve"), Holds: h.holds,
		Refused: &plugin.Record{Type: plugin.User, UID: "u9", Attrs: map[string]any{"refused": true}},
	}
}

func TestTheWebhookTargetKeepsAllPromises(t *testing.T) {
	t.Parallel()
	agrees(t, "webhook")
	plugintest.TestTarget(t, func(t plugintest.T) plugintest.Shelf { return new(hook).shelf(t, "webhook") })
}

func TestAWebhookThatFailsIsSaidToRoster(t *testing.T) {
	for status, want := range map[int]plugin.Kind{
		http.StatusBadGateway: plugin.Transient, http.StatusForbidden: plugin.Auth, http.StatusConflict: plugin.Conflict, http.StatusGone: plugin.Data,
	} {
		h := &hook{faults: -1, status: status}
		shelf := h.shelf(t, "webhook")
		outcomes, err := shelf.Target.Apply(t.Context(), []plugin.Change{{Key: "1", Op: plugin.Create, Record: shelf.Records[0]}})
		if err != nil {
			t.Fatal(err)
		}
		if kind, _ := kindOf(t, outcomes[0].Err); kind != want {
			t.Errorf("the hook answers %d: %v, want an error of kind %s", status, outcomes[0].Err, want)
		}
	}
}

func TestAWebhookThatFailsOnceIsToldAgain(t *testing.T) {
	h := &hook{faults: 1, status: http.StatusServiceUnavailable}
	shelf := h.shelf(t, "webhook")
	outcomes, err := shelf.Target.Apply(t.Context(), []plugin.Change{{Key: "1", Op: plugin.Create, Record: shelf.Records[0]}})
	if err != nil || outcomes[0].Err != nil || len(h.holds()) != 1 {
		t.Errorf("Apply() = %+v, %v, and %d are held", outcomes, err, len(h.holds()))
	}
}
