package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
)

func TestCheckNamesTheStepThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		options func(*hr, object)
		want    []string
	}{
		"all is well": {
			func(*hr, object) {},
			[]string{
				"connect ok", "auth ok", "departments ok: 2 records were looked at", "users ok: 2 records were looked at",
				"mapping ok: departments: parentUid: 1 of 2, title: 2 of 2; users: departments: 2 of 2, email: 2 of 2, nickname: 2 of 2",
			},
		},
		"nobody answers": {
			func(_ *hr, o object) { o["departments"].(object)["url"] = "http://127.0.0.1:1/departments" },
			[]string{"connect failed: ask http://127.0.0.1:1/departments"},
		},
		"a wrong token": {
			func(_ *hr, o object) { o["auth"].(object)["token"] = "guess" },
			[]string{"connect ok", "auth failed: ask"},
		},
		"a wrong path": {
			func(_ *hr, o object) { o["users"].(object)["records"] = "rows" },
			[]string{"connect ok", "auth ok", "departments ok", "users failed: read the answer of"},
		},
		"a misspelt field": {
			func(_ *hr, o object) { o["users"].(object)["fields"].(object)["email"] = "e-mail" },
			[]string{"connect ok", "auth ok", "departments ok", "users ok", "mapping failed: departments: parentUid: 1 of 2, title: 2 of 2; users: departments: 2 of 2, email: 0 of 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newHR(t, "page")
			source, err := open(s.options(func(o object) { c.options(s, o) }), zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { source.(interface{ Close() error }).Close() })
			checked, err := source.(plugin.Checker).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, step := range checked.Steps {
				word := map[bool]string{true: "ok", false: "failed"}[step.OK]
				line := fmt.Sprintf("%s %s: %s", step.Name, word, step.Message)
				if i < len(c.want) && strings.HasPrefix(line, c.want[i]) {
					line = c.want[i]
				}
				got = append(got, line)
				if !step.OK && step.Hint == "" {
					t.Errorf("step %s failed without a hint", step.Name)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Check() mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyTheSystemItselfSaysThatSomebodyIsGone(t *testing.T) {
	const list = `[{"id":"ada"}]`
	ben := plugin.Ref{Type: plugin.User, UID: "ben/é?"}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		lookup string // path of the address of one; empty: there is none
		verdict
	}{
		"404": {status(404), "/one/{uid}", gone},
		"410": {status(410), "/one/{uid}", gone},
		"404 of a proxy": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(404)
		}, "/one/{uid}", hidden},
		"403":                         {status(403), "/one/{uid}", hidden},
		"401":                         {status(401), "/one/{uid}", refused},
		"503":                         {status(503), "/one/{uid}", refused},
		"somebody else":               {text(`{"id":"ada"}`), "/one/{uid}", hidden},
		"null":                        {text(`null`), "/one/{uid}", hidden},
		"an empty search":             {text(`[]`), "/find?id={uid}", gone},
		"found":                       {text(`{"id":"ben/é?"}`), "/one/{uid}", found},
		"found by a search":           {text(`[{"id":"eve"},{"id":"ben/é?"}]`), "/find?id={uid}", found},
		"not in the list":             {text(list), "", gone},
		"not in a list that may lack": {text(`[{"id":"ada"},{"name":"?"}]`), "", hidden},
		"in the list":                 {text(`[{"id":"ada"},{"id":"ben/é?"}]`), "", found},
	} {
		t.Run(name, func(t *testing.T) {
			options := handle(t, func(w http.ResponseWriter, r *http.Request) {
				if id := r.URL.Query().Get("id"); c.lookup != "" && r.URL.Path != "/one/"+ben.UID && id != ben.UID {
					t.Errorf("it asked for %s", r.URL)
				}
				c.answer(w, r)
			})
			if c.lookup != "" {
				address := strings.TrimSuffix(options["users"].(object)["url"].(string), "/users")
				users(options, object{"lookup": address + c.lookup})
			}
			source, err := open(options, zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { source.(interface{ Close() error }).Close() })
			came := 0
			reading, err := source.Read(t.Context(), plugin.Request{Only: []plugin.Ref{ben}}, func(p plugin.Page) error { came += len(p.Records); return nil })
			got := verdict{came, len(reading.Gone), len(reading.Hidden), err != nil}
			if err != nil && strings.Contains(err.Error(), "ben") {
				t.Errorf("Read() = %v, which names whom it looked for", err)
			}
			if got != c.verdict || reading.Complete {
				t.Errorf("Read() = %+v (%v), want %+v", got, err, c.verdict)
			}
		})
	}
}

// A verdict is what a look-up of one came to.
type verdict struct {
	found, gone, hidden int
	failed              bool
}

var (
	found   = verdict{found: 1}
	gone    = verdict{gone: 1}
	hidden  = verdict{hidden: 1}
	refused = verdict{failed: true}
)
