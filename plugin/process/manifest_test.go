package process

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

func TestAManifestIsReadWhole(t *testing.T) {
	want := Manifest{
		Name: "ldif", Version: "1.2.3", Protocol: "1", Description: "d", Author: "a", Homepage: "h", Command: []string{"python3", "adapter.py"}, Env: []string{"HTTPS_PROXY"},
		SourceTypes: []plugin.SourceType{declared("ldif")}, Targets: []plugin.TargetInfo{{Name: "file", Accepts: []plugin.Type{plugin.User}, After: []string{"users"}}},
		I18n: map[string]map[string]string{"zh-CN": {"title": "目录"}}, Conform: json.RawMessage(`{"options":{}}`),
	}
	y := &yard{T: t, folder: t.TempDir()}
	y.write(ManifestFile, want)
	got, err := ReadManifest(y.folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadManifest() mismatch (-want +got):\n%s", diff)
	}
}

func TestAManifestSaysWhatIsWrongAndWhere(t *testing.T) {
	good, err := json.Marshal(manifest("x"))
	if err != nil {
		t.Fatal(err)
	}
	for path, change := range map[string]struct{ before, after string }{
		"/name":                        {`"name":"x","version"`, `"name":"../x","version"`},
		"/protocol":                    {`"protocol":"1"`, `"protocol":"2"`},
		"/command":                     {`"command":["`, `"command":["","`},
		"/env/0":                       {`"command"`, `"env":["ROSTER_SECRET_KEY"],"command"`},
		"/version":                     {`"version":"1"`, `"version":1`},
		"/sourceTypes/0/name":          {`"sourceTypes":[{"name":"x"`, `"sourceTypes":[{"name":"x y"`},
		"/sourceTypes/0/dataTypes/0":   {`["user"]`, `["people"]`},
		"/sourceTypes/0/dataTypes":     {`["user"]`, `[]`},
		"/sourceTypes/0/optionsSchema": {`"optionsSchema":{`, `"optionsSchema":[{}],"x":{`},
		"/targets/0/accepts":           {`"targets":null`, `"targets":[{"name":"t"}]`},
		"/targets/1/name":              {`"targets":null`, `"targets":[{"name":"t","accepts":["user"]},{"name":"t","accepts":["user"]}]`},
		"":                             {`{"name"`, `{"comand":[],"name"`},
	} {
		y := &yard{T: t, folder: t.TempDir()}
		text := strings.Replace(string(good), change.before, change.after, 1)
		if text == string(good) {
			t.Fatalf("%s: nothing was changed in %s", path, good)
		}
		y.write(ManifestFile, json.RawMessage(text))
		_, err := ReadManifest(y.folder)
		e, ok := errors.AsType[*plugin.Error](err)
		if path == "/sourceTypes/0/optionsSchema" {
			path, ok = "", ok && strings.Contains(err.Error(), `unknown field "x"`)
		}
		if !ok || e.Path != path || e.Hint == "" || !strings.Contains(err.Error(), filepath.Join(y.folder, ManifestFile)) {
			t.Errorf("ReadManifest() = %v, want an error at %q with the file and a hint", err, path)
		}
	}
}

func TestThereIsNoManifest(t *testing.T) {
	if _, err := ReadManifest(t.TempDir()); !errors.Is(err, os.ErrNotExist) || plugin.KindOf(err) != plugin.Config {
		t.Errorf("ReadManifest() = %v", err)
	}
}

// Only what programs need and what was asked for is passed on.
func TestTheEnvironmentIsCleared(t *testing.T) {
	ours := map[string]string{"PATH": "/bin", "HOME": "/h", "ROSTER_DB": "postgres://…", "AWS_SECRET": "s", "HTTPS_PROXY": "p"}
	got := environment(func(name string) (string, bool) { v, ok := ours[name]; return v, ok }, []string{"HTTPS_PROXY", "NO_PROXY"})
	if diff := cmp.Diff([]string{"PYTHONDONTWRITEBYTECODE=1", "PATH=/bin", "HOME=/h", "HTTPS_PROXY=p"}, got); diff != "" {
		t.Errorf("environment() mismatch (-want +got):\n%s", diff)
	}
}

func TestSecretsAreThoseOfTheSchema(t *testing.T) {
	schema := `{"properties":{"url":{},"auth":{"writeOnly":true,"properties":{"user":{}}},"list":{"items":{"properties":{"key":{"anyOf":[{"writeOnly":true}]}}}},"user":{}}}`
	options := `{"url":"http://a","auth":{"user":"ada","pass":"p q\"r"},"list":[{"key":"one\ntwo"},{"key":12345}],"user":"eve"}`
	var s secrets
	s.learn(plugin.SourceType{OptionsSchema: json.RawMessage(schema)}, json.RawMessage(options))
	for line, want := range map[string]string{
		"http://a eve": "http://a eve", "ada": "***", `p q"r`: "***", `p+q%22r`: "***", `"p q\"r"`: `"***"`, "two": "***", "id=12345;": "id=***;",
	} {
		if got := s.hide(line); got != want {
			t.Errorf("hide(%s) = %s, want %s", line, got, want)
		}
	}
	var all secrets
	all.learn(plugin.SourceType{}, json.RawMessage(options))
	if got := all.hide("http://a"); got != "***" {
		t.Errorf("without a schema hide(http://a) = %s, want all options hidden", got)
	}
}
