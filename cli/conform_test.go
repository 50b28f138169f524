package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/conform"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// staff is an HR system that gives people in pages of two to who shows the
// token. Below /broken it refuses the second page, below /hung it never answers.
func staff(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		switch {
		case strings.HasPrefix(r.URL.Path, "/hung"):
			<-r.Context().Done()
		case r.Header.Get("Authorization") != "Bearer swordfish":
			http.Error(w, "who is there?", http.StatusUnauthorized)
		case strings.HasPrefix(r.URL.Path, "/broken") && page != "1":
			http.Error(w, "not today", http.StatusServiceUnavailable)
		case page > "3":
			fmt.Fprint(w, `[]`)
		default:
			fmt.Fprintf(w, `[{"uid":"a%[1]s","nickname":"赵思远 %[1]s"},{"uid":"b%[1]s","nickname":"Ada Lovelace %[1]s"}]`, page)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// pulls is a file with options that read the people at an address.
func pulls(t *testing.T, address, token string) string {
	t.Helper()
	options := map[string]any{
		"users":   map[string]any{"url": address, "paging": map[string]any{"type": "page", "size": 2}},
		"auth":    map[string]any{"type": "bearer", "token": token},
		"retries": 0, "requestsPerSecond": 1000,
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, t.TempDir(), "options.json", string(text))
}

// ourselves is the command of roster stdio.
func ourselves() []string { return []string{"--", os.Args[0], "stdio"} }

func TestOurOwnWireKeepsItsPromises(t *testing.T) {
	url := staff(t)
	manifest, err := indented(newApp(withSafes(parts()), screen{}, screen{}).manifest())
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"conform", "--json", "--type", "http-pull", "--manifest", write(t, t.TempDir(), "plugin.json", string(manifest)), "--target", "users",
		"--options", pulls(t, url, "swordfish"), "--bad-options", pulls(t, url, "herring"),
		"--fault-options", pulls(t, url+"/broken", "swordfish"), "--stall-options", pulls(t, url+"/hung", "swordfish"),
		"--bad-records", write(t, t.TempDir(), "bad.json", `[{"dataType":"user","records":[{"uid":"bad","nickname":{"no":"text"}}]}]`),
	}
	got := finish(t, roster(t.Context(), schematest.SQLite(t), append(args, ourselves()...)...))
	var d conformDocument
	parse(t, got.stdout, &d)
	var skipped []string
	for _, r := range d.Checks {
		switch r.Verdict {
		case conform.Failed:
			t.Errorf("%s: %q", r.Name, r.Faults)
		case conform.Skipped:
			skipped = append(skipped, r.Missing)
		}
	}
	want := "its type does not declare webhook, it logged nothing with $/log while it was read"
	if strings.Join(skipped, ", ") != want || got.code != exitDone {
		t.Errorf("exit code %d, skipped because %q, want 0 and %q", got.code, skipped, want)
	}
}

func TestConformWithoutOptionsTellsWhatItCan(t *testing.T) {
	for _, args := range [][]string{{"conform"}, {"conform", "--type=http-api"}} {
		got := mustRun(t, exitDone, schematest.SQLite(t), append(args, ourselves()...)...)
		for _, want := range []string{
			"roster " + release + "\n\nMessages\n", "  ok       a batch is answered with -32600, and the connection lives on\n",
			"  skipped  what it lists is what its manifest says\n           no plugin.json: --manifest\n", " passed, 0 failed, ",
		} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("roster %s lacks %q:\n%s", strings.Join(args, " "), want, got.stdout)
			}
		}
	}
}

func TestConformTakesTheManifestOfTheFolder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "plugin.json", `{"protocol":"1","command":["no-such-program"]}`)
	t.Chdir(folder)
	if got := finish(t, roster(t.Context(), schematest.SQLite(t), "conform")); !strings.Contains(got.stderr, "no-such-program") {
		t.Errorf("roster conform says %q, want it to start what the manifest names", got.stderr)
	}
}

func TestConformSaysWhatIsBroken(t *testing.T) {
	good := pulls(t, staff(t), "swordfish")
	got := mustRun(t, exitFailed, schematest.SQLite(t), append([]string{"conform", "--type=http-pull", "--options", good, "--bad-options", good}, ourselves()...)...)
	const want = `
  failed   options with which it cannot be read are refused: when it is opened, tested or read
           the bad options are opened, tested and read without a fault
           why it matters: an empty directory and a wrong password would look the same
`
	if !strings.Contains(got.stdout, want) || !strings.Contains(got.stdout, ", 1 failed, ") || got.stderr != "" {
		t.Errorf("want one failure:%s\ngot\n%s%s", want, got.stdout, got.stderr)
	}
}

func TestWhatCannotBeStartedIsNoAdapter(t *testing.T) {
	url := schematest.SQLite(t)
	secret := write(t, t.TempDir(), "options.json", `{"token":"swordfish"`)
	for want, args := range map[string][]string{
		"start the adapter":       {"--", "no-such-program"},
		"the process has ended":   {"--", os.Args[0], "version"},
		"there is no command":     {},
		"read the manifest":       {"--manifest", "no-such-file"},
		`no source type "nobody"`: append([]string{"--type=nobody"}, ourselves()...),
		`no target "nobody"`:      append([]string{"--target=nobody"}, ourselves()...),
		"not the JSON":            append([]string{"--options", secret}, ourselves()...),
	} {
		got := finish(t, roster(t.Context(), url, append([]string{"conform"}, args...)...))
		if got.code != exitUsage || !strings.Contains(got.stderr, want) || got.stdout != "" || strings.Contains(got.stderr, "swordfish") {
			t.Errorf("roster conform %s: exit code %d, want 2 and %q\n%s%s", strings.Join(args, " "), got.code, want, got.stdout, got.stderr)
		}
	}
}
