package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
)

// NocoBase tests its own synchronization in plugin-users, plugin-departments
// and plugin-user-data-sync. Their situations are here, but for those that the
// file of a rule has already.

func TestNocoBaseAUserIsMatchedAndUpdated(t *testing.T) {
	for _, situation := range []struct {
		name   string
		pushes []string
		want   []string
	}{
		{
			"nobody has the e-mail: a new row",
			[]string{`{"uid":"m","nickname":"Mia","email":"mia@example.com"}`},
			[]string{"1 By hand hand@example.com -", "2 Mia mia@example.com -"},
		},
		{
			"a row has the e-mail: that row",
			[]string{`{"uid":"m","nickname":"Mia","email":"hand@example.com"}`},
			[]string{"1 Mia hand@example.com -"},
		},
		{
			"pushed again with the match key: the same row",
			[]string{`{"uid":"m","nickname":"Mia","email":"mia@example.com"}`, `{"uid":"m","nickname":"Maria","email":"mia@example.com"}`},
			[]string{"1 By hand hand@example.com -", "2 Maria mia@example.com -"},
		},
		{
			"pushed again with another value of the match key: the same row",
			[]string{`{"uid":"m","nickname":"Mia","email":"hand@example.com"}`, `{"uid":"m","email":"new@example.com"}`},
			[]string{"1 Mia new@example.com -"},
		},
		{
			"a custom field of a new row, then another value of it",
			[]string{`{"uid":"m","nickname":"Mia","email":"mia@example.com","badge":"blue"}`, `{"uid":"m","nickname":"Mia","email":"mia@example.com","badge":"red"}`},
			[]string{"1 By hand hand@example.com -", "2 Mia mia@example.com red"},
		},
		{
			"a custom field of a row made by hand",
			[]string{`{"uid":"m","email":"hand@example.com","badge":"blue"}`},
			[]string{"1 By hand hand@example.com blue"},
		},
	} {
		t.Run(situation.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.column("users", "badge", "varchar(255)")
				c.make("users", "nickname, email", "'By hand', 'hand@example.com'")
				for _, record := range situation.pushes {
					c.wantFailed(c.pushBy("email", "hr", users(record)))
				}
				c.wantUsers("id, nickname, email, badge", situation.want...)
			})
		})
	}
}

func TestNocoBaseADepartmentIsUpdatedAndMoved(t *testing.T) {
	for _, situation := range []struct {
		name    string
		pushes  []engine.Body
		want    []string
		waiting []string
	}{
		{
			"renamed with a child, which then names no parent",
			[]engine.Body{
				departments(`{"uid":"1","title":"Plant"}`),
				departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Paint","parentUid":"1"}`),
				departments(`{"uid":"2","title":"Paint"}`),
			},
			[]string{"Works", "Paint"},
			nil,
		},
		{
			"a child that is there, in one push after its new parent",
			[]engine.Body{
				departments(`{"uid":"20","title":"Paint","parentUid":"0"}`),
				departments(`{"uid":"10","title":"Works","parentUid":"0"}`, `{"uid":"20","title":"Paint","parentUid":"10"}`),
			},
			[]string{"Works", "  Paint"},
			[]string{"hr: 10 awaits 0"},
		},
		{
			"a child that is there, in one push before its new parent",
			[]engine.Body{
				departments(`{"uid":"20","title":"Paint","parentUid":"0"}`),
				departments(`{"uid":"20","title":"Paint","parentUid":"10"}`, `{"uid":"10","title":"Works","parentUid":"0"}`),
			},
			[]string{"Works", "  Paint"},
			[]string{"hr: 10 awaits 0"},
		},
		{
			"an empty parent and none are the top",
			[]engine.Body{
				departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Paint","parentUid":"1"}`, `{"uid":"3","title":"Press","parentUid":"1"}`),
				departments(`{"uid":"2","title":"Paint","parentUid":""}`, `{"uid":"3","title":"Press","parentUid":null}`),
			},
			[]string{"Works", "Paint", "Press"},
			nil,
		},
	} {
		t.Run(situation.name, func(t *testing.T) {
			each(t, func(c *company) {
				ids := func() []string { return c.list(`SELECT id FROM {departments} ORDER BY id`) }
				var before []string
				for _, push := range situation.pushes {
					c.wantFailed(c.push("hr", push))
					c.same("rows that were there", ids()[:len(before)], before...)
					before = ids()
				}
				c.wantTree(situation.want...)
				c.wantWaiting(situation.waiting...)
			})
		})
	}
}

func TestNocoBaseTheSortOfADepartmentIsItsRecords(t *testing.T) {
	each(t, func(c *company) {
		sorts := func() []string { return c.list(`SELECT title, sort FROM {departments} ORDER BY id`) }
		r := c.push("hr", departments(`{"uid":"1","title":"Works","sort":10}`))
		c.same("notes", notes(r))
		c.same("sort", sorts(), "Works 10")
		c.push("hr", departments(`{"uid":"1","title":"Works","sort":20}`))
		c.same("sort", sorts(), "Works 20")
		c.push("hr", departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Office","sort":3}`, `{"uid":"3","title":"Depot"}`))
		c.same("by sort", c.list(`SELECT title FROM {departments} ORDER BY sort`), "Office", "Works", "Depot")
		c.same("sort", sorts()[:2], "Works 20", "Office 3")
	})
}

func TestNocoBaseACustomFieldOfADepartmentChanges(t *testing.T) {
	each(t, func(c *company) {
		c.column("departments", "colour", "varchar(255)")
		for _, colour := range []string{"blue", "red"} {
			c.push("hr", departments(`{"uid":"1","title":"Works","colour":"`+colour+`"}`))
			c.same("colour", c.list(`SELECT title, colour FROM {departments}`), "Works "+colour)
		}
	})
}

func TestNocoBaseAChildThatIsDeletedAndPushedAgainMakesItsParentALeafMeanwhile(t *testing.T) {
	each(t, func(c *company) {
		leaves := func() []string { return c.list(`SELECT title FROM {departments} WHERE [isLeaf] = true ORDER BY id`) }
		c.push("hr", departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Paint","parentUid":"1"}`))
		c.same("leaves", leaves(), "Paint")
		c.wantFailed(c.push("hr", departments(`{"uid":"2","title":"Paint","isDeleted":true}`)))
		c.wantTree("Works")
		c.same("leaves", leaves(), "Works")
		c.wantLinks("hr: 1 is Works")
		c.push("hr", departments(`{"uid":"2","title":"Paint","parentUid":"1"}`))
		c.wantTree("Works", "  Paint")
		c.same("leaves", leaves(), "Paint")
		c.wantLinks("hr: 1 is Works", "hr: 2 is Paint")
	})
}

func TestNocoBaseADepartmentWhoseParentWasDeletedByHandStandsAtTheTop(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"1","title":"Works"}`, `{"uid":"2","title":"Paint","parentUid":"1"}`))
		c.hand(`DELETE FROM {main_departments_path} WHERE [nodePk] IN (SELECT id FROM {departments} WHERE title = 'Works')`)
		c.hand(`DELETE FROM {departments} WHERE title = 'Works'`)
		c.push("hr", departments(`{"uid":"2","title":"Paint","parentUid":"1"}`))
		c.wantTree("Paint")
		c.wantWaiting("hr: 2 awaits 1")
		c.push("hr", departments(`{"uid":"1","title":"Works"}`))
		c.wantTree("Works", "  Paint")
	})
}

func TestNocoBaseOwnersAndTheMainDepartmentAreTheRecords(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"12","title":"Paint"}`, `{"uid":"13","title":"Press"}`))
		for _, step := range []struct {
			record string
			want   []string
		}{
			{`{"uid":"m","nickname":"Mia","departments":["12"]}`, []string{"Mia in Paint, main"}},
			{`{"uid":"m","nickname":"Mia","departments":[{"uid":"12","isOwner":true,"isMain":true}]}`, []string{"Mia in Paint, owner, main"}},
			{`{"uid":"n","nickname":"Noa","departments":[{"uid":"12","isOwner":true,"isMain":false}]}`, []string{"Mia in Paint, owner, main", "Noa in Paint, owner, main"}},
			{`{"uid":"m","nickname":"Mia","departments":[12]}`, []string{"Mia in Paint, main", "Noa in Paint, owner, main"}},
			{`{"uid":"n","nickname":"Noa","departments":["12","13"]}`, []string{"Mia in Paint, main", "Noa in Paint, main", "Noa in Press"}},
			{`{"uid":"n","nickname":"Noa","departments":["13"]}`, []string{"Mia in Paint, main", "Noa in Press, main"}},
			{`{"uid":"n","nickname":"Noa","departments":[]}`, []string{"Mia in Paint, main"}},
		} {
			c.push("hr", users(step.record))
			c.wantMembers(step.want...)
		}
	})
}

func TestNocoBaseTheFirstDepartmentOfAPersonMadeByHandIsTheMainOne(t *testing.T) {
	each(t, func(c *company) {
		c.make("users", "nickname, username", "'Mia', 'mia'")
		c.pushBy("username", "hr", departments(`{"uid":"12","title":"Paint"}`), users(`{"uid":"m","username":"mia","departments":["12"]}`))
		c.wantMembers("Mia in Paint, main")
	})
}

func TestNocoBaseAUserWhoIsDeletedAndPushedAgainIsCreatedAgain(t *testing.T) {
	each(t, func(c *company) {
		mia := users(`{"uid":"m","nickname":"Mia","email":"mia@example.com","departments":[{"uid":"12","isOwner":true}]}`)
		c.push("hr", departments(`{"uid":"12","title":"Paint"}`), mia)
		r := c.push("hr", users(`{"uid":"m","isDeleted":true}`))
		c.wantFailed(r)
		c.wantCounts(r, "user", engine.Counts{Total: 1, Deleted: 1})
		c.wantUsers("nickname")
		c.wantMembers()
		c.wantClaims()
		c.wantLinks("hr: 12 is Paint")
		c.same("roles given", c.list(`SELECT * FROM {rolesUsers}`))
		c.same("record", c.list(`SELECT CAST([metaData] AS text) FROM {userDataSyncRecords} WHERE [dataType] = 'user'`), `{"isDeleted":true,"uid":"m"}`)
		c.push("hr", mia)
		c.wantUsers("nickname, email", "Mia mia@example.com")
		c.wantMembers("Mia in Paint, owner, main")
		c.wantClaims("hr: m in Paint")
		c.wantLinks("hr: 12 is Paint", "hr: m is Mia")
		c.same("roles given", c.list(`SELECT [roleName] FROM {rolesUsers}`), "member")
		c.same("records", c.list(`SELECT count(*) FROM {userDataSyncRecords}`), "2")
	})
}

func TestNocoBaseRootIsNeverRemoved(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", departments(`{"uid":"12","title":"Paint"}`),
			users(`{"uid":"r","nickname":"Root","departments":["12"]}`, `{"uid":"m","nickname":"Mia"}`))
		c.hand(`INSERT INTO {rolesUsers} ([createdAt], [updatedAt], [roleName], [userId])
			SELECT [createdAt], [updatedAt], 'root', id FROM {users} WHERE nickname = 'Root'`)
		r := c.push("hr", users(`{"uid":"r","isDeleted":true}`, `{"uid":"m","isDeleted":true}`))
		c.wantFailed(r)
		c.wantUsers("nickname", "Root")
		c.wantMembers("Root in Paint, main")
		c.same("roles", c.list(`SELECT [roleName] FROM {rolesUsers} ORDER BY 1`), "member", "root")
		c.wantCounts(r, "user", engine.Counts{Total: 2, Deleted: 1, Kept: 1})
		items, err := c.engine.Items(c.Context(), itemsOf(r))
		if err != nil {
			c.Fatal(err)
		}
		for _, i := range items {
			if i.UID == "r" && (i.Op != "keep" || i.Reason == "") {
				c.Errorf("item %+v, want op keep with a reason", i)
			}
		}
	})
}

// wantCounts wants the counts of a type, to the last.
func (c *company) wantCounts(r *engine.Report, of string, want engine.Counts) {
	c.Helper()
	if diff := cmp.Diff(want, r.Task.Counts[of]); diff != "" {
		c.Errorf("counts of %s mismatch (-want +got):\n%s", of, diff)
	}
}
