package process

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// taking is an adapter with one target that knows these methods of target/*.
func taking(version string, methods ...string) func(in io.Reader, out, stderr io.Writer) int {
	answers := map[string]string{
		"initialize":               `{"protocolVersion":"` + version + `"}`,
		"registry/listSourceTypes": `{"types":[]}`,
		"registry/listTargets":     `{"targets":[{"name":"crm","accepts":["user"]}]}`,
		"shutdown":                 `null`,
	}
	for _, m := range methods {
		answers[m] = map[string]string{"target/apply": `{"outcomes":[{"key":"1"},{"key":"2"}]}`, "target/create": `[{"resourcePk":"a","isDeleted":false}]`}[m]
	}
	return func(in io.Reader, out, _ io.Writer) int {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			var q asked
			json.Unmarshal(lines.Bytes(), &q)
			result, known := answers[q.Method]
			switch {
			case q.ID == nil:
			case known:
				fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", q.ID, result)
			default:
				fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`+"\n", q.ID)
			}
		}
		return 0
	}
}

// Which methods there are is not concluded from an adapter that could not even be
// greeted: once it is mended, it is written to as it wants to be.
func TestATargetIsWrittenToAsItWants(t *testing.T) {
	changes := []plugin.Change{{Key: "1", Op: plugin.Create, Record: plugin.Record{Type: plugin.User, UID: "1"}}, {Key: "2", Op: plugin.Create, Record: plugin.Record{Type: plugin.User, UID: "2"}}}
	for _, method := range []string{"target/apply", "target/create"} {
		synctest.Test(t, func(t *testing.T) {
			m := Manifest{Name: "crm", Targets: []plugin.TargetInfo{{Name: "crm", Accepts: []plugin.Type{plugin.User}}}}
			p := newProcess(Found{Manifest: m}, Options{Log: zap.NewNop()})
			defer p.Close()
			crm := newTarget(plugin.Peer{Caller: p}, "crm")
			p.launch = piped(taking("2"))
			if outcomes, err := crm.Apply(t.Context(), changes); len(outcomes) > 0 || plugin.KindOf(err) != plugin.Unsupported || !strings.Contains(err.Error(), "speaks version") {
				t.Errorf("Apply() = %v, %v; want that it cannot be spoken with", outcomes, err)
			}
			time.Sleep(crashWindow)
			p.launch = piped(taking("1", method))
			outcomes, err := crm.Apply(t.Context(), changes)
			if err != nil || len(outcomes) != 2 || outcomes[0].Err != nil || outcomes[1].Err != nil {
				t.Errorf("Apply() = %v, %v of who has %s", outcomes, err, method)
			}
		})
	}
}

// A target in Python dies after it has written half of what it was given, and
// before it has said so. In the end it has everything, and nothing twice.
func TestATargetThatDiesInTheMiddleGetsEverythingOnce(t *testing.T) {
	script, err := filepath.Abs(filepath.Join("testdata", "ledger.py"))
	if err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{"sqlite": schematest.SQLite(t), "postgres": schematest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := &yard{T: t, folder: t.TempDir()}
			ledger := filepath.Join(t.TempDir(), "ledger")
			y.write("ledger/plugin.json", Manifest{
				Name: "ledger", Version: "1", Protocol: "1", Command: []string{"python3", script, ledger},
				Targets: []plugin.TargetInfo{{Name: "ledger", Accepts: []plugin.Type{plugin.User}, After: []string{}, Before: []string{}}},
			})
			y.enter()
			db := schematest.Open(t, url)
			if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
				t.Fatal(err)
			}
			e := engine.New(db, targets.All(db), zap.NewNop())
			e.SetAdapters(y.registry)
			var want []string
			var people []json.RawMessage
			for i := range 40 {
				want = append(want, fmt.Sprintf("u%02d", i))
				people = append(people, fmt.Appendf(nil, `{"uid":"u%02d","nickname":"N"}`, i))
			}
			push := engine.Push{Source: "hr", Bodies: sequence(engine.Body{DataType: "user", Records: sequence(people...)})}
			if _, err := e.Push(t.Context(), push, nil); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			var working sync.WaitGroup
			working.Go(func() { e.Work(ctx) })
			for left, tick := 1, time.Tick(50*time.Millisecond); left > 0; <-tick { // the engine tells nobody that all is delivered
				if err := db.On(db).Get(t.Context(), &left, `SELECT count(*) FROM {outbox}`); err != nil {
					t.Fatal(err)
				}
			}
			stop()
			working.Wait()
			text, err := os.ReadFile(ledger)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, strings.Fields(string(text))); diff != "" {
				t.Errorf("the ledger mismatch (-want +got):\n%s", diff)
			}
			if s := y.kept.Status("ledger"); s.Crashes != 1 || s.Starts != 2 {
				t.Errorf("the process was started %d times and died %d times", s.Starts, s.Crashes)
			}
		})
	}
}

// sequence gives values as the engine takes them.
func sequence[V any](values ...V) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}
