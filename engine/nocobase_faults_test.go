package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// Each test here has the way to a fault that was seen in NocoBase's own
// synchronization, and wants what should come of it.

func TestNocoBaseFaultATombstoneMakesNothing(t *testing.T) {
	for _, tombstone := range []struct {
		name string
		body engine.Body
	}{
		{"of a user who was removed", users(`{"uid":"gone","isDeleted":true}`)},
		{"of a user who was removed, with all that was known of her", users(`{"uid":"gone","nickname":"Gone","email":"gone@example.com","departments":["1"],"isDeleted":true}`)},
		{"of a user nobody knows", users(`{"uid":"x","nickname":"Nobody","departments":["1","9"],"isDeleted":true}`)},
		{"of a department that was removed", departments(`{"uid":"9","title":"Gone","parentUid":"1","isDeleted":true}`)},
		{"of a department nobody knows", departments(`{"uid":"x","title":"Nowhere","parentUid":"y","isDeleted":true}`)},
	} {
		t.Run(tombstone.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr",
					departments(`{"uid":"1","title":"Works"}`, `{"uid":"9","title":"Gone","parentUid":"1"}`),
					users(`{"uid":"m","nickname":"Mia","departments":["1"]}`, `{"uid":"gone","nickname":"Gone"}`))
				c.push("hr", departments(`{"uid":"9","isDeleted":true}`), users(`{"uid":"gone","isDeleted":true}`))
				for range 2 {
					r := c.push("hr", tombstone.body)
					c.wantFailed(r)
					for _, result := range r.Result {
						if want := (engine.SyncedCount{All: 1, Success: 1}); result.Detail.Count != want {
							c.Errorf("%s: %+v, want %+v", result.Resource, result.Detail.Count, want)
						}
					}
					c.wantCounts(r, tombstone.body.DataType, engine.Counts{Total: 1, Unchanged: 1})
					c.wantUsers("nickname", "Mia")
					c.same("roles given", c.list(`SELECT count(*) FROM {rolesUsers}`), "1")
					c.wantTree("Works")
					c.wantMembers("Mia in Works, main")
					c.wantClaims("hr: m in Works")
					c.wantLinks("hr: 1 is Works", "hr: m is Mia")
					c.wantWaiting()
				}
			})
		})
	}
}

func TestNocoBaseFaultATombstoneMatchesNobody(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, email", "'By hand', 'hand@example.com'")
		c.push("it", users(`{"uid":"t","nickname":"Tess","email":"tess@example.com"}`))
		r := c.pushBy("email", "hr", users(
			`{"uid":"x","email":"hand@example.com","isDeleted":true}`, `{"uid":"y","email":"tess@example.com","isDeleted":true}`))
		c.wantFailed(r)
		c.wantUsers("nickname", "By hand", "Tess")
		c.wantLinks("it: t is Tess")
	})
}

func TestNocoBaseFaultARemovedDepartmentLeavesItsSubtreeAndPeople(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr",
			departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Works","parentUid":"1"}`,
				`{"uid":"3","title":"Paint","parentUid":"2"}`, `{"uid":"4","title":"Spray","parentUid":"3"}`),
			users(`{"uid":"m","nickname":"Mia","departments":["2","4"]}`, `{"uid":"n","nickname":"Noa","departments":["2"]}`, `{"uid":"o","nickname":"Ola","departments":["3"]}`))
		c.join("Ola", "Works")
		r := c.push("hr", departments(`{"uid":"2","isDeleted":true}`))
		c.wantFailed(r)
		c.wantCounts(r, "department", engine.Counts{Total: 1, Deleted: 1})
		c.wantTree("Company", "  Paint", "    Spray")
		c.wantUsers("nickname", "Mia", "Noa", "Ola")
		c.wantMembers("Mia in Spray, main", "Ola in Paint, main")
		c.wantClaims("hr: m in Spray", "hr: o in Paint")
		c.wantLinks("hr: 1 is Company", "hr: 3 is Paint", "hr: 4 is Spray", "hr: m is Mia", "hr: n is Noa", "hr: o is Ola")
	})
}

func TestNocoBaseFaultARemovedBranchLeavesWhatHangsBelowIt(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"Company"}`, `{"uid":"2","title":"Works","parentUid":"1"}`,
			`{"uid":"3","title":"Paint","parentUid":"2"}`, `{"uid":"4","title":"Spray","parentUid":"3"}`))
		c.make("departments", `id, title, sort, [isLeaf]`, "7, 'By hand', 40, true")
		c.move("By hand", "Spray")
		c.push("hr", departments(`{"uid":"2","isDeleted":true}`, `{"uid":"3","isDeleted":true}`, `{"uid":"4","isDeleted":true}`))
		c.wantTree("Company", "  By hand")
		c.push("hr", departments(`{"uid":"1","isDeleted":true}`))
		c.wantTree("By hand")
	})
}

func TestNocoBaseFaultWhatVanishesFromACompleteReadingIsRemoved(t *testing.T) {
	counts := map[plugin.Type]int{plugin.Department: 1, plugin.User: 2}
	remove := func(o *engine.Options) { o.Removal.User, o.Removal.Department = engine.Delete, engine.Delete }
	asIs := func(*engine.Options) {}
	for _, reading := range []struct {
		name     string
		options  func(*engine.Options)
		snapshot *engine.Snapshot
		removed  bool
	}{
		{"complete", remove, &engine.Snapshot{ID: "second", Done: true, Counts: counts}, true},
		{"not complete", remove, &engine.Snapshot{ID: "second", Counts: counts}, false},
		{"counts that disagree", remove, &engine.Snapshot{ID: "second", Done: true, Counts: map[plugin.Type]int{plugin.Department: 1, plugin.User: 3}}, false},
		{"no reading of a whole", remove, nil, false},
		{"complete, and absence removes nobody by default", asIs, &engine.Snapshot{ID: "second", Done: true, Counts: counts}, false},
	} {
		t.Run(reading.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Paint","parentUid":"1"}`),
					users(`{"uid":"m","nickname":"Mia","departments":["1"]}`, `{"uid":"n","nickname":"Noa","departments":["1"]}`, `{"uid":"o","nickname":"Ola","departments":["1","2"]}`))
				c.push("it", users(`{"uid":"p","nickname":"Pat"}`), departments(`{"uid":"1","title":"Computers"}`))
				options := engine.DefaultOptions()
				options.Guards = engine.Guards{}
				reading.options(&options)
				_, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Options: &options, Snapshot: reading.snapshot, Bodies: bodies([]engine.Body{
					departments(`{"uid":"1","title":"Works"}`),
					users(`{"uid":"m","nickname":"Mia","departments":["1"]}`, `{"uid":"n","nickname":"Noa","departments":["1"]}`),
				})}, nil)
				if err != nil {
					c.Fatal(err)
				}
				c.soundTree()
				if reading.removed {
					c.wantUsers("nickname", "Mia", "Noa", "Pat")
					c.wantTree("Works", "Computers")
					c.wantMembers("Mia in Works, main", "Noa in Works, main")
				} else {
					c.wantUsers("nickname", "Mia", "Noa", "Ola", "Pat")
					c.wantTree("Works", "  Paint", "Computers")
					c.wantMembers("Mia in Works, main", "Noa in Works, main", "Ola in Paint", "Ola in Works, main")
				}
			})
		})
	}
}

func TestNocoBaseFaultHandMadeMembershipsStayWhateverIsPushed(t *testing.T) {
	for _, push := range []struct {
		name, source, record string
		want                 []string
	}{
		{"the same again", "hr", `{"uid":"m","nickname":"Mia","username":"mia","departments":["s"]}`, []string{"Mia in Ops", "Mia in Sales, main"}},
		{"departments left out", "hr", `{"uid":"m","nickname":"Mia","username":"mia"}`, []string{"Mia in Ops", "Mia in Sales, main"}},
		{"other departments", "hr", `{"uid":"m","username":"mia","departments":["l"]}`, []string{"Mia in Legal, main", "Mia in Ops"}},
		{"a second source without departments", "it", `{"uid":"z","username":"mia"}`, []string{"Mia in Ops", "Mia in Sales, main"}},
		{"a second source with an empty list", "it", `{"uid":"z","username":"mia","departments":[]}`, []string{"Mia in Ops", "Mia in Sales, main"}},
		{"a second source with its own", "it", `{"uid":"z","username":"mia","departments":["l"]}`, []string{"Mia in Law", "Mia in Ops", "Mia in Sales, main"}},
	} {
		t.Run(push.name, func(t *testing.T) {
			each(t, func(c *company) {
				offices(c, "hr")
				c.push("it", departments(`{"uid":"l","title":"Law"}`))
				c.push("hr", users(`{"uid":"m","nickname":"Mia","username":"mia","departments":["s"]}`))
				c.join("Mia", "Ops")
				c.wantFailed(c.pushBy("username", push.source, users(push.record)))
				c.wantMembers(push.want...)
			})
		})
	}
}

func TestNocoBaseFaultATombstoneOfOneSourceLeavesWhatAnotherClaims(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"m","nickname":"Mia","username":"mia","departments":["s"]}`))
		c.pushBy("username", "it", departments(`{"uid":"l","title":"Law"}`), users(`{"uid":"z","username":"mia","departments":["l"]}`))
		c.join("Mia", "Ops")
		r := c.push("it", users(`{"uid":"z","isDeleted":true}`))
		c.wantFailed(r)
		c.wantCounts(r, "user", engine.Counts{Total: 1, Unlinked: 1})
		c.wantUsers("nickname", "Mia")
		c.wantMembers("Mia in Ops", "Mia in Sales, main")
		c.wantClaims("hr: m in Sales")
		c.wantLinks("hr: l is Legal", "hr: m is Mia", "hr: o is Ops", "hr: s is Sales", "it: l is Law")
	})
}

func TestNocoBaseFaultPeopleWithOneMatchValueAreNotOne(t *testing.T) {
	each(t, func(c *company) {
		r := c.pushBy("email", "hr", users(
			`{"uid":"a","nickname":"Ann","email":"office@example.com"}`,
			`{"uid":"b","nickname":"Bob","email":"office@example.com"}`,
			`{"uid":"c","nickname":"Cid","email":"office@example.com"}`))
		c.wantFailed(r,
			"b (conflict, email): email is also stated by record a of the same push, which counts",
			"c (conflict, email): email is also stated by record a of the same push, which counts")
		c.wantUsers("nickname", "Ann")
		c.wantLinks("hr: a is Ann")
		if r.Task.State != engine.Partial {
			c.Errorf("the run is %s, want partial", r.Task.State)
		}
	})
}

func TestNocoBaseFaultASourceUnderAnotherNameFindsItsDepartments(t *testing.T) {
	for _, by := range []string{"title", "path"} {
		t.Run(by, func(t *testing.T) {
			each(t, func(c *company) {
				offices := []engine.Body{departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Paint","parentUid":"1"}`)}
				c.push("hr", offices...)
				options := engine.DefaultOptions()
				options.DepartmentMatch = by
				if _, err := c.engine.Push(c.Context(), engine.Push{Source: "hr-2", Options: &options, Bodies: bodies(offices)}, nil); err != nil {
					c.Fatal(err)
				}
				c.soundTree()
				c.wantTree("Works", "  Paint")
				c.wantLinks("hr-2: 1 is Works", "hr-2: 2 is Paint", "hr: 1 is Works", "hr: 2 is Paint")
			})
		})
	}
}

func TestNocoBaseFaultWhatFailsInOneBodyOfManyIsKeptWithTheTask(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr",
			departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":["Paint"]}`),
			users(`{"uid":"a","nickname":["Ann"]}`),
			users(`{"uid":"b","nickname":"Bob","departments":["1"]}`))
		c.wantFailed(r,
			"2 (data, title): title: the column takes text, and a list came",
			"a (data, nickname): nickname: the column takes text, and a list came")
		c.wantUsers("nickname", "Bob")
		if r.Task.Status != "failed" || r.Task.State != engine.Partial {
			c.Errorf("the task shows as %s (%s), want failed (partial)", r.Task.Status, r.Task.State)
		}
		failed, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, Failed: true})
		if err != nil || len(failed) != 2 || failed[0].Reason == "" || failed[1].Reason == "" {
			c.Errorf("Items() of what failed = %+v, %v; want two, each with its reason", failed, err)
		}
	})
}

func TestNocoBaseFaultARecordWithoutUIDTakesNobodyWithIt(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","nickname":"Ann"}`, `{"nickname":"Nobody"}`, `{"uid":7,"nickname":"Seven"}`, `{"uid":null,"nickname":"Nobody"}`, `{"uid":"c","nickname":"Cid"}`))
		c.wantUsers("nickname", "Ann", "Seven", "Cid")
		c.wantFailed(r, "<nil> (data, uid): record must has uid", "<nil> (data, uid): record must has uid")
		c.wantMessage(r, "3 of 5 applied, 2 failed; user: 3 created, 2 failed")
	})
}

func TestNocoBaseFaultWhatIsSaidOfPeopleIsNotLogged(t *testing.T) {
	each(t, func(c *company) {
		const private = "Grünewald-Okafor"
		c.push("hr",
			departments(`{"uid":"1","title":"`+private+`"}`, `{"uid":"2","title":"`+private+`","parentUid":"2"}`),
			users(`{"uid":"a","nickname":"`+private+`","email":"`+private+`@example.com","note":"`+private+`","departments":["1"]}`,
				`{"uid":"b","nickname":"`+private+`","email":"`+private+`@example.com"}`,
				`{"uid":"c","nickname":["`+private+`"]}`, `{"nickname":"`+private+`"}`, `{"uid":"d","nickname":"`+private))
		c.push("hr", users(`{"uid":"a","nickname":"`+private+`","isDeleted":true}`))
		for _, entry := range c.logs.All() {
			if line := fmt.Sprint(entry.Message, entry.ContextMap()); strings.Contains(line, private) {
				c.Errorf("logged: %s", line)
			}
		}
	})
}

func TestNocoBaseFaultARefusalSaysWhatIsWrongWithWhat(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, email", "'By hand', 'hand@example.com'")
		r := c.push("hr", users(
			`{"uid":"a","email":"hand@example.com"}`,
			`{"uid":"b","nickname":"`+strings.Repeat("b", 256)+`"}`,
			`{"uid":"c","phone":{"home":"1"}}`,
			`{"uid":"d","departments":[{}]}`,
			`{"uid":"e","isDeleted":"no"}`),
			departments(`{"uid":"1","title":"Works","parentUid":"1"}`))
		c.wantFailed(r,
			"1 (data, parentUid): its parents go round in a circle: 1 → 1",
			"a (conflict, email): email is held by row 1 of users, which keeps it",
			"b (data, nickname): nickname: the text has 256 characters, the column takes 255",
			"c (data, phone): phone: the column takes text, and an object came",
			"d (data, departments): each of departments must be a uid or an object with a uid",
			"e (data, isDeleted): isDeleted must be true or false")
	})
}
