package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
)

// What NocoBase computes, a sync leaves alone, and says so: the rest of the
// record is written.
func TestFieldsThatNocoBaseComputes(t *testing.T) {
	fields := []struct{ typ, options, why string }{
		{"formula", `{}`, "NocoBase computes it (formula)"},
		{"sequence", `{"patterns":[{"type":"integer"}]}`, "NocoBase computes it (sequence)"},
		{"nanoid", `{}`, "NocoBase computes it (nanoid)"},
		{"nanoid", `{"autoFill":false}`, ""},
		{"uuid", `{"autoFill":true}`, "NocoBase computes it (uuid)"},
		{"uuid", `{"autoFill":false}`, ""},
		{"uid", `{"prefix":"u_"}`, "NocoBase computes it (uid)"},
		{"snowflakeId", `{}`, "NocoBase computes it (snowflakeId)"},
		{"sort", `{}`, "NocoBase computes it (sort)"},
		{"context", `{"dataIndex":"state.currentUser.id"}`, "NocoBase computes it (context)"},
		{"bigInt", `{"autoIncrement":true}`, "NocoBase computes it (bigInt)"},
		{"date", `{"onUpdateToCurrentTime":true}`, "NocoBase computes it (date)"},
		{"password", `{}`, "NocoBase encrypts it (password)"},
		{"encryption", `{}`, "NocoBase encrypts it (encryption)"},
		{"radio", `{}`, "NocoBase allows it in one row only (radio)"},
		{"virtual", `{}`, "NocoBase computes it (virtual)"},
		{"string", `{"length":"not a number"}`, ""},
		{"madeUpByAPlugin", `{}`, ""},
	}
	eachPlain(t, func(c *company) {
		c.nocobase()
		record := map[string]any{"uid": "a", "nickname": "Ann"}
		var said, want []string
		for i, f := range fields {
			name := "f" + itoa(10+i)
			c.column("users", name, "varchar(255)")
			c.field("users", name, f.typ, f.options)
			record[name] = "stated"
			value := "stated"
			if f.why != "" {
				value = "-"
				said = append(said, "user "+name+" ×1: "+f.why)
			}
			want = append(want, value)
		}
		var noted []string
		r := c.push("hr", users(toJSON(record)))
		c.wantFailed(r)
		for _, n := range r.Notes {
			if n.Reason[:5] == "NocoB" {
				noted = append(noted, "user "+n.Field+" ×"+itoa(n.Records)+": "+n.Reason)
			}
		}
		c.same("notes", noted, said...)
		for i := range fields {
			name := "f" + itoa(10+i)
			c.same(fields[i].typ, c.list(`SELECT `+name+` FROM {users}`), want[i])
		}
		c.wantMessage(c.push("hr", users(toJSON(record))), "user: 1 unchanged")
	})
}

// A relation has no column. The columns of relations that Roster knows are as
// they were, whatever NocoBase calls them; and so is the order of departments.
func TestFieldsThatRosterKnows(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.nocobase()
		c.column("users", "mentorId", "bigint")
		c.field("users", "mentor", "belongsTo", `{"target":"users","foreignKey":"mentorId","targetKey":"id"}`)
		c.field("users", "departments", "belongsToMany", `{"target":"departments","through":"departmentsUsers","foreignKey":"userId","otherKey":"departmentId"}`)
		c.field("users", "createdById", "context", `{}`)
		c.field("departments", "parentId", "bigInt", `{"isForeignKey":true}`)
		c.field("departments", "sort", "sort", `{}`)
		r := c.push("hr", departments(`{"uid":"s","title":"Sales","sort":7}`),
			users(`{"uid":"a","nickname":"Ann","mentorId":3,"mentor":{"id":3},"createdById":9,"departments":["s"]}`))
		c.wantFailed(r)
		c.same("notes", notes(r),
			"user createdById ×1: is NocoBase's own to set",
			"user mentor ×1: is a relation (belongsTo), which a sync does not write")
		c.wantUsers(`nickname, "mentorId"`, "Ann 3")
		c.same("departments", c.list(`SELECT title, sort FROM {departments}`), "Sales 7")
	})
}

// What NocoBase writes otherwise than it came, a sync writes likewise.
func TestFieldsThatNocoBaseConverts(t *testing.T) {
	for _, f := range []struct {
		name, column, typ, options string
		pushed, want, refused      string
	}{
		{"a date in seconds", "bigint", "unixTimestamp", `{}`, `"2026-11-21T09:00:00.9Z"`, "1795251600", ""},
		{"a date in milliseconds", "bigint", "unixTimestamp", `{"accuracy":"millisecond"}`, `"2026-11-21T09:00:00.9Z"`, "1795251600900", ""},
		{"a date in what its form says", "bigint", "unixTimestamp", `{"accuracy":"second","uiSchema":{"x-component-props":{"accuracy":"millisecond"}}}`, `"2026-11-21"`, "1795219200000", ""},
		{"a date as a number", "bigint", "unixTimestamp", `{}`, `1795251600.5`, "1795251600", ""},
		{"no date", "bigint", "unixTimestamp", `{}`, `"soon"`, "-", "the text is no date such as 2026-11-21T09:00:00Z"},
		{"a text that is trimmed", "varchar(3)", "string", `{"trim":true}`, `"  abc\t"`, "abc", ""},
		{"a text that is not", "varchar(8)", "string", `{}`, `" abc "`, " abc ", ""},
		{"a list", "jsonb", "array", `{}`, `["b","a","ä","B","b"]`, `["B","a","b","b","ä"]`, ""},
		{"a list of numbers", "jsonb", "array", `{}`, `[10,9,null]`, `[10,9,null]`, ""},
		{"a list of objects", "jsonb", "array", `{}`, `[{"b":1},{"a":1}]`, `[{"b":1},{"a":1}]`, ""},
		{"a set", "jsonb", "set", `{}`, `["b","a","b"]`, `["a","b"]`, ""},
		{"a list as text", "jsonb", "array", `{}`, `"[\"b\",\"a\"]"`, `["a","b"]`, ""},
		{"no list", "jsonb", "array", `{}`, `"a, b"`, "-", "the field takes a list, and a text that is none came"},
		{"nothing", "jsonb", "array", `{}`, `null`, "-", ""},
		{"any document", "jsonb", "json", `{}`, `["b","a"]`, `["b","a"]`, ""},
	} {
		t.Run(f.name, func(t *testing.T) {
			eachPlain(t, func(c *company) {
				c.nocobase()
				c.column("users", "extra", f.column)
				c.field("users", "extra", f.typ, f.options)
				record := users(`{"uid":"a","extra":` + f.pushed + `}`)
				r := c.push("hr", record)
				if f.refused != "" {
					c.wantFailed(r, "a (data, extra): extra: "+f.refused)
					return
				}
				c.wantFailed(r)
				if got := strings.ReplaceAll(plain(c.list(`SELECT extra FROM {users}`)[0], f.column), ", ", ","); got != f.want {
					c.Errorf("pushed %s, found %s, want %s", f.pushed, got, f.want)
				}
				c.wantMessage(c.push("hr", record), "user: 1 unchanged")
			})
		})
	}
}

// Once a field means something else, records are compared again.
func TestFieldsThatChangeTheirMeaning(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.nocobase()
		c.column("users", "extra", "varchar(255)")
		record := users(`{"uid":"a","extra":" x "}`)
		c.push("hr", record)
		c.field("users", "extra", "string", `{"trim":true}`)
		c.wantMessage(c.push("hr", record), "user: 1 updated")
		c.wantUsers("extra", "x")
		c.hand(`UPDATE {fields} SET type = 'formula'`)
		c.edit("users", "extra = 'computed'", "id = 1")
		c.push("hr", record)
		c.wantUsers("extra", "computed")
	})
}

// What NocoBase fills in rows that it makes is said to be empty in ours.
func TestFieldsThatNobodyFills(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.nocobase()
		for _, f := range []struct{ name, column, typ, options string }{
			{"badge", "varchar(255)", "sequence", `{}`},
			{"code", "varchar(255)", "nanoid", `{}`},
			{"score", "double precision", "formula", `{}`},
			{"since", "timestamptz", "date", `{"defaultToCurrentTime":true}`},
			{"status", "varchar(255)", "string", `{"defaultValue":"new"}`},
			{"kind", "varchar(255) DEFAULT 'person'", "string", `{"defaultValue":"person"}`},
			{"empty", "varchar(255)", "string", `{"defaultValue":null}`},
		} {
			c.column("users", f.name, f.column)
			c.field("users", f.name, f.typ, f.options)
		}
		c.field("departments", "sort", "sort", `{}`)
		c.field("departments", "id", "snowflakeId", `{}`)
		warnings, err := c.engine.Warnings(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		const (
			save  = "save such rows in NocoBase, by hand or by a workflow, or give the column a default in the database"
			state = "have the source state it, or give the column a default in the database"
		)
		want := []engine.Warning{
			{Collection: "users", Field: "since", Type: "date", Consequence: "stays empty in rows that a sync makes: NocoBase fills in the time (date)", Hint: state},
			{Collection: "users", Field: "status", Type: "string", Consequence: "stays empty in rows that a sync makes: NocoBase fills in the field's default, which the column has not", Hint: state},
			{Collection: "users", Field: "badge", Type: "sequence", Consequence: "stays empty in rows that a sync makes: NocoBase fills it (sequence)", Hint: save},
			{Collection: "users", Field: "code", Type: "nanoid", Consequence: "stays empty in rows that a sync makes: NocoBase fills it (nanoid)", Hint: save},
			{Collection: "users", Field: "score", Type: "formula", Consequence: "stays as it is, empty in new rows, until NocoBase saves the row (formula)", Hint: save},
		}
		if diff := cmp.Diff(want, warnings); diff != "" {
			c.Errorf("warnings mismatch (-want +got):\n%s", diff)
		}
		r := c.push("hr", users(`{"uid":"a","status":"busy"}`, `{"uid":"b"}`))
		c.wantUsers("kind, status, badge", "person busy -", "person - -")
		c.same("notes", notes(r),
			"user since ×2: "+want[0].Consequence, "user status ×1: "+want[1].Consequence,
			"user badge ×2: "+want[2].Consequence, "user code ×2: "+want[3].Consequence, "user score ×2: "+want[4].Consequence)
		c.same("notes", notes(c.push("hr", users(`{"uid":"a","status":"away"}`))))
	})
}

// Without NocoBase there is nobody to compute anything.
func TestWithoutNocoBaseThereAreNoFields(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.hand(`CREATE TABLE fields (id bigint, name varchar(255))`) // somebody else's
		warnings, err := c.engine.Warnings(c.Context())
		if err != nil || len(warnings) > 0 {
			c.Errorf("Warnings() = %v, %v, want none", warnings, err)
		}
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.wantFailed(c.push("hr", left("a")))
	})
}
