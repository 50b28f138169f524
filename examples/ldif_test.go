package examples_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/examples/ldif"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// build puts a program made of a folder of Go, and its manifest, into a folder of
// its own.
func build(t *testing.T, source, program string) string {
	t.Helper()
	folder := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, program), "./"+source).CombinedOutput()
	if err != nil {
		t.Fatalf("build %s: %v\n%s", source, err, out)
	}
	text, err := exec.CommandContext(t.Context(), filepath.Join(folder, program), "manifest").Output()
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "plugin.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// A tree is a directory in a file: 20 units and 2,100 people.
type tree struct {
	path    string
	records []plugin.Record
}

func newTree(t plugintest.T) *tree {
	t.Helper()
	d := &tree{path: filepath.Join(newFolder(t), "people.ldif")}
	for i := range 20 {
		d.records = append(d.records, plugin.Record{Type: plugin.Department, UID: fmt.Sprintf("unit-%d", i), Attrs: map[string]any{"title": fmt.Sprintf("Unit %d", i)}})
	}
	for i := range 2100 {
		d.records = append(d.records, plugin.Record{Type: plugin.User, UID: fmt.Sprintf("person-%d", i), Attrs: map[string]any{
			"nickname": fmt.Sprintf("Jürgen %d", i), "departments": []any{fmt.Sprintf("unit-%d", i%20)},
		}})
	}
	d.write(t)
	return d
}

func (d *tree) write(t plugintest.T) {
	t.Helper()
	var b bytes.Buffer
	for _, r := range d.records {
		if r.Type == plugin.Department {
			fmt.Fprintf(&b, "dn: ou=%s,dc=example\nobjectClass: organizationalUnit\nou: %s\nentryUUID: %s\n\n", r.UID, r.Attrs["title"], r.UID)
			continue
		}
		name := base64.StdEncoding.EncodeToString([]byte(r.Attrs["nickname"].(string)))
		fmt.Fprintf(&b, "dn: cn=%s,ou=%s,dc=example\nobjectClass: inetOrgPerson\ncn:: %s\n %s\nentryUUID: %s\n\n",
			r.UID, r.Attrs["departments"].([]any)[0], name[:5], name[5:], r.UID)
	}
	if err := os.WriteFile(d.path, b.Bytes(), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
}

func (d *tree) system(t plugintest.T, open func(options any, log *zap.Logger) (plugin.Source, error)) plugintest.System {
	return plugintest.System{
		Type: ldif.Driver().Type, Holds: d.records,
		Open: func(log *zap.Logger) (plugin.Source, error) { return open(map[string]string{"file": d.path}, log) },
		Remove: func(ref plugin.Ref) {
			for i, r := range d.records {
				if r.Ref() == ref {
					d.records = append(d.records[:i:i], d.records[i+1:]...)
				}
			}
			d.write(t)
		},
	}
}

func inProcess(options any, log *zap.Logger) (plugin.Source, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	return ldif.Driver().Open(context.Background(), plugin.Setup{Name: "ldif", Options: text, Log: log})
}

func TestTheLDIFSourceKeepsAllPromises(t *testing.T) {
	t.Parallel()
	t.Run("in process", func(t *testing.T) {
		plugintest.TestSource(t, func(t plugintest.T) plugintest.System { return newTree(t).system(t, inProcess) })
	})
	t.Run("as a process", func(t *testing.T) {
		folder := build(t, "ldif/cmd", "ldif")
		agrees(t, folder)
		if diff := cmp.Diff(manifestOf(t, "ldif"), manifestOf(t, folder)); diff != "" {
			t.Errorf("ldif/plugin.json is not what the program prints (-there +printed):\n%s", diff)
		}
		plugintest.TestSource(t, func(t plugintest.T) plugintest.System {
			return newTree(t).system(t, func(options any, log *zap.Logger) (plugin.Source, error) { return source(t, log, folder, options) })
		})
	})
}

func TestTheLDIFSourceReadsItsExample(t *testing.T) {
	s, err := inProcess(map[string]string{"file": "ldif/people.ldif"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	var got []plugin.Record
	reading, err := s.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { got = append(got, p.Records...); return nil })
	if err != nil || !reading.Complete {
		t.Fatalf("Read() = %+v, %v", reading, err)
	}
	uid := func(n string) string { return "5f1b3a0e-2b6b-4c61-9a39-0000000000" + n }
	want := []plugin.Record{
		{Type: plugin.Department, UID: uid("01"), Attrs: map[string]any{"title": "Research"}},
		{Type: plugin.Department, UID: uid("02"), Attrs: map[string]any{"title": "Optik und Laser", "parentUid": uid("01")}},
		{Type: plugin.User, UID: uid("11"), Attrs: map[string]any{
			"nickname": "Ada Hopper", "username": "ahopper", "email": "ada.hopper@example.com", "phone": "+44 20 5550 1001", "departments": []any{uid("01")},
		}},
		{Type: plugin.User, UID: uid("12"), Attrs: map[string]any{
			"nickname": "Jürgen Weiß", "username": "jweiss", "email": "juergen.weiss@example.com", "departments": []any{uid("02")},
		}},
		{Type: plugin.User, UID: uid("13"), Attrs: map[string]any{"nickname": "赵思远", "username": "zhao", "departments": []any{uid("02")}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read() mismatch (-want +got):\n%s", diff)
	}
}

func TestTheLDIFSourceSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		kind plugin.Kind
	}{
		"no file":              {"", plugin.Config},
		"changes, not content": {"dn: cn=a\nchangetype: delete\n", plugin.Data},
		"an attribute of none": {"mail: a@example.com\n", plugin.Data},
		"a value that is cut":  {"dn:: Y249Yg=\n", plugin.Data},
		"what is no LDIF":      {"<html>\n", plugin.Data},
		"a file that is cut":   {"dn: cn=a\nobjectClass: per", plugin.Data},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "people.ldif")
			if c.text != "" {
				if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := inProcess(map[string]string{"file": path}, zap.NewNop())
			if err == nil {
				_, err = s.Read(t.Context(), plugin.Request{}, func(plugin.Page) error { return nil })
			}
			if kind, at := kindOf(t, err); kind != c.kind || at != "/options/file" {
				t.Errorf("Read() = %v at %s, want an error of kind %s", err, at, c.kind)
			}
		})
	}
}

func TestTheLDIFSourceFindsUnitsWhereverTheyStand(t *testing.T) {
	for name, text := range map[string]string{
		"behind who is in them":    "dn: cn=Ada,ou=Sales\nobjectClass: person\n\ndn: ou=Sales\nobjectClass: organizationalUnit\n",
		"above a name with commas": "dn: ou=Sales\nobjectClass: organizationalUnit\n\ndn: cn=Hopper\\, Ada, ou=Sales\nobjectClass: person\n",
		"above what is no unit":    "dn: ou=Sales\nobjectClass: organizationalUnit\n\ndn: cn=Ada,cn=People,ou=Sales\nobjectClass: person\n",
	} {
		path := filepath.Join(t.TempDir(), "people.ldif")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := inProcess(map[string]string{"file": path}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		var got any
		_, err = s.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error {
			for _, r := range p.Records {
				if r.Type == plugin.User {
					got = r.Attrs["departments"]
				}
			}
			return nil
		})
		if diff := cmp.Diff(any([]any{"ou=sales"}), got); diff != "" || err != nil {
			t.Errorf("%s: departments mismatch (-want +got):\n%s%v", name, diff, err)
		}
	}
}

// Active Directory names people by 16 bytes.
func TestTheLDIFSourceKeepsWhatIsNoTextAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.ldif")
	if err := os.WriteFile(path, []byte("dn: cn=Ada\nobjectClass: person\nobjectGUID:: /+8AAQIDBAUGBwgJCgsMDQ==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := inProcess(map[string]string{"file": path}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	var got []plugin.Record
	_, err = s.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { got = append(got, p.Records...); return nil })
	if err != nil || len(got) != 1 || got[0].UID != "/+8AAQIDBAUGBwgJCgsMDQ==" {
		t.Errorf("Read() = %+v, %v", got, err)
	}
}
