package engine_test

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// A part is one push of a snapshot.
type part struct {
	id     string
	done   bool
	counts map[plugin.Type]int
	bodies []engine.Body
	want   string // what the message begins with; empty for none of that
	users  string // nicknames that are there then
}

func people(uids string) engine.Body {
	var records []string
	for _, uid := range strings.Fields(uids) {
		records = append(records, `{"uid":"`+uid+`","nickname":"`+uid+`"}`)
	}
	return users(records...)
}

func places(uids string) engine.Body {
	var records []string
	for _, uid := range strings.Fields(uids) {
		records = append(records, `{"uid":"`+uid+`","title":"`+uid+`"}`)
	}
	return departments(records...)
}

// readingOf is a push of a part of a snapshot by a source that deletes whom it
// does not have.
func readingOf(p part) engine.Push {
	push := engine.Push{Source: "hr", Options: unguarded(engine.Delete)}
	if p.id != "" {
		push.Snapshot = &engine.Snapshot{ID: p.id, Done: p.done, Counts: p.counts}
	}
	return push
}

// bring pushes a part and wants what it says of itself.
func (c *company) bring(p part) *engine.Report {
	c.Helper()
	r := c.pushAs(readingOf(p), p.bodies...)
	if p.want != "" && !strings.HasPrefix(r.Task.Message, p.want) || p.want == "" && strings.Contains(r.Task.Message, "nothing is taken for gone") {
		c.Errorf("message %q, want one that begins with %q", r.Task.Message, p.want)
	}
	names := c.list(`SELECT nickname FROM {users} UNION ALL SELECT title FROM {departments} ORDER BY 1`)
	if got := strings.Join(names, " "); got != p.users {
		c.Errorf("after part %+v there are %q, want %q", p.id, got, p.users)
	}
	return r
}

func bothCounted(departments, users int) map[plugin.Type]int {
	return map[plugin.Type]int{plugin.Department: departments, plugin.User: users}
}

func usersCounted(n int) map[plugin.Type]int { return map[plugin.Type]int{plugin.User: n} }

// All begins with users a to e and departments S and T.
func TestSnapshot(t *testing.T) {
	for _, snapshot := range []struct {
		name  string
		parts []part
	}{
		{"complete in one part, without counts", []part{
			{"1", true, nil, []engine.Body{people("a b"), places("S")}, "", "S a b"},
		}},
		{"complete in one part, with counts", []part{
			{"1", true, bothCounted(1, 2), []engine.Body{people("a b"), places("S")}, "", "S a b"},
		}},
		{"in parts, with counts of all of them", []part{
			{"1", false, nil, []engine.Body{people("a b")}, "", "S T a b c d e"},
			{"1", false, nil, []engine.Body{people("c"), places("S")}, "", "S T a b c d e"},
			{"1", true, bothCounted(1, 4), []engine.Body{people("n")}, "", "S a b c n"},
		}},
		{"counts are those of the part that ends it", []part{
			{"1", false, usersCounted(100), []engine.Body{people("a b")}, "", "S T a b c d e"},
			{"1", true, usersCounted(3), []engine.Body{people("c")}, "", "S T a b c"},
		}},
		{"counts that are too low", []part{
			{"1", true, usersCounted(1), []engine.Body{people("a b")}, "nothing is taken for gone: the snapshot counts 1 users and 2 came", "S T a b c d e"},
		}},
		{"counts that are too high", []part{
			{"1", true, usersCounted(3), []engine.Body{people("a b")}, "nothing is taken for gone: the snapshot counts 3 users and 2 came", "S T a b c d e"},
		}},
		{"a count that disagrees keeps the other type as well", []part{
			{"1", true, bothCounted(2, 2), []engine.Body{people("a b"), places("S")}, "nothing is taken for gone: the snapshot counts 2 departments and 1 came", "S T a b c d e"},
		}},
		{"in parts, without counts", []part{
			{"1", false, nil, []engine.Body{people("a b")}, "", "S T a b c d e"},
			{"1", true, nil, []engine.Body{people("c")}, "nothing is taken for gone: the snapshot came in parts and does not count its users", "S T a b c d e"},
		}},
		{"in parts, with a count of one type only", []part{
			{"1", false, nil, []engine.Body{people("a b"), places("S")}, "", "S T a b c d e"},
			{"1", true, usersCounted(3), []engine.Body{people("c")}, "nothing is taken for gone: the snapshot came in parts and does not count its departments", "S T a b c d e"},
		}},
		{"a type that is not spoken of", []part{
			{"1", true, nil, []engine.Body{people("a")}, "", "S T a"},
			{"2", true, usersCounted(1), []engine.Body{people("b")}, "", "S T b"},
			{"3", true, nil, []engine.Body{places("S")}, "", "S b"},
		}},
		{"a type counted to be empty", []part{
			{"1", true, bothCounted(0, 5), []engine.Body{people("a b c d e")}, "", "a b c d e"},
		}},
		{"a record that comes twice counts once", []part{
			{"1", false, nil, []engine.Body{people("a b")}, "", "S T a b c d e"},
			{"1", true, usersCounted(3), []engine.Body{people("b c c")}, "", "S T a b c"},
		}},
		{"a part that is sent twice", []part{
			{"1", false, nil, []engine.Body{people("a b")}, "", "S T a b c d e"},
			{"1", false, nil, []engine.Body{people("a b")}, "", "S T a b c d e"},
			{"1", true, usersCounted(3), []engine.Body{people("c")}, "", "S T a b c"},
		}},
		{"a record that failed is there", []part{
			{"1", true, usersCounted(3), []engine.Body{people("a"), users(`{"uid":"b","nickname":7,"phone":[1]}`, `{"uid":"c","departments":"S"}`)}, "3 of 5 applied, 2 failed; user: 2 deleted", "S T a b c"},
		}},
		{"a record that failed in an earlier part is there", []part{
			{"1", false, nil, []engine.Body{users(`{"uid":"b","phone":[1]}`)}, "0 of 1 applied, 1 failed", "S T a b c d e"},
			{"1", true, usersCounted(2), []engine.Body{people("a")}, "", "S T a b"},
		}},
		{"a record whose uid cannot be read", []part{
			{"1", true, nil, []engine.Body{people("a"), users(`{"nickname":"?"}`)}, "1 of 2 applied, 1 failed; nothing is taken for gone: a user came without a uid that could be read", "S T a b c d e"},
		}},
		{"a record whose uid cannot be read, in an earlier part", []part{
			{"1", false, nil, []engine.Body{people("a"), users(`{"uid":["a"]}`)}, "1 of 2 applied, 1 failed", "S T a b c d e"},
			{"1", true, usersCounted(3), []engine.Body{people("b")}, "nothing is taken for gone: a user came without a uid that could be read", "S T a b c d e"},
		}},
		{"a tombstone in it", []part{
			{"1", true, nil, []engine.Body{people("a"), users(`{"uid":"b","isDeleted":true}`)}, "", "S T a"},
		}},
		{"a push beside it", []part{
			{"1", false, nil, []engine.Body{people("a")}, "", "S T a b c d e"},
			{"", false, nil, []engine.Body{people("n b")}, "", "S T a b c d e n"},
			{"1", true, usersCounted(2), []engine.Body{people("c")}, "", "S T a b c n"},
		}},
		{"a push beside it is none of its parts", []part{
			{"1", false, nil, []engine.Body{people("a")}, "", "S T a b c d e"},
			{"", false, nil, []engine.Body{people("n b")}, "", "S T a b c d e n"},
			{"1", true, usersCounted(4), []engine.Body{people("c")}, "nothing is taken for gone: the snapshot counts 4 users and 2 came", "S T a b c d e n"},
		}},
		{"a push of an unchanged record beside it", []part{
			{"1", false, nil, []engine.Body{people("a")}, "", "S T a b c d e"},
			{"", false, nil, []engine.Body{people("e")}, "", "S T a b c d e"},
			{"1", true, usersCounted(1), []engine.Body{people("a")}, "", "S T a e"},
		}},
		{"given up for a newer one", []part{
			{"1", false, nil, []engine.Body{people("a b c d")}, "", "S T a b c d e"},
			{"2", false, nil, []engine.Body{people("a")}, "", "S T a b c d e"},
			{"2", true, usersCounted(2), []engine.Body{people("b")}, "", "S T a b"},
		}},
		{"given up for a newer one that is whole", []part{
			{"1", false, nil, []engine.Body{people("a b c d")}, "", "S T a b c d e"},
			{"2", true, nil, []engine.Body{people("a")}, "", "S T a"},
		}},
		{"one after the other", []part{
			{"1", true, nil, []engine.Body{people("a b")}, "", "S T a b"},
			{"2", true, nil, []engine.Body{people("b c")}, "", "S T b c"},
			{"3", true, nil, []engine.Body{people("b c")}, "", "S T b c"},
		}},
	} {
		t.Run(snapshot.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", people("a b c d e"), places("S T"))
				for _, p := range snapshot.parts {
					c.bring(p)
				}
				done := snapshot.parts[len(snapshot.parts)-1].done
				if left := c.list(`SELECT id FROM {snapshots} UNION ALL SELECT uid FROM {snapshot_records} WHERE type <> ''`); done && len(left) > 0 {
					c.Errorf("of the snapshot that is done %q is left", left)
				}
			})
		})
	}
}

func TestSnapshotIsOfOneSource(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", people("a b"))
		c.push("it", people("x y"))
		c.bring(part{"1", false, nil, []engine.Body{people("a")}, "", "a b x y"})
		c.pushAs(engine.Push{Source: "it", Snapshot: whole(), Options: unguarded(engine.Delete)}, people("x"))
		c.bring(part{"1", true, usersCounted(1), []engine.Body{people("a")}, "", "a x"})
	})
}

// Parts of a snapshot that another has replaced are refused, so that they are
// not taken for the whole of a third.
func TestSnapshotThatWasGivenUpIsStale(t *testing.T) {
	for _, late := range []part{
		{"1", false, nil, []engine.Body{people("c")}, "", ""},
		{"1", true, nil, []engine.Body{people("c")}, "", ""},
		{"1", true, usersCounted(3), []engine.Body{people("c")}, "", ""},
	} {
		t.Run(toJSON(late.done)+" "+toJSON(late.counts), func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", people("a b c d e"))
				c.bring(part{"1", false, nil, []engine.Body{people("a b")}, "", "a b c d e"})
				c.bring(part{"2", false, nil, []engine.Body{people("a")}, "", "a b c d e"})
				before := c.dump("runs")
				err := c.rejected(readingOf(late), late.bodies...)
				c.wantError(err, plugin.Stale, "/snapshot/id")
				c.unchanged(before, "runs")
				c.bring(part{"2", true, usersCounted(2), []engine.Body{people("b")}, "", "a b"})
				c.wantError(c.rejected(readingOf(late), late.bodies...), plugin.Stale, "/snapshot/id") // and ever after
				c.wantUsers("nickname", "a", "b")
			})
		})
	}
}

// A snapshot that began while an older one's part was still on its way has
// replaced that one.
func TestSnapshotThatIsStillReadWhenANewerOneBeginsIsStale(t *testing.T) {
	two(t, func(older, newer *company) {
		older.push("hr", people("a b c d e"))
		err := older.slowly(readingOf(part{id: "1", done: true}), func() {
			newer.bring(part{"2", false, nil, []engine.Body{people("a")}, "", "a b c d e"})
		}, people("b"))
		older.wantError(err, plugin.Stale, "/snapshot/id")
		newer.bring(part{"2", true, usersCounted(2), []engine.Body{people("c")}, "", "a c"})
	})
}

// A guard that holds the last part leaves the snapshot open: the same part is
// pushed again once it is allowed.
func TestSnapshotThatAGuardHeldIsEndedLater(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", people("a b c d e f g h"))
		c.bring(part{"1", false, nil, []engine.Body{people("a")}, "", "a b c d e f g h"})
		last := engine.Push{Source: "hr", Snapshot: &engine.Snapshot{ID: "1", Done: true, Counts: usersCounted(2)}}
		last.Options = with(func(o *engine.Options) { o.Removal.User = engine.Delete })
		for range 2 {
			before := c.dump("runs")
			c.wantError(c.rejected(last, people("b")), plugin.Guard, "/sync/guards/usersRemoved")
			c.unchanged(before, "runs")
		}
		last.Options = unguarded(engine.Delete)
		c.pushAs(last, people("b"))
		c.wantUsers("nickname", "a", "b")
	})
}

func TestSnapshotThatIsPlannedWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", people("a b c"))
		own := func() []string {
			return []string{"runs", "plan_users", "plan_departments", "plan_memberships", "counters"}
		}
		plan := func(p part) *engine.Report {
			push := readingOf(p)
			push.Bodies = bodies(p.bodies)
			before := c.dump(own()...)
			r, err := c.engine.Plan(c.Context(), push, nil)
			if err != nil {
				c.Fatal(err)
			}
			c.unchanged(before, own()...)
			return r
		}
		whole := plan(part{id: "1", done: true, bodies: []engine.Body{people("a")}})
		c.same("plan of a whole", c.items(whole), "delete user b: its source does not have it any more", "delete user c: its source does not have it any more")
		plan(part{id: "1", bodies: []engine.Body{people("a")}})
		c.bring(part{"1", false, nil, []engine.Body{people("a")}, "", "a b c"})
		plan(part{id: "2", bodies: []engine.Body{people("a")}})
		plan(part{bodies: []engine.Body{people("b")}})
		last := plan(part{id: "1", done: true, counts: usersCounted(2), bodies: []engine.Body{people("c")}})
		c.same("plan of the last part", c.items(last), "delete user b: its source does not have it any more")
		c.bring(part{"1", true, usersCounted(2), []engine.Body{people("c")}, "", "a c"})
	})
}

func TestSnapshotsAreChecked(t *testing.T) {
	for _, wrong := range []struct {
		snapshot engine.Snapshot
		path     string
	}{
		{engine.Snapshot{Done: true}, "/snapshot/id"},
		{engine.Snapshot{ID: strings.Repeat("x", 256)}, "/snapshot/id"},
		{engine.Snapshot{ID: "1", Counts: usersCounted(-1)}, "/snapshot/counts/user"},
	} {
		t.Run(wrong.path, func(t *testing.T) {
			each(t, func(c *company) {
				c.wantError(c.rejected(engine.Push{Source: "hr", Snapshot: &wrong.snapshot}, people("a")), plugin.Data, wrong.path)
				c.same("runs", c.list(`SELECT * FROM {runs}`))
			})
		})
	}
}
