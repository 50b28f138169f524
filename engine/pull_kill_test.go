package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// readerVariable makes this binary read a source, or answer callbacks, on the
// database that victimVariable names, until it is killed.
const readerVariable = "ROSTER_TEST_READER"

// headcount is how many people the killed processes bring in.
const headcount = 120

// staffed are so many people, all with that mark in their names.
func staffed(mark string) []string {
	lines := make([]string, headcount)
	for i := range lines {
		lines[i] = fmt.Sprintf(`user {"uid":"%d","nickname":"P%d%s"}`, i, i, mark)
	}
	return lines
}

// beReader synchronizes and says so, or answers a callback for each of the
// people and says each that it has, while it acts on them.
func beReader(url, what string, out io.Writer) error {
	ctx := context.Background()
	db, err := schema.Open(ctx, url)
	if err != nil {
		return err
	}
	e := engine.New(db, targets.All(db), zap.NewNop())
	hr := newSystem(staffed("")...)
	hr.before = func(page int) error { _, err := fmt.Fprintln(out, "page", page); return err }
	if what == "answer" {
		hr.holds(staffed("!")...)
		go e.Work(ctx)
	}
	if err := adapters(e, hr); err != nil {
		return err
	}
	if what == "read" {
		_, err := e.Sync(ctx, itsRow(), nil)
		fmt.Fprintln(out, "done", err)
		return err
	}
	for i := range headcount {
		if _, err := e.Receive(ctx, "corp", plugin.Callback{Body: fmt.Appendf(nil, "user %d", i)}); err != nil {
			return err
		}
		fmt.Fprintln(out, i)
	}
	select {} // until it is killed
}

// reader runs such a process, has each of its lines told, and kills it after
// a time, or when told so.
func reader(t *testing.T, url, what string, after time.Duration, told func(line string) (enough bool)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+url, readerVariable+"="+what)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if told(lines.Text()) {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
}

// onBoth runs a test with fresh databases of either kind.
func onBoth(t *testing.T, test func(t *testing.T, fresh func(testing.TB) string)) {
	if !schematest.UnderRace {
		t.Run("sqlite", func(t *testing.T) { test(t, schematest.SQLite) })
	}
	t.Run("postgres", func(t *testing.T) { test(t, schematest.Migrated) })
}

// kills is how often something is killed on each database.
func kills(n int) int {
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil {
		return n
	}
	return n
}

func TestAProcessThatIsKilledWhileItReadsLosesNoPage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(testing.TB) string) {
		for i := range kills(4) {
			url := fresh(t)
			db := schematest.Open(t, url)
			c := newCompany(t, db).corp()
			page := rand.IntN(headcount / 2) // as many as there are
			reader(t, url, "read", time.Minute, func(line string) bool {
				return i%4 < 3 && line == fmt.Sprint("page ", page) || line == fmt.Sprint("page ", headcount/2-1)
			})
			stored, _ := strconv.Atoi(c.list(`SELECT count(*) FROM {pages}`)[0])
			age(t, nil, db, "")
			hr := newSystem(staffed("")...)
			read := 0
			hr.before = func(int) error { read++; return nil }
			c.reads(hr)
			r := c.sync(itsRow())
			if total := c.list(`SELECT count(*) FROM {users}`)[0]; total != strconv.Itoa(headcount) {
				t.Errorf("killed at page %d: there are %s people, want %d (%s)", page, total, headcount, r.Task.Message)
			}
			c.same("records that came twice", c.list(`SELECT [sourceUk] FROM {userDataSyncRecords} GROUP BY [sourceUk] HAVING count(*) > 1`))
			if stored > 0 && read != headcount/2-stored {
				t.Errorf("killed at page %d: %d pages were stored and %d were read again, want %d", page, stored, read, headcount/2-stored)
			}
			c.same("what is left", c.list(`SELECT (SELECT count(*) FROM {pages}) + (SELECT count(*) FROM {readings})`), "0")
		}
	})
}

func TestAProcessThatIsKilledLosesNoEventThatItAnswered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(testing.TB) string) {
		for range kills(4) {
			url := fresh(t)
			db := schematest.Open(t, url)
			c := newCompany(t, db).corp()
			c.reads(newSystem(staffed("")...)).sync(itsRow())
			answered := map[string]bool{}
			at := rand.IntN(2 * headcount)
			reader(t, url, "answer", time.Duration(rand.IntN(4000))*time.Millisecond+500*time.Millisecond, func(line string) bool {
				answered[line] = true
				return len(answered) == at
			})
			age(t, nil, db, "")
			next := newCompany(t, db).reads(newSystem(staffed("!")...))
			next.works(next.emptied)
			for i := range answered {
				if name := c.list(`SELECT u.nickname FROM {users} u JOIN {records} r ON r.row_id = u.id WHERE r.uid = ?`, i)[0]; !strings.HasSuffix(name, "!") {
					t.Errorf("the event of %s was answered and is lost", i)
				}
			}
			c.same("people", c.list(`SELECT count(*) FROM {users}`), strconv.Itoa(headcount))
		}
	})
}
