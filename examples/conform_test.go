package examples_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/nocobase-roster/roster/conform"
)

// conforms has the adapter in folder checked as roster conform does; more says
// what its manifest does not.
func conforms(t *testing.T, folder string, more func(*conform.Adapter)) {
	t.Helper()
	var a conform.Adapter
	if err := a.ReadManifest(filepath.Join(folder, "plugin.json")); err != nil {
		t.Fatal(err)
	}
	if more != nil {
		more(&a)
	}
	subject, err := conform.Meet(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for r := range subject.Run(t.Context()) {
		switch r.Verdict {
		case conform.Failed:
			t.Errorf("%s: %s: %q", r.Group, r.Name, r.Faults)
		case conform.Skipped:
			t.Logf("%s: %s: skipped, %s", r.Group, r.Name, r.Missing)
		case conform.Passed:
			passed++
		}
	}
	if passed < 20 {
		t.Errorf("%d checks were passed, want more to be told", passed)
	}
}

func TestExamplesConform(t *testing.T) {
	t.Parallel()
	t.Run("gitlab", func(t *testing.T) {
		t.Parallel()
		g := newGitlab(t)
		conforms(t, "gitlab", func(a *conform.Adapter) {
			with := func(name, value string) json.RawMessage {
				options := g.options()
				options[name] = value
				text, _ := json.Marshal(options) // text can be written
				return text
			}
			a.Options, a.BadOptions = with("group", "acme/staff"), with("token", "guess")
			a.FaultOptions, a.StallOptions = with("group", "breaks"), with("group", "hangs")
		})
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		conforms(t, "file", func(a *conform.Adapter) {
			a.Target, a.Env = "members-file", append(a.Env, "MEMBERS_FILE="+filepath.Join(t.TempDir(), "members.json"))
		})
	})
	t.Run("ldif", func(t *testing.T) {
		t.Parallel()
		folder, tree := build(t, "ldif/cmd", "ldif"), newTree(t)
		conforms(t, folder, func(a *conform.Adapter) {
			a.Options, _ = json.Marshal(map[string]string{"file": tree.path})
			a.BadOptions = json.RawMessage(`{"file": ""}`)
		})
	})
}
