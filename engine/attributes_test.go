package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

func TestProtectedColumnsAreNotWritten(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`), departments(`{"uid":"1","title":"Sales"}`))
		user := c.list(`SELECT * FROM {users}`)
		department := c.list(`SELECT * FROM {departments}`)
		r := c.push("hr",
			users(`{"uid":"a","id":9,"createdAt":"2000-01-01","updatedAt":"2000-01-01","appLang":"xx","resetToken":"t","systemSettings":{"a":1},"password":"p","passwordChangeTz":1,"sort":9,"createdById":9,"updatedById":9,"mainDepartmentId":9}`),
			departments(`{"uid":"1","title":"Sales","id":9,"createdAt":"2000-01-01","updatedAt":"2000-01-01","isLeaf":false,"parentId":9,"createdById":9,"updatedById":9}`))
		c.same("the user", c.list(`SELECT * FROM {users}`), user...)
		c.same("the department", c.list(`SELECT * FROM {departments}`), department...)
		for _, note := range notes(r) {
			if !strings.Contains(note, "is NocoBase's own to set") && !strings.Contains(note, "is a secret") {
				c.Errorf("note %q", note)
			}
		}
		if want := 12 + 7; len(r.Notes) != want {
			c.Errorf("%d notes, want one for each of %d fields: %q", len(r.Notes), want, notes(r))
		}
	})
}

func TestRelationsAreLeftOutAndSaidOnce(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr",
			users(`{"uid":"a","nickname":"Ann","roles":["admin-by-the-back-door"]}`, `{"uid":"b","roles":[{"name":"admin-by-the-back-door"}]}`),
			departments(`{"uid":"1","title":"Sales","owners":["admin-by-the-back-door"],"roles":["admin-by-the-back-door"]}`))
		c.same("roles given", c.list(`SELECT DISTINCT [roleName] FROM {rolesUsers}`), "member")
		c.nowhere("admin-by-the-back-door")
		c.same("notes", notes(r),
			"department owners ×1: is a relation, which a sync does not write: a directory must not grant rights",
			"department roles ×1: is a relation, which a sync does not write: a directory must not grant rights",
			"user roles ×2: is a relation, which a sync does not write: a directory must not grant rights")
	})
}

func TestSecretsAreNowhere(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","nickname":"Ann","password":"hunter2","resetToken":"hunter2","PassWord":"hunter2","access_token":"hunter2","api-key":{"x":"hunter2"}}`,
			`{"uid":"b","profile":{"login":{"password":"hunter2"}},"keys":[{"private_key":"hunter2"}],"departments":[{"uid":"1","token":"hunter2"}]}`,
			`{"uid":"c","nickname":["bad"],"password":"hunter2"}`,
			`{"nickname":"no uid","password":"hunter2"}`,
			`"hunter2"`, `["hunter2"]`, `{"uid":"hunter2`, "{\"uid\":\"d\",\"password\":\"hunter2\xff\"}"))
		c.nowhere("hunter2")
		if said := fmt.Sprintf("%+v", r) + fmt.Sprint(failures(r)); strings.Contains(said, "hunter2") {
			c.Errorf("the report says it: %s", said)
		}
		for _, f := range r.Result[0].Detail.FailedRecords {
			if strings.Contains(string(f.Record)+f.Message, "hunter2") {
				c.Errorf("a failed record says it: %s %s", f.Record, f.Message)
			}
		}
		c.same("passwords", c.list(`SELECT nickname FROM {users} WHERE password IS NOT NULL OR [resetToken] IS NOT NULL`))
		if got := notes(r)[0]; got != "user PassWord ×1: is a secret: taken out and not kept" {
			c.Errorf("first note %q", got)
		}
	})
}

func TestUnknownAttributesAreKeptWithTheRecordAndSaidOnce(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","nickname":"Ann","shoe size":42.50,"pets":[{"name":"Rex"}]}`, `{"uid":"b","shoe size":1e2}`),
			departments(`{"uid":"1","description":"sells"}`))
		c.same("notes", notes(r),
			"department description ×1: departments has no such column; kept with the record",
			"user pets ×1: users has no such column; kept with the record",
			"user shoe size ×2: users has no such column; kept with the record")
		record, err := c.engine.Record(c.Context(), "hr", plugin.User, "a")
		if err != nil {
			c.Fatal(err)
		}
		if got, want := string(record.MetaData), `{"nickname":"Ann","pets":[{"name":"Rex"}],"shoe size":42.50,"uid":"a"}`; got != want {
			c.Errorf("metaData:\n got %s\nwant %s", got, want)
		}
	})
}

func TestWhatWasSaidBeforeIsKeptBesideWhatIsSaidNow(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`))
		c.same("records", c.list(`SELECT [sourceName], [sourceUk], [dataType], CAST([metaData] AS text), CAST([lastMetaData] AS text) FROM {userDataSyncRecords}`),
			`hr a user {"nickname":"Anna","uid":"a"} {"nickname":"Ann","uid":"a"}`)
	})
}

func TestManyMadeUpMembersAreNotAllSaid(t *testing.T) {
	each(t, func(c *company) {
		var members []string
		for i := range 20_000 {
			members = append(members, fmt.Sprintf(`"m%d":%d`, i, i))
		}
		r := c.push("hr", users(`{"uid":"a",`+strings.Join(members, ",")+`}`))
		if len(r.Notes) > 200 {
			c.Errorf("%d notes, want at most 200", len(r.Notes))
		}
		c.wantFailed(r)
	})
}

func TestALongNameOfAMemberIsCutBetweenCharacters(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(`{"uid":"a","`+strings.Repeat("漢", 100)+`":1}`))
		if got, want := r.Notes[0].Field, strings.Repeat("漢", 64); got != want {
			c.Errorf("field of the note %q, want %q", got, want)
		}
	})
}
