package engine_test

import (
	"fmt"
	"testing"

	"github.com/nocobase-roster/roster/engine"
)

func TestOfAValueStatedTwiceTheFirstCounts(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","nickname":"Ann","username":"x"}`, `{"uid":"b","nickname":"Bob","username":"x"}`,
			`{"uid":"c","nickname":"Cid","email":"x"}`, `{"uid":"d","nickname":"Dan","email":"x"}`,
			`{"uid":"e","nickname":"Eve","phone":"x"}`, `{"uid":"f","nickname":"Fay","phone":"x"}`, `{"uid":"g","nickname":"Gus","phone":"x"}`))
		c.wantUsers("nickname", "Ann", "Cid", "Eve")
		c.wantFailed(r,
			"b (conflict, username): username is also stated by record a of the same push, which counts",
			"d (conflict, email): email is also stated by record c of the same push, which counts",
			"f (conflict, phone): phone is also stated by record e of the same push, which counts",
			"g (conflict, phone): phone is also stated by record e of the same push, which counts")
	})
}

func TestWhoHoldsAValueKeepsItFromWhoStatesItToo(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"x"}`))
		r := c.push("hr", users(`{"uid":"b","nickname":"Bob","email":"x"}`, `{"uid":"a","nickname":"Anna","email":"x"}`))
		c.wantFailed(r, "b (conflict, email): email is also stated by record a of the same push, which counts")
		r = c.push("hr", users(`{"uid":"b","nickname":"Bob","email":"x"}`, `{"uid":"a","nickname":"Anna","email":"x"}`))
		c.wantFailed(r, "b (conflict, email): email is held by row 1 of users, which keeps it")
	})
}

// A record that fails for another reason states nothing that others must heed.
func TestAValueOfARecordThatFailsIsFree(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","nickname":["bad"],"email":"x"}`, `{"uid":"b","nickname":"Bob","email":"x","username":"u"}`,
			`{"uid":"c","username":"u","email":"y"}`, `{"uid":"d","nickname":"Dan","email":"y"}`))
		c.wantUsers("nickname, email", "Bob x", "Dan y")
		if len(failures(r)) != 2 {
			c.Errorf("failed records %q, want a and c", failures(r))
		}
	})
}

func TestAValueThatARowKeepsIsAConflictUntilItLetsGo(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, email", "'By hand', 'x'")
		hire := users(`{"uid":"a","nickname":"Ann","email":"x"}`)
		r := c.push("hr", hire)
		c.wantFailed(r, "a (conflict, email): email is held by row 1 of users, which keeps it")
		c.edit("users", "email = 'y'", "id = 1")
		c.wantFailed(c.push("hr", hire))
		c.wantUsers("nickname, email", "By hand y", "Ann x")
	})
}

func TestValuesChangeHands(t *testing.T) {
	people := users(
		`{"uid":"a","nickname":"Ann","username":"u1","email":"e1","phone":"p1"}`,
		`{"uid":"b","nickname":"Bob","username":"u2","email":"e2","phone":"p2"}`,
		`{"uid":"c","nickname":"Cid","username":"u3","email":"e3","phone":"p3"}`)
	for _, move := range []struct {
		name    string
		records []string
		want    []string
	}{
		{
			"two swap",
			[]string{`{"uid":"a","email":"e2"}`, `{"uid":"b","email":"e1"}`},
			[]string{"Ann u1 e2 p1", "Bob u2 e1 p2", "Cid u3 e3 p3"},
		},
		{
			"three in a ring",
			[]string{`{"uid":"a","username":"u2"}`, `{"uid":"b","username":"u3"}`, `{"uid":"c","username":"u1"}`},
			[]string{"Ann u2 e1 p1", "Bob u3 e2 p2", "Cid u1 e3 p3"},
		},
		{
			"a chain, its head last",
			[]string{`{"uid":"a","phone":"p2"}`, `{"uid":"b","phone":"p3"}`, `{"uid":"c","phone":"p4"}`},
			[]string{"Ann u1 e1 p2", "Bob u2 e2 p3", "Cid u3 e3 p4"},
		},
		{
			"a chain, its head first",
			[]string{`{"uid":"c","phone":null}`, `{"uid":"b","phone":"p3"}`, `{"uid":"a","phone":"p2"}`},
			[]string{"Ann u1 e1 p2", "Bob u2 e2 p3", "Cid u3 e3 -"},
		},
		{
			"from a leaver to a new hire",
			[]string{`{"uid":"d","nickname":"Dan","username":"u1","email":"e1"}`, `{"uid":"a","username":null,"email":"old-e1"}`},
			[]string{"Ann - old-e1 p1", "Bob u2 e2 p2", "Cid u3 e3 p3", "Dan u1 e1 -"},
		},
		{
			"different columns, crosswise",
			[]string{`{"uid":"a","username":"u2","email":"e3"}`, `{"uid":"b","username":"u1","phone":"p3"}`, `{"uid":"c","email":"e1","phone":"p2"}`},
			[]string{"Ann u2 e3 p1", "Bob u1 e2 p3", "Cid u3 e1 p2"},
		},
	} {
		t.Run(move.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.push("hr", people)
				c.wantFailed(c.push("hr", users(move.records...)))
				c.wantUsers("nickname, username, email, phone", move.want...)
				before := c.dump("runs")
				c.push("hr", users(move.records...))
				c.unchanged(before, "runs")
			})
		})
	}
}

func TestWhoWaitsForAValueThatIsNotLetGoFailsToo(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"e1"}`, `{"uid":"b","nickname":"Bob","email":"e2"}`))
		c.make("users", "nickname, email", "'By hand', 'e3'")
		r := c.push("hr", users(`{"uid":"a","email":"e2"}`, `{"uid":"b","email":"e3"}`, `{"uid":"c","nickname":"Cid"}`))
		c.wantFailed(r,
			"a (conflict, email): email is held by row 2 of users, which keeps it",
			"b (conflict, email): email is held by row 3 of users, which keeps it")
		c.wantUsers("nickname, email", "Ann e1", "Bob e2", "By hand e3", "Cid -")
	})
}

func TestARowThatIsLinkedLetsGoOfItsValues(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username, email", "'Ann', 'ann', 'shared'")
		r := c.pushBy("username", "hr", users(`{"uid":"b","nickname":"Bob","email":"shared"}`, `{"uid":"a","username":"ann","email":"own"}`))
		c.wantFailed(r)
		c.wantUsers("nickname, email", "Ann own", "Bob shared")
	})
}

func TestCaseMakesTwoValues(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(`{"uid":"a","username":"ann"}`, `{"uid":"b","username":"Ann"}`, `{"uid":"A","username":"ANN "}`))
		c.wantFailed(r)
		c.wantUsers("username", "ann", "Ann", "ANN ")
	})
}

func TestThousandsOfValuesChangeHands(t *testing.T) {
	const n = 2500
	people := func(shift int) engine.Body {
		records := make([]string, n)
		for i := range records {
			records[i] = fmt.Sprintf(`{"uid":"%d","username":"name %d","email":"%d@example.com"}`, i, (i+shift)%n, (i+2*shift)%n)
		}
		return users(records...)
	}
	each(t, func(c *company) {
		c.push("hr", people(0))
		r := c.push("hr", people(1))
		c.wantMessage(r, fmt.Sprintf("user: %d updated", n))
		c.same("shifted", c.list(`SELECT count(*) FROM {users} u JOIN {records} r ON r.row_id = u.id
			WHERE u.username = 'name ' || ((CAST(r.uid AS integer) + 1) % 2500) AND u.email = ((CAST(r.uid AS integer) + 2) % 2500) || '@example.com'`), "2500")
	})
}

func TestAValueTakenBetweenPlanAndApplyIsAConflict(t *testing.T) {
	each(t, func(c *company) {
		taken := false
		r, err := c.engine.Push(c.Context(), engine.Push{Source: "hr", Bodies: bodies(crowd(6000))}, func(p engine.Progress) {
			if p.State == engine.Applying && p.Type == "user" && !taken {
				taken = true
				c.make("users", "nickname, email", "'Quick', '5900@example.com'")
			}
		})
		if err != nil {
			c.Fatal(err)
		}
		on := map[string]string{"sqlite": "email", "postgres": "users_email_key"}[c.db.Dialect()]
		c.wantFailed(r, "5900 (conflict, "+on+"): another row holds a value of the record: "+on)
		c.wantMessage(r, "6000 of 6001 applied, 1 failed; department: 1 created; membership: 5999 created; user: 5999 created, 1 failed")
	})
}
