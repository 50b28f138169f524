package schematest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithoutPostgres(t *testing.T) {
	for _, c := range []struct{ require, want string }{
		{"", "--- SKIP: TestChildWithoutPostgres"},
		{"1", "--- FAIL: TestChildWithoutPostgres"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestChildWithoutPostgres$")
		cmd.Env = append(os.Environ(), "SCHEMATEST_CHILD=1", "REQUIRE_POSTGRES="+c.require)
		out, _ := cmd.CombinedOutput() // fails where it should
		if !strings.Contains(string(out), c.want) || !strings.Contains(string(out), "apt-get install postgresql") {
			t.Errorf("REQUIRE_POSTGRES=%q: want %q and how to install, got:\n%s", c.require, c.want, out)
		}
	}
}

func TestChildWithoutPostgres(t *testing.T) {
	if os.Getenv("SCHEMATEST_CHILD") == "" {
		t.Skip("runs as a child of another test")
	}
	unavailable(t, errNotInstalled)
}

func TestNewestInstalledFirst(t *testing.T) {
	root := t.TempDir()
	for _, version := range []string{"9.6", "15", "17", "common"} {
		if err := os.MkdirAll(filepath.Join(root, version, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, dir := range installed(root) {
		got = append(got, filepath.Base(filepath.Dir(dir)))
	}
	if diff := cmp.Diff([]string{"17", "15", "9.6", "common"}, got); diff != "" {
		t.Errorf("installed() mismatch (-want +got):\n%s", diff)
	}
}
