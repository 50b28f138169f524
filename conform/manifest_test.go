package conform_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/plugin"
)

// folder has an adapter with a manifest.
func folder(t *testing.T, manifest string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"plugin.json": manifest, "adapter.py": "# nothing"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const acme = `{"protocol":"1","command":["python3","adapter.py"],"env":["ACME_PROXY","ACME_UNSET"],"conform":{
	"type":"acme","options":{"file":"good"},"badOptions":{"file":"bad"},"target":"shelf","records":[{"dataType":"user","records":[{"uid":"1"}]}],
	"badRecords":[{"dataType":"user","records":[{"uid":"2"}]}]}}`

func TestTheManifestIsBesideTheCommand(t *testing.T) {
	dir := folder(t, acme)
	want := filepath.Join(dir, "plugin.json")
	for _, word := range []string{dir, filepath.Join(dir, "adapter.py")} {
		if got := conform.FindManifest([]string{"python3", word, "--fast"}); got != want {
			t.Errorf("FindManifest() beside %s = %q, want %q", word, got, want)
		}
	}
	if got := conform.FindManifest([]string{"python3", filepath.Join(t.TempDir(), "other.py")}); got != "" {
		t.Errorf("FindManifest() of a command without one = %q", got)
	}
}

func TestTheCommandOfAManifestIsStartedAsRosterDoes(t *testing.T) {
	t.Setenv("ACME_PROXY", "http://localhost")
	t.Setenv("ACME_TOKEN", "swordfish")
	dir := folder(t, acme)
	var a conform.Adapter
	if err := a.ReadManifest(filepath.Join(dir, "plugin.json")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"python3", "adapter.py"}, a.Command); diff != "" || a.Dir != dir {
		t.Errorf("it is started in %q, by (-want +got):\n%s", a.Dir, diff)
	}
	if !slices.Contains(a.Env, "ACME_PROXY=http://localhost") || slices.Contains(a.Env, "ACME_TOKEN=swordfish") {
		t.Errorf("its environment is %q", a.Env)
	}
	if !slices.Contains(a.Env, "PYTHONDONTWRITEBYTECODE=1") {
		t.Errorf("its environment %q lets Python write beside what may be pinned", a.Env)
	}
	if a.Type != "acme" || a.Target != "shelf" || string(a.Options) != `{"file":"good"}` || string(a.BadOptions) != `{"file":"bad"}` || a.FaultOptions != nil {
		t.Errorf("ReadManifest() makes %+v", a)
	}
	if diff := cmp.Diff([]plugin.Record{{Type: plugin.User, UID: "1", Attrs: map[string]any{}}}, a.Records); diff != "" {
		t.Errorf("records mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]plugin.Record{{Type: plugin.User, UID: "2", Attrs: map[string]any{}}}, a.BadRecords); diff != "" {
		t.Errorf("bad records mismatch (-want +got):\n%s", diff)
	}
}

func TestWhatIsSaidGoesBeforeTheManifest(t *testing.T) {
	path := filepath.Join(folder(t, acme), "plugin.json")
	said := conform.Adapter{Command: []string{"./adapter"}, Options: json.RawMessage(`{"file":"mine"}`)}
	other := conform.Adapter{Command: []string{"./adapter"}, Type: "other"}
	for _, a := range []*conform.Adapter{&said, &other} {
		if err := a.ReadManifest(path); err != nil {
			t.Fatal(err)
		}
		if a.Command[0] != "./adapter" || a.Dir != "" || a.Env != nil {
			t.Errorf("the command is %q in %q with %q", a.Command, a.Dir, a.Env)
		}
	}
	if string(said.Options) != `{"file":"mine"}` || said.Type != "acme" {
		t.Errorf("options are %s of %q", said.Options, said.Type)
	}
	if other.Options != nil || other.BadOptions != nil {
		t.Errorf("options of another type were taken: %s", other.Options)
	}
}

func TestAManifestThatIsNoneIsRefused(t *testing.T) {
	var a conform.Adapter
	for _, path := range []string{filepath.Join(t.TempDir(), "plugin.json"), filepath.Join(folder(t, `{"command":"python3"}`), "plugin.json")} {
		if err := a.ReadManifest(path); plugin.KindOf(err) != plugin.Config {
			t.Errorf("ReadManifest() = %v, want an error of kind config", err)
		}
	}
}
