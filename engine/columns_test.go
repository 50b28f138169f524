package engine_test

import (
	"strings"
	"testing"
)

// types says what NocoBase calls, in SQLite, the types of PostgreSQL.
var types = strings.NewReplacer("boolean", "TINYINT(1)", "timestamptz", "DATETIME", "jsonb", "JSON", "varchar", "VARCHAR")

// column adds a custom column, as an operator does in NocoBase; its type is
// PostgreSQL's.
func (c *company) column(table, name, typ string) {
	c.Helper()
	if c.db.Dialect() == "sqlite" {
		typ = types.Replace(typ)
	}
	c.hand(`ALTER TABLE {` + table + `} ADD COLUMN "` + name + `" ` + typ)
}

func TestValuesOfCustomColumns(t *testing.T) {
	columns := []struct {
		typ  string
		good map[string]string // what is pushed → what is there then
		bad  map[string]string // what is pushed → why not
	}{
		{"integer", map[string]string{`7`: "7", `"7"`: "7", `-2147483648`: "-2147483648", `5.0`: "5", `1e3`: "1000", `null`: "-"}, map[string]string{
			`7.5`: "the column takes a whole number, and another number came", `"seven"`: "the column takes a whole number, and a text that is none came",
			`true`: "the column takes a whole number, and true or false came", `[7]`: "the column takes a whole number, and a list came",
			`2147483648`: "the number does not fit a column of type integer", `1e40`: "the number does not fit a column of type integer",
			`""`: "the column takes a whole number, and a text that is none came",
		}},
		{"smallint", map[string]string{`32767`: "32767"}, map[string]string{`32768`: "the number does not fit a column of type smallint"}},
		{"bigint", map[string]string{`9223372036854775807`: "9223372036854775807"}, map[string]string{
			`9223372036854775808`: "the number does not fit a column of type bigint",
		}},
		{"numeric(5,2)", map[string]string{`12.5`: "12.5", `999.99`: "999.99", `"1e2"`: "100"}, map[string]string{
			`1000`: "the number does not fit a column of type numeric(5,2)", `999.995`: "the number does not fit a column of type numeric(5,2)",
			`"0x10p0"`: "the column takes a number, and a text that is none came", `"NaN"`: "the column takes a number, and a text that is none came",
			`1e-400`: "the number does not fit a column of type numeric(5,2)", `{}`: "the column takes a number, and an object came",
		}},
		{"real", map[string]string{`0.5`: "0.5"}, map[string]string{`1e39`: "the number does not fit a column of type real", `1e-60`: "the number does not fit a column of type real"}},
		{"double precision", map[string]string{`0.25`: "0.25"}, map[string]string{`1e309`: "the number does not fit a column of type double precision"}},
		{"boolean", map[string]string{`true`: "1", `"false"`: "0", `1`: "1", `0`: "0"}, map[string]string{
			`"yes"`: "the column takes true or false, and a text that is none came", `2`: "the column takes true or false, and another number came", `[]`: "the column takes true or false, and a list came",
		}},
		{"date", map[string]string{`"2026-11-21"`: "2026-11-21", `"2026-11-21T00:30:00+08:00"`: "2026-11-21", `"2026-11-21T23:30:00-08:00"`: "2026-11-21"}, map[string]string{
			`"21.11.2026"`: "the text is no date such as 2026-11-21T09:00:00Z", `"2026-02-30"`: "the text is no date such as 2026-11-21T09:00:00Z",
			`"0000-01-01"`: "the date is not in the years 1 to 9999", `1763715600`: "the column takes a date such as 2026-11-21T09:00:00Z, and another number came", `""`: "the text is no date such as 2026-11-21T09:00:00Z",
		}},
		{"timestamptz", map[string]string{`"2026-11-21T09:00:00.123456Z"`: "2026-11-21T09:00:00.123Z", `"2026-11-21T09:00:00+08:00"`: "2026-11-21T01:00:00.000Z", `"2026-11-21 09:00:00"`: "2026-11-21T09:00:00.000Z"}, map[string]string{
			`"9999-12-31T23:59:59-14:00"`: "the date is not in the years 1 to 9999", `"soon"`: "the text is no date such as 2026-11-21T09:00:00Z",
		}},
		{"time", map[string]string{`"08:30"`: "08:30:00", `"23:59:59"`: "23:59:59"}, map[string]string{
			`"24:30"`: "the text is no time of day such as 09:00:00", `930`: "the column takes a time of day such as 09:00:00, and another number came",
		}},
		{"uuid", map[string]string{`"0F0E1D2C-3b4a-4958-8675-645342312010"`: "0f0e1d2c-3b4a-4958-8675-645342312010"}, map[string]string{
			`"0f0e"`: "the text is no uuid such as 0f0e1d2c-3b4a-4958-8675-645342312010", `7`: "the column takes a uuid, and another number came",
		}},
		{"jsonb", map[string]string{`{"a":"<&>"}`: `{"a":"<&>"}`, `"text"`: `"text"`}, map[string]string{
			`"a\u0000b"`: "the value holds a NUL character or a number that a database cannot keep", `{"a":[1e999999]}`: "the value holds a NUL character or a number that a database cannot keep",
		}},
		{"varchar(3)", map[string]string{`"漢字😀"`: "漢字😀", `123`: "123", `""`: ""}, map[string]string{
			`"abcd"`: "the text has 4 characters, the column takes 3", `true`: "the column takes text, and true or false came", `"a\u0000"`: "the text holds a NUL character, which a database cannot keep",
		}},
	}
	each(t, func(c *company) {
		for i, column := range columns {
			c.column("users", "extra"+itoa(i), column.typ)
		}
		for i, column := range columns {
			extra := "extra" + itoa(i)
			for pushed, want := range column.good {
				person := users(`{"uid":"a","` + extra + `":` + pushed + `}`)
				c.wantFailed(c.push("hr", person))
				if got := plain(c.list(`SELECT ` + extra + ` FROM {users}`)[0], column.typ); got != want {
					c.Errorf("%s: pushed %s, found %s, want %s", column.typ, pushed, got, want)
				}
				if again := c.push("hr", person); again.Task.Message != "user: 1 unchanged" {
					c.Errorf("%s: pushed %s again: %s", column.typ, pushed, again.Task.Message)
				}
			}
			before := c.list(`SELECT ` + extra + ` FROM {users}`)
			for pushed, why := range column.bad {
				r := c.push("hr", users(`{"uid":"a","`+extra+`":`+pushed+`}`))
				c.wantFailed(r, "a (data, "+extra+"): "+extra+": "+why)
			}
			c.same(extra, c.list(`SELECT `+extra+` FROM {users}`), before...)
		}
	})
}

// plain writes what was found in a column of a type as both databases might.
func plain(found, typ string) string {
	switch {
	case typ == "date":
		return strings.TrimSuffix(found, "T00:00:00.000Z")
	case typ == "time":
		return strings.TrimSuffix(strings.TrimPrefix(found, "0000-01-01T"), ".000Z")
	case typ == "timestamptz":
		return strings.NewReplacer("-21 ", "-21T", " +00:00", "Z").Replace(found)
	case typ == "jsonb":
		return strings.ReplaceAll(found, `": `, `":`)
	case strings.HasPrefix(typ, "numeric") && strings.Contains(found, "."):
		return strings.TrimRight(strings.TrimRight(found, "0"), ".")
	}
	return found
}

func TestAColumnsDefaultIsForWhoStatesNothing(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "country", "varchar(255) DEFAULT 'nowhere'")
		c.push("hr", users(`{"uid":"a"}`, `{"uid":"b","country":"here"}`, `{"uid":"c","country":null}`))
		c.wantUsers("country", "nowhere", "here", "-")
	})
}

func TestACustomUniqueColumnIsGuardedAsNocoBasesOwn(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "badge", "integer")
		c.hand(`CREATE UNIQUE INDEX badges ON {users} (badge)`)
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","badge":1}`, `{"uid":"b","nickname":"Bob","badge":2}`, `{"uid":"c","badge":"1"}`))
		c.wantFailed(r, "c (conflict, badge): badge is also stated by record a of the same push, which counts")
		c.wantFailed(c.push("hr", users(`{"uid":"a","badge":2}`, `{"uid":"b","badge":1}`)))
		c.wantUsers("nickname, badge", "Ann 2", "Bob 1")
	})
}

func TestColumnsOfDepartments(t *testing.T) {
	each(t, func(c *company) {
		c.column("departments", "code", "varchar(255)")
		r := c.push("hr", departments(`{"uid":"1","title":"Sales","code":"S"}`))
		c.same("notes", notes(r))
		c.same("code", c.list(`SELECT code FROM {departments}`), "S")
	})
}

func TestAColumnThatComesLaterIsFilledByTheSameRecord(t *testing.T) {
	each(t, func(c *company) {
		person := users(`{"uid":"a","floor":"3"}`)
		c.push("hr", person)
		c.column("users", "floor", "integer")
		c.wantMessage(c.push("hr", person), "user: 1 updated")
		c.wantUsers("floor", "3")
		c.hand(`ALTER TABLE {users} DROP COLUMN floor`)
		c.wantFailed(c.push("hr", person))
	})
}

func TestAColumnMayChangeItsType(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "floor", "integer")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","floor":3}`))
		c.hand(`ALTER TABLE {users} DROP COLUMN floor`)
		c.column("users", "floor", "varchar(255)")
		c.push("hr", users(`{"uid":"a","floor":3}`, `{"uid":"b","nickname":"Bob","floor":"ground"}`))
		c.wantUsers("nickname, floor", "Ann 3", "Bob ground")
	})
}

func TestColumnsOfAnyName(t *testing.T) {
	names := []string{
		"n", "op", "fresh", "touched", "awaits", "row_id", "restated", "pos", "full name", "wer?", "{x}", "{users}", "[x]",
		"$1", "it's", `say "hi"`, "50%", "漢字", "select",
	}
	each(t, func(c *company) {
		for _, name := range names {
			c.column("users", strings.ReplaceAll(name, `"`, `""`), "varchar(255)")
		}
		for _, v := range []string{"first", "second"} {
			record := map[string]string{"uid": "a", "nickname": "Ann " + v}
			for _, name := range names {
				record[name] = name + " " + v
			}
			r := c.push("hr", users(toJSON(record)))
			c.wantFailed(r)
			c.same("notes", notes(r))
			if v == "second" {
				c.same("items", c.items(r), "update user a: nickname, "+strings.Join(names, ", "))
			}
			for _, name := range names {
				c.wantUsers(`nickname, "`+strings.ReplaceAll(name, `"`, `""`)+`"`, "Ann "+v+" "+name+" "+v)
			}
		}
	})
}

func TestColumnsCalledAsASyncCallsItsOwnAreLeftAlone(t *testing.T) {
	each(t, func(c *company) {
		for _, name := range []string{"seq", "<now>", "_own", "uid", "isDeleted", "departments"} {
			c.column("users", name, "varchar(255)")
		}
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","isDeleted":false,"departments":[],"seq":"1","<now>":"1","_own":"1"}`))
		c.same("notes", notes(r),
			"user <now> ×1: is a name that a sync keeps for itself: the column is left alone",
			"user _own ×1: is a name that a sync keeps for itself: the column is left alone",
			"user seq ×1: is a name that a sync keeps for itself: the column is left alone")
		c.wantUsers(`nickname, uid, seq, "<now>", _own, "isDeleted", departments`, "Ann - - - - - -")
	})
}

func TestARowTheDatabaseRefusesFailsAlone(t *testing.T) {
	each(t, func(c *company) {
		c.column("users", "badge", "varchar(255) CHECK (badge <> 'forged')")
		constraint := map[string]string{"sqlite": "badge", "postgres": "nb_users_badge_check"}[c.db.Dialect()]
		var people, want []string
		for i := range 100 {
			badge := "fine"
			if i%33 == 7 {
				badge = "forged"
				want = append(want, itoa(i)+" (data, "+constraint+"): the database refuses the row: "+constraint)
			}
			people = append(people, `{"uid":"`+itoa(i)+`","badge":"`+badge+`"}`)
		}
		r := c.push("hr", users(people...))
		c.wantMessage(r, "97 of 100 applied, 3 failed; user: 97 created, 3 failed")
		c.wantFailed(r, want...)
		c.same("refused rows", c.list(`SELECT id FROM {users} WHERE badge = 'forged'`))
		c.same("roles of nobody", c.list(`SELECT [userId] FROM {rolesUsers} WHERE [userId] NOT IN (SELECT id FROM {users})`))
		c.same("links to nobody", c.list(`SELECT id FROM {userDataSyncRecordsResources} WHERE [resourcePk] NOT IN (SELECT CAST(id AS text) FROM {users})`))
	})
}

func TestAColumnThatMustNotBeNull(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.column("users", "floor", "integer NOT NULL DEFAULT 0")
		if c.db.Dialect() == "postgres" {
			c.hand(`ALTER TABLE {users} ALTER floor DROP DEFAULT`)
			r := c.push("hr", users(`{"uid":"b","nickname":"Bob"}`, `{"uid":"c","nickname":"Cid","floor":3}`, `{"uid":"a","nickname":"Anna"}`))
			c.wantFailed(r, "b (data, floor): the database refuses the row: floor")
			c.wantUsers("nickname, floor", "Anna 0", "Cid 3")
		}
		r := c.push("hr", users(`{"uid":"a","floor":null}`))
		c.wantFailed(r, "a (data, floor): the database refuses the row: floor")
	})
}

func TestATriggerThatSaysNoStopsOnlyItsRow(t *testing.T) {
	each(t, func(c *company) {
		if c.db.Dialect() == "sqlite" {
			c.hand(`CREATE TRIGGER no BEFORE INSERT ON users WHEN NEW.nickname = 'No' BEGIN SELECT RAISE(ABORT, 'no'); END`)
		} else {
			c.hand(`CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.nickname = ''No'' THEN RAISE EXCEPTION ''no''; END IF; RETURN NEW; END'`)
			c.hand(`CREATE TRIGGER no BEFORE INSERT ON {users} FOR EACH ROW EXECUTE FUNCTION no()`)
		}
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"No"}`))
		c.wantUsers("nickname", "Ann")
		c.wantFailed(r, "b (data, ): the database refuses the row")
	})
}

func TestATableMayHaveHundredsOfColumns(t *testing.T) {
	each(t, func(c *company) {
		var members []string
		for i := range 400 {
			c.column("users", "extra"+itoa(i), "varchar(255)")
			members = append(members, `"extra`+itoa(i)+`":"`+itoa(i)+`"`)
		}
		var people []string
		for i := range 200 {
			people = append(people, `{"uid":"`+itoa(i)+`",`+strings.Join(members, ",")+`}`)
		}
		c.wantFailed(c.push("hr", users(people...)))
		c.same("filled", c.list(`SELECT count(*) FROM {users} WHERE extra0 = '0' AND extra399 = '399'`), "200")
		c.wantMessage(c.push("hr", users(people...)), "user: 200 unchanged")
	})
}
