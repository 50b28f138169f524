package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sdk"
)

// in runs roster in a folder and gives what came of it.
func in(t *testing.T, folder string, args ...string) ended {
	t.Helper()
	cmd := roster(t.Context(), "", args...)
	if !filepath.IsAbs(cmd.Path) {
		path, err := filepath.Abs(cmd.Path)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path = path
	}
	cmd.Dir = folder
	return finish(t, cmd)
}

func TestPluginNewMakesAFolder(t *testing.T) {
	for language, want := range map[string][]string{
		"python": {"README.md", "adapter.py", "options.json", "people.json", "plugin.json", "roster.py"},
		"node":   {"README.md", "adapter.mjs", "options.json", "people.json", "plugin.json", "roster.mjs"},
		"go":     {"README.md", "go.mod", "main.go", "options.json", "people.go", "people.json", "plugin.json", "schema.json"},
	} {
		folder := t.TempDir()
		if got := in(t, folder, "plugin", "new", "--lang", language, "acme-hr"); got.code != exitDone || !strings.HasPrefix(got.stdout, "acme-hr is a source in "+language) {
			t.Fatalf("plugin new: %+v", got)
		}
		if diff := cmp.Diff(want, listed(t, filepath.Join(folder, "acme-hr"))); diff != "" {
			t.Errorf("%s: files mismatch (-want +got):\n%s", language, diff)
		}
	}
}

func TestPluginNewGivesTheFileToCopy(t *testing.T) {
	folder := t.TempDir()
	in(t, folder, "plugin", "new", "--lang", "python", "--target", "door")
	got, err := os.ReadFile(filepath.Join(folder, "door", "roster.py"))
	if err != nil || string(got) != sdk.Python() {
		t.Errorf("roster.py is not the original: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "door", "adapter.py"))
	if err != nil || !strings.Contains(string(text), `targets={"door": Rows()}`) {
		t.Errorf("adapter.py is not that of the target door: %v", err)
	}
}

func TestPluginNewRefuses(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no name":                {[]string{"--lang", "go"}, exitUsage, "give a name"},
		"no language":            {[]string{"acme"}, exitUsage, "--lang"},
		"another language":       {[]string{"--lang", "cobol", "acme"}, exitFailed, "go, node, python"},
		"a name that is none":    {[]string{"--lang", "go", "../acme"}, exitFailed, "no name for an adapter"},
		"a folder that is there": {[]string{"--lang", "go", "there"}, exitFailed, "choose another name"},
	} {
		t.Run(name, func(t *testing.T) {
			got := in(t, folder, append([]string{"plugin", "new"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) {
				t.Errorf("plugin new %v: %+v, want code %d and %q", c.args, got, c.code, c.says)
			}
		})
	}
	if diff := cmp.Diff([]string{"there"}, listed(t, folder)); diff != "" {
		t.Errorf("what was refused left something behind (-want +got):\n%s", diff)
	}
}

func listed(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
