package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// An organization is one state of a real one: what two pushes say.
type organization struct {
	departments, users engine.Body
	teams              map[string]team   // by uid
	people             map[string]person // by uid
}

type team struct{ UID, Title, ParentUID string }

type person struct {
	UID, Username, Nickname string
	Departments             []struct {
		UID     string
		IsOwner bool
	}
}

// states reads the states of the organization, the oldest first.
func states(t *testing.T) []organization {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "data", "kubernetes-org-*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the real organization is not on this machine: its pushes would be in ../../shared/data")
	}
	slices.Sort(files)
	list := make([]organization, len(files))
	for i, file := range files {
		list[i] = readOrganization(t, file)
	}
	return list
}

func readOrganization(t *testing.T, file string) organization {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := organization{teams: map[string]team{}, people: map[string]person{}}
	for d := json.NewDecoder(f); d.More(); {
		var push struct {
			DataType string
			Records  []json.RawMessage
		}
		if err := d.Decode(&push); err != nil {
			t.Fatal(err)
		}
		records := make([]string, len(push.Records))
		for i, r := range push.Records {
			records[i] = string(r)
		}
		if push.DataType == "department" {
			o.departments = departments(records...)
			index(t, push.Records, o.teams, func(v team) string { return v.UID })
		} else {
			o.users = users(records...)
			index(t, push.Records, o.people, func(v person) string { return v.UID })
		}
	}
	return o
}

func index[V any](t *testing.T, records []json.RawMessage, to map[string]V, key func(V) string) {
	t.Helper()
	for _, r := range records {
		var v V
		if err := json.Unmarshal(r, &v); err != nil {
			t.Fatal(err)
		}
		to[key(v)] = v
	}
}

// The states of a real organization, pushed one after the other, leave exactly
// what the last one says. Whoever vanished in between keeps what was said last:
// absence from a push removes nobody.
func TestARealOrganizationEndsAsItsLastStateSays(t *testing.T) {
	history := states(t)
	if testing.Short() || schematest.UnderRace {
		history = []organization{history[0], history[len(history)-1]}
	}
	each(t, func(c *company) {
		teams, people := map[string]team{}, map[string]person{}
		for _, o := range history {
			r := c.pushAs(engine.Push{Source: "kubernetes", MatchKey: "username", Options: unguarded("keep")}, o.departments, o.users)
			c.wantFailed(r)
			maps.Copy(teams, o.teams)
			maps.Copy(people, o.people)
			c.holds(teams, people)
		}
		last := history[len(history)-1]
		before := c.dump("runs")
		for range 2 {
			r := c.pushBy("username", "kubernetes", last.departments, last.users)
			c.wantMessage(r, fmt.Sprintf("department: %d unchanged; user: %d unchanged", len(last.teams), len(last.people)))
		}
		c.unchanged(before, "runs")
	})
}

// However its readings follow each other, the organization ends as the last one
// and the policy say: who is gone is deleted, or stays as he was; and a run whose
// process dies on the way changes nothing of that. ORDERS=all walks through all
// orders of the dates.
func TestARealOrganizationIsReadInAnyOrder(t *testing.T) {
	history := states(t)
	all := orders(len(history))
	forwards, backwards := all[0], all[len(all)-1]
	rand.New(rand.NewPCG(2026, 8)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	policies := []string{engine.Delete, engine.Keep, engine.Unlink, engine.Disabling}
	for _, database := range []struct {
		name     string
		fresh    func(testing.TB) string
		policies int // that are tried by default, each with one order
		states   int // of it
		orders   int // of ORDERS=all
	}{{"sqlite", schematest.SQLite, len(policies), len(history), len(all)}, {"postgres", schematest.Migrated, 1, 3, len(all) / 30}} {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			for i, policy := range policies {
				walked := [][]int{[][]int{backwards, forwards, all[0], all[1]}[i][:database.states]}
				switch {
				case os.Getenv("ORDERS") == "all":
					walked = all[:database.orders]
				case i >= database.policies || i > 0 && (testing.Short() || schematest.UnderRace):
					continue
				}
				t.Run(policy, func(t *testing.T) {
					url := database.fresh(t)
					onCompany(t, url, func(c *company) {
						for _, table := range []string{"users", "departments"} {
							c.column(table, "status", "varchar(255)")
						}
					})
					r := readings{history, policy, i%2 == 0}
					r.walk(t, url, nil, walked)
				})
			}
		})
	}
}

// orders are all orders of so many things, the first as they are.
func orders(n int) (all [][]int) {
	var extend func(order []int)
	extend = func(order []int) {
		if len(order) == n {
			all = append(all, order)
		}
		for i := range n {
			if !slices.Contains(order, i) {
				extend(append(slices.Clone(order), i))
			}
		}
	}
	extend(nil)
	return all
}

// onCompany runs f with a company on a database, and leaves nobody connected.
func onCompany(t *testing.T, url string, f func(c *company)) {
	t.Helper()
	db, err := schema.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context(), schema.Told{}); err != nil {
		t.Fatal(err)
	}
	f(newCompany(t, db))
}

// readings of an organization follow each other.
type readings struct {
	history []organization
	policy  string
	dying   bool // now and then the process dies
}

// walk goes on in all orders from a database that has read some states. What
// orders have in common is read once.
func (r readings) walk(t *testing.T, url string, read []int, orders [][]int) {
	next := map[int][][]int{}
	for _, order := range orders {
		if len(order) > len(read) {
			state := order[len(read)]
			next[state] = append(next[state], order)
		}
	}
	for _, state := range slices.Sorted(maps.Keys(next)) {
		t.Run(itoa(state), func(t *testing.T) {
			at := schematest.Copy(t, url)
			after := append(slices.Clone(read), state)
			onCompany(t, at, func(c *company) { r.read(c, after) })
			r.walk(t, at, after, next[state])
		})
	}
}

// read brings in the last of some states, and checks what they come to.
func (r readings) read(c *company, states []int) {
	c.Helper()
	state := states[len(states)-1]
	last := r.history[state]
	push := engine.Push{
		Source: "kubernetes", MatchKey: "username", Options: unguarded(r.policy),
		Snapshot: &engine.Snapshot{ID: fmt.Sprint(states), Done: true},
		Bodies:   bodies([]engine.Body{last.departments, last.users}),
	}
	push.Options.Removal.Disable = engine.Disable{Field: "status", Value: "gone"}
	if r.dying && state%2 == 0 {
		task := c.dies(push, momentNamed([]string{"planned", "applying departments", "applying users"}[state/2%3]))
		mustResume(c, c.engine)
		c.ended(task, engine.Success)
	} else {
		c.wantFailed(mustPush(c, c.engine, push))
	}
	c.soundTree()
	teams, people := map[string]team{}, map[string]person{}
	if r.policy != engine.Delete {
		for _, s := range states {
			maps.Copy(teams, r.history[s].teams)
			maps.Copy(people, r.history[s].people)
		}
	}
	var gone []string
	for uid := range teams {
		if _, there := last.teams[uid]; !there {
			gone = append(gone, "department "+uid)
		}
	}
	for uid, p := range people {
		if _, there := last.people[uid]; !there {
			gone = append(gone, "user "+uid)
			if r.policy == engine.Unlink {
				p.Departments = nil
				people[uid] = p
			}
		}
	}
	maps.Copy(teams, last.teams)
	maps.Copy(people, last.people)
	c.holds(teams, people)
	if r.policy != engine.Disabling {
		gone = nil
	}
	c.sameSet("disabled", gone, c.list(`
		SELECT r.type, r.uid FROM {users} u JOIN {records} r ON r.row_id = u.id AND r.type = 'user' WHERE u.status IS NOT NULL
		UNION ALL SELECT r.type, r.uid FROM {departments} d JOIN {records} r ON r.row_id = d.id AND r.type = 'department' WHERE d.status IS NOT NULL`))
}

// holds wants the database to hold these teams and people, and nobody else.
func (c *company) holds(teams map[string]team, people map[string]person) {
	c.Helper()
	var want []string
	for _, t := range teams {
		parent := t.ParentUID
		if parent == "" {
			parent = "-"
		}
		want = append(want, fmt.Sprintf("%s %s %s", t.UID, t.Title, parent))
	}
	c.sameSet("teams", want, c.list(`
		SELECT r.uid, d.title, up.uid FROM {departments} d
		LEFT JOIN {records} r ON r.row_id = d.id AND r.type = 'department'
		LEFT JOIN {records} up ON up.row_id = d.[parentId] AND up.type = 'department'`))
	want = nil
	var members []string
	for _, p := range people {
		want = append(want, fmt.Sprintf("%s %s %s", p.UID, p.Username, p.Nickname))
		for _, d := range p.Departments {
			members = append(members, fmt.Sprintf("%s %s %s", p.UID, d.UID, shown(d.IsOwner)))
		}
	}
	c.sameSet("people", want, c.list(`
		SELECT r.uid, u.username, u.nickname FROM {users} u LEFT JOIN {records} r ON r.row_id = u.id AND r.type = 'user'`))
	c.sameSet("memberships", members, c.list(`
		SELECT u.uid, d.uid, CASE WHEN m.[isOwner] THEN 1 ELSE 0 END FROM {departmentsUsers} m
		LEFT JOIN {records} u ON u.row_id = m.[userId] AND u.type = 'user'
		LEFT JOIN {records} d ON d.row_id = m.[departmentId] AND d.type = 'department'`))
	c.same("main departments that are no membership", c.list(`
		SELECT u.id FROM {users} u LEFT JOIN {departmentsUsers} m ON m.[userId] = u.id AND m.[departmentId] = u.[mainDepartmentId]
		GROUP BY u.id, u.[mainDepartmentId] HAVING u.[mainDepartmentId] IS NOT NULL AND count(m.[userId]) = 0`))
	c.same("claims beside memberships", c.list(`
		SELECT (SELECT count(*) FROM {departmentsUsers}) - (SELECT count(*) FROM {userDataSyncRecordsResources} l
			JOIN {userDataSyncRecords} r ON r.id = l.[recordId] WHERE l.resource = 'departments' AND r.[dataType] = 'user')`), "0")
}

func (c *company) sameSet(what string, want, got []string) {
	c.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("%s mismatch (-want +got):\n%s", what, diff)
	}
}
