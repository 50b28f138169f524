//go:build nocobase && browser

package nocobase_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestBrowser plays what an operator does with the plugin in Chromium, in both of
// NocoBase's clients. WeCom refuses the first reading.
func TestBrowser(t *testing.T) {
	chromium, b := browser(t), newBridge(t)
	for ui, at := range map[string]string{"v1": "/admin/", "v2": "/v/admin/"} {
		b.step(ui, func(b *bridge) {
			w := newWeCom(b.T, "una-"+ui)
			w.server.Fail("department/list", 60011, 1)
			do(b.T, ".", "node", "testdata/browser.mjs", chromium, b.server.URL(at), "browsed-"+ui, w.server.URL(), corpSecret, peopleSecret, b.ArtifactDir())
			if kept := b.kept(`SELECT options::text FROM "userDataSyncSources" WHERE name = $1`, "browsed-"+ui); !strings.Contains(kept, `"secret":"enc:v1:`) || strings.Contains(kept, "contactsSecret") {
				b.Errorf("the row holds %s", kept)
			}
		})
	}
}

// browser is where Chromium is.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium: apt-get install chromium")
	return ""
}
