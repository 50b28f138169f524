package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

// A listener keeps what an engine tells of rows that change.
type listener struct {
	*company
	mu    sync.Mutex
	heard []string // guarded by mu
}

// listen has the company's engine tell of rows that change, by their names as
// they are now.
func (c *company) listen() *listener {
	c.Helper()
	names := map[string]string{}
	for _, row := range c.list(`SELECT 'users', id, nickname FROM {users} UNION ALL SELECT 'departments', id, title FROM {departments}`) {
		f := strings.Fields(row)
		names[f[0]+f[1]] = f[2]
	}
	l := &listener{company: c}
	c.engine.Watch(func(target string, ids []int64) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !slices.IsSorted(ids) {
			c.Errorf("the %s %v are not in the order of their ids", target, ids)
		}
		line := target + ":"
		if ids == nil {
			line += " any"
		}
		for _, id := range ids {
			name := names[target+fmt.Sprint(id)]
			if name == "" {
				name = "new"
			}
			line += " " + name
		}
		l.heard = append(l.heard, line)
	})
	return l
}

// wantHeard wants exactly that to have been told since it was last asked.
func (l *listener) wantHeard(want ...string) {
	l.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.heard)
	l.same("what was told", l.heard, want...)
	l.heard = nil
}

func TestRowsThatChangeAreTold(t *testing.T) {
	person := func(rest string) engine.Body { return users(`{"uid":"a","nickname":"Ann"` + rest + `}`) }
	for _, push := range []struct {
		name string
		body engine.Body
		want []string
	}{
		{"nothing is new", person(`,"departments":["3"]`), nil},
		{"somebody is new", users(`{"uid":"n","nickname":"New","departments":["3"]}`), nil},
		{"a new owner", users(`{"uid":"n","nickname":"New","departments":[{"uid":"3","isOwner":true}]}`), []string{"departments: Sales"}},
		{"a department is new", departments(`{"uid":"7","title":"New","parentUid":"1"}`), nil},
		{"a record is worded otherwise", person(`,"departments":["3"],"badge":1`), nil},
		{"a rename", person(`,"phone":"1"`), []string{"users: Ann"}},
		{"another membership", person(`,"departments":["3","4"]`), []string{"users: Ann"}},
		{"a membership less", person(`,"departments":[]`), []string{"users: Ann"}},
		{"another main department", users(`{"uid":"b","nickname":"Bob","departments":["3",{"uid":"6","isOwner":true,"isMain":true}]}`), []string{"users: Bob"}},
		{"an owner", person(`,"departments":[{"uid":"3","isOwner":true}]`), []string{"departments: Sales", "users: Ann"}},
		{"an owner who is none any more", users(`{"uid":"b","nickname":"Bob","departments":["3"]}`), []string{"departments: West", "users: Bob"}},
		{"somebody goes", users(`{"uid":"a","isDeleted":true}`), []string{"users: Ann"}},
		{"an owner goes", users(`{"uid":"b","isDeleted":true}`), []string{"departments: West", "users: Bob"}},
		{"a department is renamed", departments(`{"uid":"3","title":"Selling","parentUid":"2"}`), []string{"departments: Sales"}},
		{"a department moves", departments(`{"uid":"3","title":"Sales","parentUid":"6"}`), []string{"departments: Sales"}},
		{"a department goes", departments(`{"uid":"3","isDeleted":true}`), []string{"departments: Sales Field", "users: Ann Bob"}},
	} {
		t.Run(push.name, func(t *testing.T) {
			each(t, func(c *company) {
				forest(c)
				c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["3"]}`, `{"uid":"b","nickname":"Bob","departments":["3",{"uid":"6","isOwner":true}]}`, `{"uid":"c","nickname":"Cid"}`))
				l := c.listen()
				c.pushAs(engine.Push{Source: "hr", Options: unguarded("")}, push.body)
				l.wantHeard(push.want...)
			})
		})
	}
}

// A claim on a membership that is there, or the end of one of several, is no
// change; that the last one ends is.
func TestClaimsAreNoChange(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","username":"ann","departments":["1"]}`))
		l := c.listen()
		it := engine.Push{Source: "it", MatchKey: "username", Options: with(func(o *engine.Options) { o.DepartmentMatch = "title" })}
		c.pushAs(it, departments(`{"uid":"x","title":"Sales"}`), users(`{"uid":"z","username":"ann","departments":["x"]}`))
		l.wantHeard()
		c.push("hr", users(`{"uid":"a","departments":[]}`))
		l.wantHeard()
		c.pushAs(it, users(`{"uid":"z","departments":[]}`))
		l.wantHeard("users: Ann")
	})
}

func TestWhoIsDisabledOrUnlinkedIsTold(t *testing.T) {
	for policy, want := range map[string][]string{engine.Disabling: {"users: Ann"}, engine.Unlink: {"users: Ann"}, engine.Keep: nil} {
		t.Run(policy, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "status", "varchar(255)")
				c.push("hr", departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","departments":["1"]}`))
				l := c.listen()
				c.pushAs(engine.Push{Source: "hr", Options: removing(policy)}, users(`{"uid":"a","isDeleted":true}`))
				l.wantHeard(want...)
				if policy == engine.Disabling {
					c.pushAs(engine.Push{Source: "hr", Options: removing(policy)}, users(`{"uid":"a","nickname":"Ann","departments":["1"]}`))
					l.wantHeard(want...)
				}
			})
		})
	}
}

// What somebody else changes meanwhile is planned again, and told once it is
// written.
func TestWhatIsPlannedAgainIsTold(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`))
		l := c.listen()
		c.meanwhile(engine.Push{Source: "hr"}, planned, func() { c.edit("users", "phone = '2'", "id = 1") },
			users(`{"uid":"a","phone":"1"}`, `{"uid":"b","phone":"3"}`))
		l.wantHeard("users: Ann", "users: Bob")
	})
}

// Whoever ends the run of a process that died tells of all of it: of what that
// had written, it may not have told.
func TestARunThatIsResumedIsToldOfAgain(t *testing.T) {
	each(t, func(c *company) {
		const n = 1200
		c.push("hr", users(some(n, `{"uid":"u#","nickname":"u#"}`)...))
		c.dies(engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(some(n, `{"uid":"u#","phone":"#"}`)...)})}, momentNamed("applying users"))
		var mu sync.Mutex
		var told []int64
		c.engine.Watch(func(_ string, ids []int64) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, ids...)
		})
		mustResume(c, c.engine)
		slices.Sort(told)
		if told = slices.Compact(told); len(told) != n {
			c.Errorf("%d people were told of, want %d", len(told), n)
		}
	})
}

// What hung on rows that are gone is not known any more: it may be anything.
func TestARunThatRemovedAndIsResumedMayHaveChangedAnything(t *testing.T) {
	each(t, func(c *company) {
		forest(c)
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["3"]}`))
		l := c.listen()
		c.dies(engine.Push{Source: "hr", Options: unguarded(""), Bodies: bodies([]engine.Body{gone("3"), users(`{"uid":"a","phone":"1"}`)})}, moment{"", departmentsWritten})
		l.heard = nil
		mustResume(c, c.engine)
		l.wantHeard("departments: Sales", "departments: any", "users: Ann", "users: Ann", "users: any") // Ann by her chunk as well
	})
}
