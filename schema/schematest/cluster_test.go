package schematest_test

import (
	"bufio"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestCrashAndRestartKeepWhatWasCommitted(t *testing.T) {
	c := schematest.Start(t, schematest.Durable)
	url := c.URL(t)
	mustExec(t, url, "CREATE TABLE kept (n int)")
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := statement(t, url, "SELECT 1"); err == nil {
		t.Error("a stopped cluster answers")
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, url, "SELECT n FROM kept")
}

func TestCloseLeavesNothing(t *testing.T) {
	c := schematest.Start(t, schematest.Fast)
	dir := folder(t, c.URL(t))
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder of the closed cluster: %v, want that it does not exist", err)
	}
}

// What a killed process leaves behind must go as well. The child's standard
// error ends when its keeper has ended.
func TestKilledProcessLeavesNothing(t *testing.T) {
	cmd := child(t, "TestChildWithCluster", "ROSTER_TEST_POSTGRES=")
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, announced(t, stdout))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(stderr); err != nil || len(said) > 0 {
		t.Errorf("the keeper said %q, %v", said, err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the killed child ended well")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder of the killed process's cluster: %v, want that it does not exist", err)
	}
}

// TestChildWithCluster says where its database is and waits to be killed.
func TestChildWithCluster(t *testing.T) {
	inChild(t)
	os.Stdout.WriteString("\nurl " + schematest.Postgres(t) + "\n")
	io.Copy(io.Discard, os.Stdin)
}

// announced reads what TestChildWithCluster says.
func announced(t *testing.T, r io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "url "); ok {
			return url
		}
		if strings.HasPrefix(lines.Text(), "--- SKIP") {
			t.Skip("PostgreSQL is not installed")
		}
	}
	t.Fatal("the child did not start a cluster")
	return ""
}

// folder gives the folder of the cluster that a URL leads to.
func folder(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	dir := u.Query().Get("host")
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}
