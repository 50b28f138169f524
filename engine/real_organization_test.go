package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
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
	if testing.Short() || underRace {
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
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("%s mismatch (-want +got):\n%s", what, diff)
	}
}
