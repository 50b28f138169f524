package engine_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// property checks a property on both databases, on as many random companies as
// -rapid.checks or RAPID_CHECKS says, or as few as are quick. Every company
// starts with empty tables.
func property(t *testing.T, sqlite, postgres int, check func(*rapid.T, *engine.Engine, *schema.DB)) {
	schematest.Each(t, func(t *testing.T, db *schema.DB) {
		n := sqlite
		if db.Dialect() == "postgres" {
			n = postgres
		}
		if underRace || testing.Short() {
			n = max(1, n/5)
		}
		if err := flag.Set("rapid.checks", strconv.Itoa(cmp.Or(askedChecks(), n))); err != nil {
			t.Fatal(err)
		}
		e := engine.New(db, targets.All(db), zap.NewNop())
		rapid.Check(t, func(t *rapid.T) {
			empty(t, db)
			check(t, e, db)
		})
	})
}

// askedChecks is how many checks somebody asked for; 0 when nobody did.
var askedChecks = sync.OnceValue(func() (n int) {
	n, _ = strconv.Atoi(os.Getenv("RAPID_CHECKS"))
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "rapid.checks" {
			n, _ = strconv.Atoi(f.Value.String())
		}
	})
	return n
})

func empty(t failer, db *schema.DB) {
	t.Helper()
	tx, err := db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatalf("empty the tables: %v", err)
	}
	defer tx.Rollback()
	for _, table := range []string{
		"users", "departments", "main_departments_path", "departmentsUsers", "rolesUsers",
		"userDataSyncRecords", "userDataSyncRecordsResources", "records", "pending", "kept_memberships",
		"runs", "chunks", "plan_departments", "plan_users", "plan_memberships", "snapshots", "snapshot_records", "conflicts",
	} {
		if _, err := db.On(tx).Exec(t.Context(), "DELETE FROM {"+table+"}"); err != nil {
			t.Fatalf("empty %s: %v", table, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatalf("empty the tables: %v", err)
	}
}

// A randomPush is a push before it is cut into bodies.
type randomPush struct {
	source, matchKey   string
	departments, users []object
}

// The values are few, so that they meet.
var (
	departmentUIDs = []any{"d1", "d2", "d3", "d4", "部门", json.Number("7")}
	namedUIDs      = append(slices.Clone(departmentUIDs), "d8", "d9") // which never arrive
	userUIDs       = []any{"u1", "u2", "u3", "U1", json.Number("42"), json.Number("1e2")}
	usernames      = []any{"ann", "bob", "Ann"}
	emails         = []any{"a@x", "b@x", "c@x"}
	phones         = []any{"1", json.Number("2")}
)

func drawPush(t *rapid.T) randomPush {
	return randomPush{
		source:      rapid.SampledFrom([]string{"hr", "hr", "crm"}).Draw(t, "source"),
		matchKey:    rapid.SampledFrom([]string{"", "", "username", "email", "phone"}).Draw(t, "matchKey"),
		departments: rapid.SliceOfN(rapid.Custom(drawDepartment), 0, 6).Draw(t, "departments"),
		users:       rapid.SliceOfN(rapid.Custom(drawUser), 0, 6).Draw(t, "users"),
	}
}

func drawDepartment(t *rapid.T) object {
	d := object{"uid": rapid.SampledFrom(departmentUIDs).Draw(t, "uid")}
	state(t, d, "title", nil, "A", "B", "", "研发", json.Number("3"))
	state(t, d, "parentUid", append([]any{nil, ""}, namedUIDs...)...)
	spoil(t, d, "title")
	return d
}

func drawUser(t *rapid.T) object {
	u := object{"uid": rapid.SampledFrom(userUIDs).Draw(t, "uid")}
	state(t, u, "nickname", nil, "", "Ann", "Bob", "安娜 😀")
	state(t, u, "username", append(slices.Clone(usernames), nil, "")...)
	state(t, u, "email", append(slices.Clone(emails), nil, "")...)
	state(t, u, "phone", append(slices.Clone(phones), nil)...)
	switch rapid.IntRange(0, 9).Draw(t, "speaks of departments") {
	case 0:
		u["departments"] = nil
	case 1, 2, 3, 4, 5, 6:
		u["departments"] = slices.Clone(rapid.SliceOfN(rapid.Custom(drawMembership), 0, 3).Draw(t, "memberships"))
	}
	spoil(t, u, "nickname")
	return u
}

// state has a record state one of the values, or nothing.
func state(t *rapid.T, r object, field string, values ...any) {
	if rapid.Bool().Draw(t, "states "+field) {
		r[field] = rapid.SampledFrom(values).Draw(t, field)
	}
}

// spoil makes of a few records what is none, or what has more than it should.
func spoil(t *rapid.T, r object, text string) {
	switch rapid.IntRange(0, 30).Draw(t, "kind") {
	case 0:
		delete(r, "uid")
	case 1:
		r["uid"] = ""
	case 2:
		r[text] = object{"first": "Ann"}
	case 3:
		r["departments"] = "d1"
	case 4:
		r["roles"] = []any{"admin"}
	case 5:
		r["password"] = "hunter2"
	case 6:
		r["shoeSize"] = json.Number("43")
	}
}

func drawMembership(t *rapid.T) any {
	uid := rapid.SampledFrom(namedUIDs).Draw(t, "uid")
	if rapid.Bool().Draw(t, "plain") {
		return uid
	}
	m := object{"uid": uid}
	state(t, m, "isOwner", true, false, nil)
	state(t, m, "isMain", true, false, nil)
	return m
}

// cut makes bodies of a push, cut anywhere; records of a type keep their order.
func (p randomPush) cut(t *rapid.T) engine.Push {
	var bodies []engine.Body
	rest := map[plugin.Type][]object{plugin.Department: p.departments, plugin.User: p.users}
	for len(rest[plugin.Department])+len(rest[plugin.User]) > 0 {
		kind := plugin.Department
		if len(rest[kind]) == 0 || len(rest[plugin.User]) > 0 && rapid.Bool().Draw(t, "users first") {
			kind = plugin.User
		}
		n := rapid.IntRange(1, len(rest[kind])).Draw(t, "body of")
		bodies = append(bodies, bodyOf(kind, rest[kind][:n]))
		rest[kind] = rest[kind][n:]
	}
	return pushBodies(p.source, p.matchKey, bodies...)
}

func (p randomPush) none() bool { return len(p.departments)+len(p.users) == 0 }

// do pushes, and checks what holds of every push.
func (p randomPush) do(t *rapid.T, e *engine.Engine, db *schema.DB) *engine.Report {
	t.Helper()
	return p.doCut(t, e, db, p.cut(t))
}

func (p randomPush) doCut(t *rapid.T, e *engine.Engine, db *schema.DB, push engine.Push) *engine.Report {
	t.Helper()
	r, err := e.Push(t.Context(), push, nil)
	if err != nil {
		t.Fatalf("Push() = %v", err)
	}
	checkCounts(t, r, len(p.departments), len(p.users))
	checkInvariants(t, db)
	return r
}

func same(t failer, what string, want, got any) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// After every push the database is what the model says, and the push is
// counted as the model counts it.
func TestEveryPushDoesWhatTheRulesSay(t *testing.T) {
	property(t, 100, 15, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		m := newModel()
		for range rapid.IntRange(1, 5).Draw(t, "pushes") {
			for range rapid.IntRange(0, 2).Draw(t, "acts of an operator") {
				actByHand(t, db, m)
			}
			p := drawPush(t)
			if p.none() {
				continue
			}
			r := p.do(t, e, db)
			want := m.push(p.source, p.matchKey, p.departments, p.users)
			same(t, "the database is not as the rules say", m.directory(), readDirectory(t, db).without())
			same(t, "the counts differ", want, map[plugin.Type]counted{
				plugin.Department: countedOf(r.Task.Counts["department"]), plugin.User: countedOf(r.Task.Counts["user"]),
			})
		}
	})
}

func countedOf(c engine.Counts) counted {
	return counted{c.Created, c.Linked, c.Updated, c.Unchanged, c.Failed, c.Skipped}
}

// A push that is done again finds nothing to do. Where records failed it may
// take a few times: one that gave way to a record that failed itself has its
// turn then.
func TestSamePushAgainChangesNothing(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			p := drawPush(t)
			if p.none() {
				continue
			}
			r := p.do(t, e, db)
			failed, before := -1, directory{}
			for n := failedIn(r); n != failed; n = failedIn(r) {
				if failed >= 0 && n > failed {
					t.Errorf("the same push again: %d failed, after %d", n, failed)
				}
				failed, before = n, readDirectory(t, db)
				r = p.do(t, e, db)
			}
			same(t, "the same push again changed something", before, readDirectory(t, db))
			for kind, c := range r.Task.Counts {
				if c.Created+c.Linked+c.Updated+c.Deleted > 0 {
					t.Errorf("the same push again: %s: %v", kind, c)
				}
			}
			for _, item := range everyItem(t, e, r.Task) {
				if item.Op != "fail" && item.Op != "skip" {
					t.Errorf("the same push again has an item %+v", item)
				}
			}
		}
	})
}

func failedIn(r *engine.Report) int {
	return r.Task.Counts["user"].Failed + r.Task.Counts["department"].Failed
}

func everyItem(t failer, e *engine.Engine, task engine.Task) []engine.Item {
	t.Helper()
	items, err := e.Items(t.Context(), engine.ItemFilter{Task: task.ID, Limit: 1000})
	if err != nil {
		t.Fatalf("Items() = %v", err)
	}
	return items
}

// A plan says what the push then does, and changes nothing.
func TestPlanIsWhatPushDoes(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			p := drawPush(t)
			if p.none() {
				continue
			}
			before := readDirectory(t, db)
			push := p.cut(t)
			plan, err := e.Plan(t.Context(), push, nil)
			if err != nil {
				t.Fatalf("Plan() = %v", err)
			}
			same(t, "planning changed something", before, readDirectory(t, db))
			r := p.doCut(t, e, db, push)
			same(t, "the push's counts are not the plan's", plan.Task.Counts, r.Task.Counts)
			same(t, "the push's results are not the plan's", plan.Result, r.Result)
			same(t, "the push's items are not the plan's", asPlanned(plan.Items), asPlanned(everyItem(t, e, r.Task)))
		}
	})
}

// asPlanned leaves out of items what cannot be the same: the ids of rows to
// come, and whether it has been done.
func asPlanned(items []engine.Item) []engine.Item {
	for i := range items {
		items[i].RowID = ""
		if items[i].State == "applied" {
			items[i].State = "planned"
		}
	}
	return items
}

// Where no two records want the same, it does not matter which comes first.
func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		var pushes []randomPush
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			if p := drawPeaceful(t); !p.none() {
				pushes = append(pushes, p)
			}
		}
		for _, p := range pushes {
			p.do(t, e, db)
		}
		want := readDirectory(t, db)
		empty(t, db)
		for _, p := range pushes {
			p.departments = rapid.Permutation(p.departments).Draw(t, "departments in another order")
			p.users = rapid.Permutation(p.users).Draw(t, "users in another order")
			p.do(t, e, db)
		}
		same(t, "another order came to another end", want.without(), readDirectory(t, db).without())
	})
}

// drawPeaceful draws a push of one source in which every uid and every unique
// value is stated at most once.
func drawPeaceful(t *rapid.T) randomPush {
	p := drawPush(t)
	p.source, p.matchKey = "hr", ""
	uid := func(r object) string { return uidOf(r["uid"]) }
	p.departments = distinct(p.departments, uid)
	p.users = distinct(p.users, uid)
	values := map[string][]string{
		"username": {"a", "b", "c", "d", "e", "f"}, "email": {"1@x", "2@x", "3@x", "4@x", "5@x", "6@x"}, "phone": {"1", "2", "3", "4", "5", "6"},
	}
	for _, column := range uniqueColumns {
		shuffled := rapid.Permutation(values[column]).Draw(t, column+"s")
		for i, u := range p.users {
			u[column] = shuffled[i]
		}
	}
	return p
}

func distinct(records []object, key func(object) string) []object {
	seen := map[string]bool{}
	return slices.DeleteFunc(records, func(r object) bool {
		twice := seen[key(r)]
		seen[key(r)] = true
		return twice
	})
}
