package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// two runs a test with two companies: processes of their own on one database.
func two(t *testing.T, test func(older, newer *company)) {
	t.Helper()
	schematest.EachURL(t, func(t *testing.T, url string) {
		companies := processes(t, url, 2)
		test(companies[0], companies[1])
	})
}

// slowly pushes bodies, and has something happen when the push has begun and
// none of them has been read.
func (c *company) slowly(p engine.Push, meanwhile func(), list ...engine.Body) error {
	c.Helper()
	p.Bodies = func(yield func(engine.Body, error) bool) {
		meanwhile()
		bodies(list)(yield)
	}
	_, err := c.engine.Push(c.Context(), p, nil)
	return err
}

// An older run that is still being read never overwrites what a newer one said.
func TestTheNewerPushHasTheLastWord(t *testing.T) {
	ann, anna, gone := users(`{"uid":"a","nickname":"Ann"}`), users(`{"uid":"a","nickname":"Anna"}`), users(`{"uid":"a","isDeleted":true}`)
	for _, push := range []struct {
		name           string
		before         []engine.Body // before both; may be empty
		older, newer   engine.Body
		olderS, newerS *engine.Snapshot
		want           []string
		skipped        int // of the older one's records
	}{
		{"both say something new", []engine.Body{ann}, users(`{"uid":"a","nickname":"Old"}`), anna, nil, nil, []string{"Anna"}, 1},
		{"the newer says what was known", []engine.Body{ann}, users(`{"uid":"a","nickname":"Old"}`), ann, nil, nil, []string{"Ann"}, 1},
		{"both say what was known", []engine.Body{ann}, ann, ann, nil, nil, []string{"Ann"}, 1},
		{"of a record that is new", nil, users(`{"uid":"a","nickname":"Old"}`), anna, nil, nil, []string{"Anna"}, 1},
		{"the newer removes", []engine.Body{ann}, users(`{"uid":"a","nickname":"Old"}`), gone, nil, nil, nil, 1},
		{"the older removes", []engine.Body{ann}, gone, anna, nil, nil, []string{"Anna"}, 1},
		{"the older removes what the newer found unchanged", []engine.Body{ann}, gone, ann, nil, nil, []string{"Ann"}, 1},
		{"the older does not have what the newer found unchanged", []engine.Body{ann}, people("b"), ann, whole(), nil, []string{"Ann", "b"}, 0},
		{"the older does not have what the newer made", nil, people("b"), anna, whole(), nil, []string{"Anna", "b"}, 0},
		{"the newer does not have what the older says", []engine.Body{ann, people("b")}, users(`{"uid":"a","nickname":"Old"}`), people("b"), nil, whole(), []string{"b"}, 1},
		{"the newer speaks of others", []engine.Body{ann}, users(`{"uid":"a","nickname":"Old"}`), people("b"), nil, nil, []string{"Old", "b"}, 0},
	} {
		t.Run(push.name, func(t *testing.T) {
			two(t, func(older, newer *company) {
				if push.before != nil {
					older.push("hr", push.before...)
				}
				options := unguarded(engine.Delete)
				err := older.slowly(engine.Push{Source: "hr", Snapshot: push.olderS, Options: options}, func() {
					newer.pushAs(engine.Push{Source: "hr", Snapshot: push.newerS, Options: options}, push.newer)
				}, push.older)
				if err != nil {
					older.Fatal(err)
				}
				older.same("users", older.list(`SELECT nickname FROM {users} ORDER BY nickname`), push.want...)
				tasks, err := older.engine.Tasks(older.Context(), engine.TaskFilter{})
				if err != nil {
					older.Fatal(err)
				}
				if older := tasks[1]; older.Counts["user"].Skipped != push.skipped || older.State != engine.Success {
					t.Errorf("the older run is %s: %s; want %d skipped", older.State, older.Message, push.skipped)
				}
			})
		})
	}
}

func TestTheNewerPushHasTheLastWordOnTheTree(t *testing.T) {
	two(t, func(older, newer *company) {
		forest(older)
		err := older.slowly(engine.Push{Source: "hr"}, func() {
			newer.push("hr", departments(`{"uid":"3","title":"Sales","parentUid":"6"}`, `{"uid":"5","title":"Team","parentUid":"4"}`))
		}, departments(`{"uid":"3","title":"Sales"}`, `{"uid":"5","title":"Crew","parentUid":"1"}`, `{"uid":"4","title":"Field work","parentUid":"3"}`))
		if err != nil {
			older.Fatal(err)
		}
		older.soundTree()
		older.wantTree("Company", "  East", "  West", "    Sales", "      Field work", "        Team")
	})
}

func TestWhatIsSkippedForSomethingNewerSaysSo(t *testing.T) {
	two(t, func(older, newer *company) {
		var report *engine.Report
		err := older.slowly(engine.Push{Source: "hr"}, func() { report = newer.push("hr", people("a")) }, users(`{"uid":"a","nickname":"Old"}`))
		if err != nil {
			older.Fatal(err)
		}
		report.Task.ID = "1"
		older.same("items", older.items(report), "skip user a: something newer has been said of it since")
	})
}

// An older run that fails and is retried is older still.
func TestARetryNeverOverwritesWhatWasSaidSince(t *testing.T) {
	for _, said := range []struct {
		name  string
		since engine.Body
		want  []string
	}{
		{"something new", users(`{"uid":"a","nickname":"Anna","email":"other"}`), []string{"Anna other", "By hand -"}},
		{"what was known before", users(`{"uid":"a","nickname":"Ann"}`), []string{"Ann -", "By hand -"}},
		{"that it is gone", users(`{"uid":"a","isDeleted":true}`), []string{"By hand -"}},
		{"nothing", people("b"), []string{"Old held", "By hand -", "b -"}},
	} {
		t.Run(said.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
				c.make("users", "nickname, email", "'By hand', 'held'")
				failed := c.push("hr", users(`{"uid":"a","nickname":"Old","email":"held"}`))
				if len(failures(failed)) != 1 {
					c.Fatalf("failed records %q, want the one", failures(failed))
				}
				c.push("hr", said.since)
				c.hand(`UPDATE {users} SET email = NULL WHERE nickname = 'By hand'`)
				if _, err := c.engine.Retry(c.Context(), failed.Task.ID, nil); err != nil {
					c.Fatal(err)
				}
				c.wantUsers("nickname, email", said.want...)
			})
		})
	}
}

// The options that a run was given are those that it is retried with, to the
// number.
func TestARetryDisablesWithTheValueThatWasGiven(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "active", "integer CHECK (active <> 0 OR nickname <> 'Ann')")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","active":1}`))
		o, err := engine.ParseOptions([]byte(`{"removal":{"user":"disable","disable":{"field":"active","value":0}}}`))
		if err != nil {
			c.Fatal(err)
		}
		r := c.pushAs(engine.Push{Source: "hr", Options: &o}, users(`{"uid":"a","isDeleted":true}`))
		if len(failures(r)) != 1 || r.Result[0].Detail.FailedRecords[0].Kind != plugin.Data {
			c.Fatalf("failed records %q, want the one that the database refuses", failures(r))
		}
		c.edit("users", "nickname = 'Anna'", "id = 1")
		if _, err := c.engine.Retry(c.Context(), r.Task.ID, nil); err != nil {
			c.Fatal(err)
		}
		c.wantUsers("nickname, active", "Anna 0")
	})
}
