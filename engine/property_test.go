package engine_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"maps"
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
	databases(t, func(t *testing.T, db *schema.DB) {
		n := sqlite
		if db.Dialect() == "postgres" {
			n = postgres
		}
		if schematest.UnderRace || testing.Short() {
			n = max(1, n/5)
		}
		if err := flag.Set("rapid.checks", strconv.Itoa(cmp.Or(askedChecks(), n))); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"users", "departments"} {
			if _, err := db.On(db).Exec(t.Context(), `ALTER TABLE {`+table+`} ADD COLUMN status varchar(255)`); err != nil {
				t.Fatalf("add a custom column to %s: %v", table, err)
			}
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
	for _, q := range []string{`DELETE FROM {cursors}`, `UPDATE {host} SET witness_id = NULL, witness_at = NULL`} {
		if _, err := db.On(tx).Exec(t.Context(), q); err != nil {
			t.Fatalf("empty the tables: %v", err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatalf("empty the tables: %v", err)
	}
}

// A randomCompany is what stays as it is while pushes come: how its sources are
// synchronized.
type randomCompany struct {
	options map[string]*engine.Options
	counts  map[string]map[plugin.Type]map[string]bool // what has come in the parts of snapshots
	open    map[string]string                          // by source, the snapshot that is not done
}

func drawCompany(t *rapid.T) randomCompany {
	c := randomCompany{map[string]*engine.Options{}, map[string]map[plugin.Type]map[string]bool{}, map[string]string{}}
	for _, source := range []string{"hr", "crm"} {
		c.options[source] = drawOptions(t)
	}
	return c
}

func drawOptions(t *rapid.T) *engine.Options {
	one := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	o := &engine.Options{
		Removal: engine.Removal{
			User:       one("removal of users", "", "", engine.Keep, engine.Unlink, engine.Disabling, engine.Delete),
			Department: one("removal of departments", "", "", engine.Keep, engine.Unlink, engine.Disabling, engine.Delete),
			Children:   one("removal of children", "reparent", "remove"),
		},
		Conflict:        one("conflict", "link", "link", "skip", "fail"),
		Memberships:     one("memberships", "own", "own", "adopt", "all"),
		Drift:           one("drift", "repair", "repair", "keep"),
		DepartmentMatch: one("departmentMatch", "", "", "title", "path"),
		IgnoreCase:      rapid.Bool().Draw(t, "ignoreCase"),
	}
	if o.Removal.User == engine.Disabling || o.Removal.Department == engine.Disabling {
		fields := []string{"status"}
		switch {
		case o.Removal.Department != engine.Disabling:
			fields = append(fields, "nickname")
		case o.Removal.User != engine.Disabling:
			fields = append(fields, "title")
		}
		o.Removal.Disable.Field = one("field that disables", fields...)
		o.Removal.Disable.Value = rapid.SampledFrom([]any{"left", "left", nil}).Draw(t, "value that disables")
	}
	return o
}

// A randomPush is a push before it is cut into bodies.
type randomPush struct {
	source, matchKey   string
	departments, users []object
	snapshot           *engine.Snapshot
	options            *engine.Options
}

// The values are few, so that they meet.
var (
	departmentUIDs = []any{"d1", "d2", "d3", "d4", "部门", json.Number("7")}
	namedUIDs      = append(slices.Clone(departmentUIDs), "d8", "d9") // which never arrive
	userUIDs       = []any{"u1", "u2", "u3", "U1", json.Number("42"), json.Number("1e2")}
	usernames      = []any{"ann", "bob", "Ann"}
	emails         = []any{"a@x", "b@x", "A@x"}
	phones         = []any{"1", json.Number("2")}
)

func (c randomCompany) draw(t *rapid.T) randomPush {
	p := randomPush{
		source:      rapid.SampledFrom([]string{"hr", "hr", "crm"}).Draw(t, "source"),
		matchKey:    rapid.SampledFrom([]string{"", "", "username", "email", "phone"}).Draw(t, "matchKey"),
		departments: rapid.SliceOfN(rapid.Custom(drawDepartment), 0, 6).Draw(t, "departments"),
		users:       rapid.SliceOfN(rapid.Custom(drawUser), 0, 6).Draw(t, "users"),
	}
	p.options = c.options[p.source]
	if rapid.IntRange(0, 3).Draw(t, "whole") == 0 {
		p.snapshot = &engine.Snapshot{ID: "all", Done: true}
		delete(c.open, p.source)
		drawCounts(t, p.snapshot, p.distinct(nil))
	}
	return p
}

// drawPart draws a push that may be a part of a snapshot.
func (c randomCompany) drawPart(t *rapid.T) randomPush {
	p := c.draw(t)
	if p.snapshot != nil || !rapid.Bool().Draw(t, "part") {
		return p
	}
	if c.open[p.source] == "" || rapid.IntRange(0, 3).Draw(t, "another snapshot") == 0 {
		c.open[p.source] = "s" + strconv.Itoa(len(c.counts))
	}
	p.snapshot = &engine.Snapshot{ID: c.open[p.source], Done: rapid.Bool().Draw(t, "done")}
	of := p.source + p.snapshot.ID
	c.counts[of] = p.distinct(c.counts[of])
	if p.snapshot.Done {
		drawCounts(t, p.snapshot, c.counts[of])
		delete(c.open, p.source)
	}
	return p
}

// distinct are the uids of a push and those given.
func (p randomPush) distinct(more map[plugin.Type]map[string]bool) map[plugin.Type]map[string]bool {
	uids := map[plugin.Type]map[string]bool{plugin.Department: {}, plugin.User: {}}
	for kind := range uids {
		maps.Copy(uids[kind], more[kind])
	}
	for key := range first(p.names()) {
		uids[key.kind][key.uid] = true
	}
	return uids
}

func first[A, B any](a A, _ B) A { return a }

// drawCounts has a snapshot count what came: rightly, most often.
func drawCounts(t *rapid.T, s *engine.Snapshot, came map[plugin.Type]map[string]bool) {
	for _, kind := range []plugin.Type{plugin.Department, plugin.User} {
		switch rapid.IntRange(0, 9).Draw(t, "counts "+string(kind)) {
		case 0, 1:
			continue
		case 2:
			came[kind] = map[string]bool{"one": true, "two": true}
		}
		if s.Counts == nil {
			s.Counts = map[plugin.Type]int{}
		}
		s.Counts[kind] = len(came[kind])
	}
}

func drawDepartment(t *rapid.T) object {
	d := object{"uid": rapid.SampledFrom(departmentUIDs).Draw(t, "uid")}
	state(t, d, "title", nil, "A", "a", "B", "", "研发", json.Number("3"))
	sometimes(t, d, "status", nil, "left", "here")
	state(t, d, "parentUid", append([]any{nil, ""}, namedUIDs...)...)
	spoil(t, d, "title")
	return d
}

func drawUser(t *rapid.T) object {
	u := object{"uid": rapid.SampledFrom(userUIDs).Draw(t, "uid")}
	state(t, u, "nickname", nil, "", "Ann", "Bob", "安娜 😀")
	sometimes(t, u, "status", nil, "left", "here")
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

// sometimes is state for what is rarely stated.
func sometimes(t *rapid.T, r object, field string, values ...any) {
	if rapid.IntRange(0, 5).Draw(t, "speaks of "+field) == 0 {
		state(t, r, field, values...)
	}
}

// spoil makes of some records what is gone, and of a few what is none, or what
// has more than it should.
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
	case 7, 8, 9, 10, 11, 12:
		r["isDeleted"] = true
	case 13:
		r["isDeleted"] = false
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
	push := pushBodies(p.source, p.matchKey, bodies...)
	push.Snapshot, push.Options = p.snapshot, p.options
	return push
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
	checkInvariants(t, db, loose()...)
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
		c := drawCompany(t)
		m := newModel(c.options)
		for range rapid.IntRange(1, 5).Draw(t, "pushes") {
			for range rapid.IntRange(0, 2).Draw(t, "acts of an operator") {
				actByHand(t, db, m)
			}
			p := c.drawPart(t)
			if p.none() {
				continue
			}
			r := p.do(t, e, db)
			want := m.push(p)
			same(t, "the database is not as the rules say", m.directory(), readDirectory(t, db).without())
			same(t, "the counts differ", want, map[plugin.Type]counted{
				plugin.Department: countedOf(r.Task.Counts["department"]), plugin.User: countedOf(r.Task.Counts["user"]),
			})
		}
	})
}

func countedOf(c engine.Counts) counted {
	return counted{c.Created, c.Linked, c.Updated, c.Unchanged, c.Failed, c.Skipped, c.Deleted, c.Disabled, c.Unlinked, c.Kept}
}

// A push that is done again finds nothing to do. Where records failed, then or
// before, it may take a few times: one that gave way to a record that failed
// itself has its turn then.
func TestSamePushAgainChangesNothing(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		c := drawCompany(t)
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			p := c.draw(t)
			if p.none() {
				continue
			}
			r := p.do(t, e, db)
			failed, before, after := failedIn(r), directory{}, readDirectory(t, db)
			for gocmp.Diff(before, after) != "" {
				before = after
				r = p.do(t, e, db)
				if n := failedIn(r); n > failed {
					t.Errorf("the same push again: %d failed, after %d", n, failed)
				}
				failed, after = failedIn(r), readDirectory(t, db)
			}
			same(t, "the same push again changed something", before, readDirectory(t, db))
			for kind, c := range r.Task.Counts {
				if c.Created+c.Linked+c.Updated+c.Deleted+c.Disabled+c.Unlinked+c.Kept > 0 {
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
		c := drawCompany(t)
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			p := c.drawPart(t)
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
			items[i].State, items[i].Along = "planned", 0 // what goes along is known when it has gone
		}
	}
	return items
}

// Where no two records want the same, it does not matter which comes first.
func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		var pushes []randomPush
		c := drawCompany(t)
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			if p := c.drawPeaceful(t); !p.none() {
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
func (c randomCompany) drawPeaceful(t *rapid.T) randomPush {
	p := c.draw(t)
	p.source, p.matchKey, p.options = "hr", "", c.options["hr"]
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

// A whole directory in one push comes to the same end as in the parts of a
// snapshot, where no two records want the same: departments before people, in
// any order and cut anywhere.
func TestSnapshotInPartsDoesTheSame(t *testing.T) {
	property(t, 60, 10, func(t *rapid.T, e *engine.Engine, db *schema.DB) {
		var pushes []randomPush
		c := drawCompany(t)
		for range rapid.IntRange(1, 3).Draw(t, "pushes") {
			if p := c.drawDirectory(t); len(p.departments) > 0 && len(p.users) > 0 {
				pushes = append(pushes, p)
			}
		}
		for _, p := range pushes {
			p.do(t, e, db)
		}
		want := readDirectory(t, db)
		empty(t, db)
		for _, p := range pushes {
			for _, part := range p.parts(t) {
				part.do(t, e, db)
			}
		}
		same(t, "parts came to another end", want.without(), readDirectory(t, db).without())
	})
}

// drawDirectory draws a whole directory that is sound: everybody has values of
// their own, from one push to the next, no department stands below itself, and
// what is named is there or never was.
func (c randomCompany) drawDirectory(t *rapid.T) randomPush {
	p := c.drawPeaceful(t)
	unnamed := func(r object) bool { return uidOf(r["uid"]) == "" }
	p.departments, p.users = slices.DeleteFunc(p.departments, unnamed), slices.DeleteFunc(p.users, unnamed)
	// A parent always has the lesser uid: what two parts of a snapshot would make a
	// circle of, where two departments swap, the first of them is refused.
	slices.SortFunc(p.departments, func(a, b object) int { return cmp.Compare(uidOf(a["uid"]), uidOf(b["uid"])) })
	there := []any{"d8", "d9"} // which never arrive
	for _, d := range p.departments {
		d["parentUid"] = rapid.SampledFrom(there).Draw(t, "parent")
		there = append(there, d["uid"])
		if _, stated := d["title"]; stated {
			d["title"] = "title of " + uidOf(d["uid"])
		}
		delete(d, "isDeleted")
	}
	for _, u := range p.users {
		for _, column := range uniqueColumns {
			u[column] = column + " of " + uidOf(u["uid"])
		}
		if list, ok := u["departments"].([]any); ok {
			u["departments"] = slices.DeleteFunc(list, func(v any) bool { return !slices.Contains(there, departmentOf(v)) })
		}
	}
	p.snapshot = &engine.Snapshot{ID: "one", Done: true, Counts: map[plugin.Type]int{plugin.Department: len(p.departments), plugin.User: len(p.users)}}
	return p
}

func departmentOf(v any) any {
	if o, ok := v.(object); ok {
		return o["uid"]
	}
	return v
}

// parts cuts a push into the parts of a snapshot.
func (p randomPush) parts(t *rapid.T) (parts []randomPush) {
	departments := rapid.Permutation(p.departments).Draw(t, "departments in another order")
	users := rapid.Permutation(p.users).Draw(t, "users in another order")
	for len(departments)+len(users) > 0 {
		part := p
		n := rapid.IntRange(0, len(departments)).Draw(t, "departments of the part")
		m := 0
		if n == len(departments) {
			m = rapid.IntRange(0, len(users)).Draw(t, "users of the part")
		}
		if n+m == 0 {
			n, m = len(departments), len(users)
		}
		part.departments, part.users = departments[:n], users[:m]
		departments, users = departments[n:], users[m:]
		part.snapshot = &engine.Snapshot{ID: "parts", Done: len(departments)+len(users) == 0}
		if part.snapshot.Done {
			part.snapshot.Counts = p.snapshot.Counts
		}
		parts = append(parts, part)
	}
	return parts
}

func distinct(records []object, key func(object) string) []object {
	seen := map[string]bool{}
	return slices.DeleteFunc(records, func(r object) bool {
		twice := seen[key(r)]
		seen[key(r)] = true
		return twice
	})
}
