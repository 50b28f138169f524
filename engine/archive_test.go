package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
)

// archived has what the company receives kept in files, and gives their folder.
func (c *company) archived(keep engine.Retention) string {
	c.Helper()
	dir := filepath.Join(c.TempDir(), "logs")
	a := engine.NewArchive(dir, keep)
	c.Cleanup(func() { a.Close() })
	c.engine.SetArchive(a)
	return filepath.Join(dir, "user-data-sync")
}

// kept are the lines of all files, without times.
func (c *company) kept(dir string) []string {
	c.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		c.Fatal(err)
	}
	lines := []string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			c.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var entry struct {
				Time              time.Time
				Source, Type, Run string
				Record            json.RawMessage
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time.IsZero() || entry.Run == "" {
				c.Errorf("a line is %s: %v", line, err)
			}
			lines = append(lines, fmt.Sprintf("%s %s %s", entry.Source, entry.Type, entry.Record))
		}
	}
	return lines
}

func TestWhatIsReceivedIsKeptInFilesWithoutSecrets(t *testing.T) {
	each(t, func(c *company) {
		dir := c.archived(engine.DefaultRetention())
		c.push("h\"r", departments(`{"uid":"d","title":"R&D"}`),
			users(`{"uid":"1","shoe":42,"nickname":"Ann","password":"hunter2","Reset-Token":"hunter2"}`, `{"nickname":"no uid"}`, `"hunter2"`, `{"uid":"2","isDeleted":true}`))
		c.same("kept", c.kept(dir),
			`h"r department {"title":"R&D","uid":"d"}`,
			`h"r user {"nickname":"Ann","shoe":42,"uid":"1"}`,
			`h"r user {"nickname":"no uid"}`,
			`h"r user null`,
			`h"r user {"isDeleted":true,"uid":"2"}`)
	})
}

func TestFilesOfWhatIsReceivedAreForTheirOwnerAlone(t *testing.T) {
	each(t, func(c *company) {
		dir := c.archived(engine.DefaultRetention())
		c.push("hr", users(`{"uid":"1"}`))
		files, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		if len(files) != 1 {
			c.Fatalf("files: %v, want one", files)
		}
		for path, want := range map[string]os.FileMode{dir: 0o700, files[0]: 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				c.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
			}
		}
	})
}

func TestWhatIsOnlyPlannedOrTriedAgainIsNotKept(t *testing.T) {
	each(t, func(c *company) {
		dir := c.archived(engine.DefaultRetention())
		push := engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"1"}`, `{"nickname":"no uid"}`)})}
		if _, err := c.engine.Plan(c.Context(), push, nil); err != nil {
			c.Fatal(err)
		}
		c.same("kept of a plan", c.kept(dir))
		c.make("users", "[nickname], [email]", "'Bob', 'b@example.com'")
		failed := c.push("hr", users(`{"uid":"1","email":"b@example.com"}`)) // waits for the address
		want := `hr user {"email":"b@example.com","uid":"1"}`
		if _, err := c.engine.Retry(c.Context(), failed.Task.ID, nil); err != nil {
			c.Fatal(err)
		}
		c.push("hr", users(`{"uid":"2"}`))
		c.same("kept", c.kept(dir), want, `hr user {"uid":"2"}`)
	})
}

// A folder that cannot be written to costs what is kept, and nothing else.
func TestFilesThatCannotBeWrittenStopNoSync(t *testing.T) {
	each(t, func(c *company) {
		dir := c.archived(engine.DefaultRetention())
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			c.Fatal(err)
		}
		if err := os.WriteFile(dir, []byte("in the way"), 0o600); err != nil {
			c.Fatal(err)
		}
		many := make([]string, 5000) // more than a page
		for i := range many {
			many[i] = fmt.Sprintf(`{"uid":"%d"}`, i)
		}
		r := c.push("hr", users(many...))
		if diff := cmp.Diff([]string{"the received records could not be kept in files; the log says why"}, r.Warnings); diff != "" {
			c.Errorf("warnings mismatch (-want +got):\n%s", diff)
		}
		if n := c.logs.FilterMessage("the received records could not be kept in files").Len(); n != 1 {
			c.Errorf("it is logged %d times, want once", n)
		}
		if err := os.Remove(dir); err != nil {
			c.Fatal(err)
		}
		c.push("hr", users(`{"uid":"later"}`))
		c.same("kept once it can be", c.kept(dir), `hr user {"uid":"later"}`)
	})
}

func TestOldAndTooManyFilesGoAndThoseOfOthersStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "user-data-sync")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	age := map[string]time.Duration{
		"roster-old.log": 31 * 24 * time.Hour, "roster-newer.log": time.Hour, "roster-newest.log": time.Minute,
		"nocobase.log": 31 * 24 * time.Hour, "roster-notes.txt": 31 * 24 * time.Hour,
	}
	fill := func() {
		for name, old := range age {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(-old)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		keep engine.Retention
		want string
	}{
		{"by age", engine.Retention{Age: 30 * 24 * time.Hour}, "nocobase.log roster-newer.log roster-newest.log roster-notes.txt"},
		{"by size", engine.Retention{Size: 1600}, "nocobase.log roster-newest.log roster-notes.txt"},
		{"nothing", engine.Retention{}, "nocobase.log roster-newer.log roster-newest.log roster-notes.txt roster-old.log"},
	} {
		fill()
		a := engine.NewArchive(filepath.Dir(dir), c.keep)
		if err := a.Keep("{}\n"); err != nil {
			t.Fatal(err)
		}
		a.Close()
		var left []string
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if name := e.Name(); !strings.HasPrefix(name, "roster-2") {
				left = append(left, name)
			} else {
				os.Remove(filepath.Join(dir, name))
			}
		}
		if got := strings.Join(left, " "); got != c.want {
			t.Errorf("%s: left are %s, want %s", c.name, got, c.want)
		}
	}
}

func TestFilesAreTurnedOverBeforeTheyAreTooLarge(t *testing.T) {
	dir := t.TempDir()
	a := engine.NewArchive(dir, engine.Retention{Size: 16_000})
	defer a.Close()
	for range 200 {
		if err := a.Keep(strings.Repeat("x", 499) + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "user-data-sync", "*.log"))
	var all int64
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Size() > 1000 {
			t.Errorf("%s: %v bytes, %v", file, info.Size(), err)
		}
		all += info.Size()
	}
	if all > 16_000 || all < 12_000 {
		t.Errorf("%d files have %d bytes, want some less than 16,000", len(files), all)
	}
}
