package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
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
// next one does not put right: the end is the undisturbed one. KILLS sets how
// many on each database.
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
			whole.kill(2 * time.Minute) // it says before that it has done all
			took := time.Since(start)
			want := endAt(t, url)
			if len(want.tasks) != companyStates {
				t.Fatalf("the undisturbed company took %d tasks, want %d", len(want.tasks), companyStates)
			}
			for _, state := range []int{2, 4} {
				if gone := want.tasks[state].Counts; gone["user"].Deleted == 0 || gone["department"].Deleted == 0 {
					t.Fatalf("state %d of the company removes too little: %s", state, want.tasks[state].Message)
				}
			}
			const together = 8 // their leases run out side by side
			for done := 0; done < kills; done += together {
				var dead []*victim
				for i := done; i < min(kills, done+together); i++ {
					v := startVictim(t, fresh(t))
					v.at = time.Duration((float64(i) + rand.Float64()) / float64(kills) * float64(took))
					v.kill(v.at)
					dead = append(dead, v)
				}
				for i, v := range dead {
					way := ways[(done+i)%len(ways)]
					t.Logf("killed after %v of %v, having done %d pushes of %d; then %s", v.at, took, len(v.said), companyStates, way.name)
					v.revive(t, way, want, awaitBurial)
				}
			}
		})
	}
}

// A way is how the run of a process that died is gone on with.
type way struct {
	name string
	goOn func(t *testing.T, e *engine.Engine, task string)
}

var ways = []way{
	{"the next push", func(*testing.T, *engine.Engine, string) {}},
	{"resume", func(t *testing.T, e *engine.Engine, _ string) { mustResume(t, e) }},
	{"retry", func(t *testing.T, e *engine.Engine, task string) {
		if r, err := e.Retry(t.Context(), task, nil); err != nil {
			t.Errorf("Retry(%s) = %v", task, err)
		} else if r.Task.ID != task {
			t.Errorf("Retry(%s) made task %s, want it to go on with that one", task, r.Task.ID)
		}
	}},
}

func mustResume(tb testing.TB, e *engine.Engine) {
	tb.Helper()
	if err := e.Resume(tb.Context()); err != nil {
		tb.Fatalf("Resume() = %v", err)
	}
}

// awaitBurial waits until the lease of a dead process' run is over.
func awaitBurial(t *testing.T, e *engine.Engine, _ *schema.DB, task string) {
	t.Helper()
	if _, err := e.Wait(t.Context(), task); err != nil {
		t.Errorf("Wait(%s) = %v", task, err)
	}
}

// An end is what the pushes of the company come to.
type end struct {
	directory directory
	tasks     []taskEnd // the oldest first
}

// A taskEnd is what an operator sees of a run that has ended.
type taskEnd struct {
	State   engine.State
	Message string
	Counts  map[string]engine.Counts
}

func endOf(tasks []engine.Task) []taskEnd {
	var ends []taskEnd
	for _, task := range slices.Backward(tasks) {
		ends = append(ends, taskEnd{task.State, task.Message, task.Counts})
	}
	return ends
}

func endAt(t *testing.T, url string) end {
	t.Helper()
	var all end
	err := onEngine(t.Context(), url, func(e *engine.Engine, db *schema.DB) error {
		all = end{readDirectory(t, db).withoutPlaces(), endOf(mustSettled(t, e))}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// withoutPlaces leaves out of what waits its place: that of what waits for a
// department that went is the id of a link, and what was rolled back took some.
func (d directory) withoutPlaces() directory {
	pending := make([]string, len(d.Pending))
	for i, w := range d.Pending {
		pending[i] = place.ReplaceAllString(w, "")
	}
	d.Pending = pending
	return d
}

var place = regexp.MustCompile(` at \d+`)

// A victim is a process that pushes the states of the company, and dies.
type victim struct {
	url  string
	from int           // the first state that it pushes
	at   time.Duration // when it was killed
	said []string      // the pushes that it had done

	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// startVictim starts a process and has it begin, once it is connected.
func startVictim(t *testing.T, url string) *victim {
	t.Helper()
	return startVictimAt(t, url, 0, "")
}

// startVictimAt has it begin at a state, and gives it a fate; see fate.
func startVictimAt(t *testing.T, url string, from int, fate string) *victim {
	t.Helper()
	return startVictimWith(t, url, from, fateVariable+"="+fate)
}

// startVictimWith has it begin at a state, in an environment with settings added.
func startVictimWith(t *testing.T, url string, from int, settings ...string) *victim {
	t.Helper()
	err := onEngine(t.Context(), url, func(_ *engine.Engine, db *schema.DB) error { return db.Migrate(t.Context(), schema.Told{}) })
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{url: url, from: from, t: t, cmd: exec.CommandContext(t.Context(), os.Args[0])}
	v.cmd.Env = append(append(os.Environ(), victimVariable+"="+url), settings...)
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
	if _, err := fmt.Fprintln(stdin, v.from); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *victim) line() string {
	v.lines.Scan()
	return v.lines.Text()
}

// kill kills the process after a time, or when it has done all pushes.
func (v *victim) kill(after time.Duration) {
	v.t.Helper()
	timer := time.AfterFunc(after, func() { v.cmd.Process.Kill() })
	defer timer.Stop()
	for v.lines.Scan() {
		v.said = append(v.said, v.lines.Text())
		if v.from+len(v.said) == companyStates {
			v.cmd.Process.Kill()
		}
	}
	if err := v.cmd.Wait(); err == nil {
		v.t.Error("the victim ended by itself")
	}
}

// revive goes on where the victim died: what it had planned is not pushed
// again. The end must be the undisturbed one, and nothing may be stuck.
func (v *victim) revive(t *testing.T, w way, want end, bury func(*testing.T, *engine.Engine, *schema.DB, string)) {
	t.Helper()
	err := onEngine(t.Context(), v.url, func(e *engine.Engine, db *schema.DB) error {
		next := v.from + len(v.said)
		died := lastWords(t, db, next+1)
		if died.ID > 0 && died.State != engine.Success {
			bury(t, e, db, died.task())
			if died.Planned {
				w.goOn(t, e, died.task())
			}
		}
		if died.Planned {
			next++
		}
		for state := next; state < companyStates; state++ {
			mustPush(t, e, companyState(state))
		}
		if next == companyStates { // somebody has to come by
			mustPush(t, e, pushOf("company", "", []object{companyDepartment(0, 1)}, nil))
		}
		v.mustHaveEnded(t, e, db, died, want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mustHaveEnded checks what has come of the runs, the victim's and those after
// it, and of the directory.
func (v *victim) mustHaveEnded(t *testing.T, e *engine.Engine, db *schema.DB, died deadRun, want end) {
	t.Helper()
	tasks := endOf(mustSettled(t, e))
	if died.ID > 0 && !died.Planned {
		if i := died.ID - 1; tasks[i].State != engine.Interrupted || !strings.Contains(tasks[i].Message, "send the same again") {
			t.Errorf("task %d is %s: %s; want it interrupted", died.ID, tasks[i].State, tasks[i].Message)
		}
		tasks = slices.Delete(tasks, int(died.ID)-1, int(died.ID))
	}
	tasks = tasks[:min(companyStates, len(tasks))]
	if diff := cmp.Diff(want.tasks, tasks); diff != "" {
		t.Errorf("the tasks differ (-undisturbed +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.directory, readDirectory(t, db).withoutPlaces()); diff != "" {
		t.Errorf("the end differs (-undisturbed +got):\n%s", diff)
	}
	died.mustStand(t, db)
	checkInvariants(t, db)
	mustBeClean(t, db)
	mustBeIdle(t, db)
}

// A deadRun is a run as the process that ran it left it.
type deadRun struct {
	ID      int64 // 0: it had not begun
	State   engine.State
	Planned bool
	chunks  []chunkMark
}

type chunkMark struct {
	Type        string
	First, Last int64
	AppliedAt   schema.Timestamp `db:"applied_at"`
}

func (r deadRun) task() string { return strconv.FormatInt(r.ID, 10) }

// lastWords reads what a dead process left of the run with that id.
func lastWords(t *testing.T, db *schema.DB, id int) deadRun {
	t.Helper()
	var found []deadRun
	if err := db.On(db).Select(t.Context(), &found, `SELECT id, state, totals IS NOT NULL AS planned FROM {runs} WHERE id = ?`, id); err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return deadRun{}
	}
	found[0].chunks = chunksOf(t, db, found[0].ID)
	return found[0]
}

func chunksOf(t *testing.T, db *schema.DB, run int64) (chunks []chunkMark) {
	t.Helper()
	err := db.On(db).Select(t.Context(), &chunks, `SELECT type, first, last, applied_at FROM {chunks} WHERE run = ? ORDER BY type, first`, run)
	if err != nil {
		t.Fatal(err)
	}
	return chunks
}

// mustStand checks that what the process had committed was not written again.
func (r deadRun) mustStand(t *testing.T, db *schema.DB) {
	t.Helper()
	now := chunksOf(t, db, r.ID)
	for _, c := range r.chunks {
		if !slices.Contains(now, c) {
			t.Errorf("chunk %+v was written again; there are %+v", c, now)
		}
	}
	for i, c := range now[min(1, len(now)):] {
		if before := now[i]; before.Type == c.Type && before.Last >= c.First {
			t.Errorf("chunks %+v and %+v overlap", before, c)
		}
	}
}

// mustBeClean checks that no snapshot is left open.
func mustBeClean(t *testing.T, db *schema.DB) {
	t.Helper()
	var left int
	err := db.On(db).Get(t.Context(), &left, `SELECT (SELECT count(*) FROM {snapshots}) + (SELECT count(*) FROM {snapshot_records})`)
	if err != nil {
		t.Fatal(err)
	}
	if left > 0 {
		t.Errorf("a snapshot is open still, with %d rows", left)
	}
}

// beVictim is the life of a victim: it waits for a word and pushes the states
// of the company from the one that it is told, saying each when it is done.
func beVictim(url string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	return onEngine(ctx, url, func(e *engine.Engine, _ *schema.DB) error {
		if l, ok := ledgerOf(os.Getenv(ledgerVariable)); ok {
			registry, err := l.registry()
			if err != nil {
				return err
			}
			e.SetAdapters(registry)
		}
		fmt.Fprintln(out, "ready")
		word := bufio.NewReader(in)
		var from int
		if _, err := fmt.Fscanln(word, &from); err != nil {
			return err
		}
		for state := from; state < companyStates; state++ {
			_, err := e.Push(ctx, companyState(state), fate(state))
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

// fateVariable has a victim send itself a signal: "kill 1 planned" has it die
// when its second push is planned, "stop 0 planning" has it stop, as a process
// is on a machine that is put to sleep.
const fateVariable = "ROSTER_TEST_FATE"

func fate(state int) func(engine.Progress) {
	words := strings.SplitN(os.Getenv(fateVariable), " ", 3)
	if len(words) < 3 || words[1] != strconv.Itoa(state) {
		return nil
	}
	signal := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}[words[0]]
	return once(momentNamed(words[2]).is, func() { syscall.Kill(os.Getpid(), signal) })
}

const companyJoiners = 50

// companyStates is how many states the company has.
const companyStates = 5

// companyState pushes the made-up company as it is at first (0), and as it is
// after a change (1): people who are renamed, move, trade addresses, join and
// leave departments, and are new; departments renamed, moved and turned upside
// down. Then some are gone (2), and then a reading of all that stand comes in
// two parts, in which others are missing (3, 4).
func companyState(state int) engine.Push {
	switch state {
	case 2:
		return companyTombstones()
	case 3, 4:
		return companyReading(state - 2)
	}
	var departments, users []object
	for i := range companyDepartments {
		departments = append(departments, companyDepartment(i, state))
	}
	for i := range companyUsers + state*companyJoiners {
		users = append(users, companyUser(i, state))
	}
	return pushOf("company", "", departments, users)
}

// companyTombstones takes away people, whose addresses others take over, and
// departments, with children and without.
func companyTombstones() engine.Push {
	var departments, users []object
	for i := range companyDepartments {
		if companyLost(i) {
			departments = append(departments, object{"uid": fmt.Sprintf("d%d", i), "isDeleted": true})
		}
	}
	for i := range companyUsers {
		if i%10 != 3 {
			continue
		}
		users = append(users, object{"uid": fmt.Sprintf("u%d", i), "isDeleted": true})
		if i%20 == 3 {
			heir := companyUser(i-3, 1)
			heir["phone"], heir["email"] = nil, companyUser(i, 1)["email"]
			users = append(users, heir)
		}
	}
	users = append(users, object{"uid": "nobody", "isDeleted": true})
	p := pushOf("company", "", departments, users)
	p.Options = unguarded(engine.Delete)
	return p
}

func companyLost(i int) bool { return i == 5 || i > companyDepartments/2 && i%17 == 2 }

// companyReading is a part of a reading of the whole company.
func companyReading(part int) engine.Push {
	var departments, users []object
	for i := range companyDepartments {
		if !companyLost(i) && (i < companyDepartments*3/4 || i%5 > 0) {
			departments = append(departments, companyDepartment(i, 1))
		}
	}
	counts := map[plugin.Type]int{plugin.Department: len(departments)}
	if part == 2 { // they have come
		departments = nil
	}
	for i := range companyUsers + companyJoiners {
		if i%10 == 3 || i%7 == 2 {
			continue
		}
		counts[plugin.User]++
		if i%2+1 == part {
			u := companyUser(i, 1)
			if i%20 == 0 && i < companyUsers-3 {
				u["phone"], u["email"] = nil, companyUser(i+3, 1)["email"]
			}
			users = append(users, u)
		}
	}
	p := pushOf("company", "", departments, users)
	p.Options = unguarded(engine.Delete)
	p.Snapshot = &engine.Snapshot{ID: "all", Done: part == 2, Counts: counts}
	return p
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
