//go:build nocobase

package examples_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// An export is a file of 2,100 people in 20 departments below Sales.
type export struct {
	path    string
	records []plugin.Record
}

func newExport(t plugintest.T) *export {
	t.Helper()
	e := &export{path: filepath.Join(newFolder(t), "people.csv")}
	e.records = []plugin.Record{{Type: plugin.Department, UID: "Sales", Attrs: map[string]any{"title": "Sales"}}}
	for i := range 20 {
		uid, title := fmt.Sprintf("Sales/Team %d", i), fmt.Sprintf("Team %d", i)
		e.records = append(e.records, plugin.Record{Type: plugin.Department, UID: uid, Attrs: map[string]any{"title": title, "parentUid": "Sales"}})
	}
	for i := range 2100 {
		uid := fmt.Sprint(1000 + i)
		e.records = append(e.records, plugin.Record{Type: plugin.User, UID: uid, Attrs: map[string]any{
			"nickname": "Person, \"" + uid + "\"", "email": nil, "departments": []any{fmt.Sprintf("Sales/Team %d", i%20)},
		}})
	}
	e.write(t)
	return e
}

func (e *export) write(t plugintest.T) {
	t.Helper()
	file, err := os.Create(e.path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer file.Close()
	w := csv.NewWriter(file)
	w.Write([]string{"\ufeffNo", "Name", "Mail", "Department"})
	for _, r := range e.records {
		if r.Type == plugin.User {
			w.Write([]string{r.UID, r.Attrs["nickname"].(string), "", r.Attrs["departments"].([]any)[0].(string)})
		}
	}
	w.Flush()
}

func (e *export) options() map[string]any {
	return map[string]any{
		"file": e.path, "departments": "Department",
		"columns": map[string]string{"uid": "No", "nickname": "Name", "email": "Mail"},
	}
}

func (e *export) system(t plugintest.T, folder string) plugintest.System {
	return plugintest.System{
		Type: manifestOf(t, folder).SourceTypes[0], Holds: e.records,
		Open: func(log *zap.Logger) (plugin.Source, error) { return source(t, log, folder, e.options()) },
		Remove: func(ref plugin.Ref) {
			for i, r := range e.records {
				if r.Ref() == ref {
					e.records = append(e.records[:i:i], e.records[i+1:]...)
				}
			}
			e.write(t)
		},
	}
}

func TestTheCSVSourceKeepsAllPromises(t *testing.T) {
	t.Parallel()
	agrees(t, "csv")
	plugintest.TestSource(t, func(t plugintest.T) plugintest.System { return newExport(t).system(t, "csv") })
}

func TestTheCSVSourceReadsItsExample(t *testing.T) {
	text, err := os.ReadFile("csv/options.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := source(t, zap.NewNop(), "csv", json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	titles, people := 0, map[string]plugin.Record{}
	reading, err := s.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
		for _, r := range p.Records {
			if r.Type == plugin.Department {
				titles++
			} else {
				people[r.UID] = r
			}
		}
		return nil
	})
	if err != nil || !reading.Complete || titles != 8 || len(people) != 9 {
		t.Fatalf("Read() = %+v, %v: %d departments and %d people", reading, err, titles, len(people))
	}
	want := map[string]any{"nickname": `Åsa "Bibi" Lindqvist`, "email": "asa.lindqvist@example.com", "phone": nil, "departments": []any{"Technik"}}
	if diff := cmp.Diff(want, people["1006"].Attrs); diff != "" {
		t.Errorf("1006 mismatch (-want +got):\n%s", diff)
	}
}

func TestTheCSVSourceSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, e *export, options map[string]any)
		kind   plugin.Kind
		path   string
	}{
		"no file": {func(_ *testing.T, _ *export, o map[string]any) { o["file"] = "nowhere.csv" }, plugin.Config, "/options/file"},
		"no such column": {func(_ *testing.T, _ *export, o map[string]any) {
			o["columns"] = map[string]string{"uid": "No", "email": "Post"}
		}, plugin.Config, "/options/columns/email"},
		"a row without a key": {func(t *testing.T, e *export, _ map[string]any) {
			e.records[len(e.records)-1].UID = ""
			e.write(t)
		}, plugin.Data, "uid"},
		"a file that was cut off": {func(t *testing.T, e *export, _ map[string]any) {
			if err := os.WriteFile(e.path, []byte("No,Name,Mail,Department\n1,\"Ad"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, plugin.Data, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExport(t)
			options := e.options()
			c.change(t, e, options)
			s, err := source(t, zap.NewNop(), "csv", options)
			if err == nil {
				_, err = s.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
			}
			if kind, path := kindOf(t, err); kind != c.kind || path != c.path {
				t.Errorf("the error is %v at %q, want %s at %q", err, path, c.kind, c.path)
			}
		})
	}
}
