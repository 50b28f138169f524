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
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// victimVariable makes this binary a victim on the database that it names.
const victimVariable = "ROSTER_TEST_VICTIM"

// leaseTime is how long the runs of a dead process hold their source.
const leaseTime = 5 * time.Second

// A process that is killed at any instant of a push leaves nothing that the
// same push, done again, does not put right: the end is the undisturbed one.
// KILLS sets how many on each database.
func TestKilledAtAnyInstant(t *testing.T) {
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil {
		kills = n
	}
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": schematest.SQLite, "postgres": schematest.Migrated} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			whole := startVictim(t, url)
			start := time.Now()
			whole.kill(2 * time.Minute) // it says before that it has done both
			took := time.Since(start)
			want := directoryAt(t, url)
			if n := len(want.Users); n != companyUsers+companyJoiners {
				t.Fatalf("the undisturbed company has %d users, want %d", n, companyUsers+companyJoiners)
			}
			const together = 8 // their leases run out side by side
			for done := 0; done < kills; done += together {
				var dead []victim
				for i := done; i < min(kills, done+together); i++ {
					v := startVictim(t, fresh(t))
					v.at = time.Duration((float64(i) + rand.Float64()) / float64(kills) * float64(took))
					v.kill(v.at)
					dead = append(dead, *v)
				}
				for _, v := range dead {
					t.Logf("killed after %v of %v, having done %d pushes of 2", v.at, took, len(v.said))
					if diff := cmp.Diff(want, v.revive(t)); diff != "" {
						t.Errorf("the end differs (-undisturbed +got):\n%s", diff)
					}
				}
			}
		})
	}
}

func directoryAt(t *testing.T, url string) directory {
	t.Helper()
	var d directory
	err := onEngine(t.Context(), url, func(_ *engine.Engine, db *schema.DB) error {
		d = readDirectory(t, db)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A victim is a process that pushes both states of the company, and dies.
type victim struct {
	url  string
	at   time.Duration // when it was killed
	said []string      // the pushes that it had done

	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// startVictim starts a process and has it begin, once it is connected.
func startVictim(t *testing.T, url string, settings ...string) *victim {
	t.Helper()
	err := onEngine(t.Context(), url, func(_ *engine.Engine, db *schema.DB) error { return db.Migrate(t.Context()) })
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{url: url, t: t, cmd: exec.CommandContext(t.Context(), os.Args[0])}
	v.cmd.Env = append(append(os.Environ(), settings...), victimVariable+"="+url)
	v.cmd.Stderr = os.Stderr
	stdin, err := v.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.lines = bufio.NewScanner(stdout)
	if line := v.line(); line != "ready" {
		t.Fatalf("the victim said %q, want that it is ready", line)
	}
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *victim) line() string {
	v.lines.Scan()
	return v.lines.Text()
}

// kill kills the process after a time, or when it has done both pushes.
func (v *victim) kill(after time.Duration) {
	v.t.Helper()
	timer := time.AfterFunc(after, func() { v.cmd.Process.Kill() })
	defer timer.Stop()
	for v.lines.Scan() {
		v.said = append(v.said, v.lines.Text())
		if len(v.said) == 2 {
			v.cmd.Process.Kill()
		}
	}
	if err := v.cmd.Wait(); err == nil {
		v.t.Error("the victim ended by itself")
	}
}

// revive does again what the victim was about, and gives what comes of it.
func (v *victim) revive(t *testing.T) (d directory) {
	t.Helper()
	err := onEngine(t.Context(), v.url, func(e *engine.Engine, db *schema.DB) error {
		before, err := e.Tasks(t.Context(), engine.TaskFilter{})
		if err != nil {
			return err
		}
		for state := len(v.said); state < 2; state++ {
			mustPush(t, e, companyState(state))
		}
		v.mustBeInterrupted(t, e, len(before))
		d = readDirectory(t, db)
		checkInvariants(t, db)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// mustBeInterrupted checks that the runs that the victim began have ended: what
// it said is done succeeded, what it died in was interrupted (or had just been
// done).
func (v *victim) mustBeInterrupted(t *testing.T, e *engine.Engine, began int) {
	t.Helper()
	for _, task := range mustSettled(t, e) {
		id, _ := strconv.Atoi(task.ID)
		died := id == began && began > len(v.said)
		if task.State != engine.Success && (!died || task.State != engine.Interrupted) {
			t.Errorf("task %s is %s: %s", task.ID, task.State, task.Message)
		}
	}
}

// beVictim is the life of a victim: it waits for a word and pushes both states
// of the company, saying each when it is done.
func beVictim(url string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	return onEngine(ctx, url, func(e *engine.Engine, _ *schema.DB) error {
		fmt.Fprintln(out, "ready")
		word := bufio.NewReader(in)
		if _, err := word.ReadString('\n'); err != nil {
			return err
		}
		for state := range 2 {
			_, err := e.Push(ctx, companyState(state), faint())
			fmt.Fprintln(out, strings.Join([]string{"push", strconv.Itoa(state), string(kindOrDone(err))}, " "))
			if err != nil {
				break
			}
		}
		_, err := word.ReadString('\n') // to be killed
		return err
	})
}

func kindOrDone(err error) plugin.Kind {
	if err == nil {
		return "done"
	}
	return plugin.KindOf(err)
}

// faintVariable has a victim stop itself when it has written departments, as a
// process is stopped on a machine that is put to sleep.
const faintVariable = "ROSTER_TEST_FAINT"

func faint() func(engine.Progress) {
	if os.Getenv(faintVariable) == "" {
		return nil
	}
	departments := func(p engine.Progress) bool { return p.State == engine.Applying && p.Type == plugin.Department }
	return once(departments, func() { syscall.Kill(os.Getpid(), syscall.SIGSTOP) })
}

const companyJoiners = 50

// companyState pushes the made-up company as it is at first (0), and as it is
// after a change (1): people who are renamed, move, trade addresses, join and
// leave departments, and are new; departments renamed, moved and turned upside
// down.
func companyState(state int) engine.Push {
	var departments, users []object
	for i := range companyDepartments {
		departments = append(departments, companyDepartment(i, state))
	}
	for i := range companyUsers + state*companyJoiners {
		users = append(users, companyUser(i, state))
	}
	return pushOf("company", "", departments, users)
}

func companyDepartment(i, state int) object {
	d := object{"uid": fmt.Sprintf("d%d", i), "title": fmt.Sprintf("部门 %d", i)}
	parent := (i - 1) / 6
	if state == 1 {
		switch {
		case i%20 == 3:
			d["title"] = fmt.Sprintf("Abteilung %d", i)
		case i > 100 && i%10 == 7:
			parent = i % 7
		}
	}
	if i > 0 {
		d["parentUid"] = fmt.Sprintf("d%d", parent)
	}
	if state == 1 { // the sixth and what was below it change places
		switch i {
		case 6:
			d["parentUid"] = "d37"
		case 37:
			d["parentUid"] = "d0"
		}
	}
	return d
}

func companyUser(i, state int) object {
	address := i
	if state == 1 && i%50 < 2 { // neighbours swap
		address = i ^ 1
	}
	u := object{
		"uid": fmt.Sprintf("u%d", i), "nickname": fmt.Sprintf("员工 %d", i), "username": fmt.Sprintf("user%d", i),
		"email": fmt.Sprintf("u%d@example.com", address), "badge": i * 7,
	}
	if state == 1 && i%9 == 4 {
		u["nickname"] = fmt.Sprintf("Renamed %d", i)
	}
	if state == 1 && i%50 == 2 { // a chain: the next one's old phone
		u["phone"] = fmt.Sprintf("1%010d", i+50)
	} else if i%50 == 2 {
		u["phone"] = fmt.Sprintf("1%010d", i)
	}
	home := i % companyDepartments
	memberships := []any{object{"uid": fmt.Sprintf("d%d", home), "isMain": true, "isOwner": i%40 == 0}}
	for n := range i % 3 {
		memberships = append(memberships, fmt.Sprintf("d%d", (home+31*(n+1))%companyDepartments))
	}
	if state == 1 {
		switch i % 11 {
		case 5:
			memberships[0] = fmt.Sprintf("d%d", (home+1)%companyDepartments)
		case 6:
			memberships = append(memberships, object{"uid": fmt.Sprintf("d%d", (home+5)%companyDepartments), "isOwner": true})
		case 7:
			memberships = nil
		}
	}
	if memberships != nil || i%2 == 0 {
		u["departments"] = memberships
	}
	return u
}
