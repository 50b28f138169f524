package engine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

// awkward are texts that lose something on their way through a careless
// program: COPY, quoting, placeholders, JSON, Unicode.
var awkward = []string{
	`back\slash`, `\N`, `\.`, `\n is no line`, "two\nlines", "tab\tbed", "carriage\rreturn", `"double"`, `'single'`, `it''s`, "`tick`",
	"?", "? = ?", "$1", "{users}", "{x}", "[createdAt]", "[x", "{", ";--", "/* */", "%s %d", "<now>", "<run>", "<&>",
	" blanks ", "　", "\u00a0", "\u200b", "\ufeffbom", "\u2028",
	"漢字", "한글", "中文名字", "😀👩‍👩‍👧‍👦🏳️‍🌈", "𠮷", "שלום", "مرحبا", "a\u202eb", "e\u0301", "É", "İ", "ß", "\u0001\u007f", "NULL", "null", "true", "0x10", "-", "",
}

func TestTextArrivesToTheLetter(t *testing.T) {
	each(t, func(c *company) {
		var people, teams []string
		for i, text := range awkward {
			people = append(people, toJSON(map[string]any{"uid": "u" + text, "nickname": text, "username": itoa(i) + text, "departments": []any{"d" + text}, "note": text}))
			teams = append(teams, toJSON(map[string]any{"uid": "d" + text, "title": text, "parentUid": "top"}))
		}
		for range 2 {
			c.wantFailed(c.push("hr", users(people...), departments(append(teams, `{"uid":"top","title":"Top"}`)...)))
			for i, got := range c.strings(`SELECT nickname FROM {users} ORDER BY id`) {
				if got != awkward[i] {
					c.Errorf("nickname %q, want %q", got, awkward[i])
				}
			}
			c.same("titles", c.strings(`SELECT title FROM {departments} ORDER BY id`)[:len(awkward)], awkward...)
			c.same("lost uids", c.list(`SELECT uid FROM {records} WHERE uid NOT IN (SELECT [sourceUk] FROM {userDataSyncRecords})`))
		}
		for _, text := range awkward {
			record, err := c.engine.Record(c.Context(), "hr", plugin.User, "u"+text)
			if err != nil {
				c.Fatal(err)
			}
			var kept struct{ Note string }
			if err := json.Unmarshal(record.MetaData, &kept); err != nil || kept.Note != text {
				c.Errorf("metaData %s, %v; want note %q", record.MetaData, err, text)
			}
		}
	})
}

func TestSourcesOfAnyName(t *testing.T) {
	each(t, func(c *company) {
		for _, source := range awkward {
			if source == "" {
				continue // NocoBase's default: "api"
			}
			c.push(source, departments(`{"uid":"1","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","departments":["1","2"]}`))
		}
		c.same("sources", c.strings(`SELECT [sourceName] FROM {userDataSyncRecords} WHERE [dataType] = 'user' ORDER BY id`), awkward[:len(awkward)-1]...)
		for _, source := range []string{"a\x00b", "a\xffb", strings.Repeat("漢", 256)} {
			err := c.refused(source, users(`{"uid":"a"}`))
			if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Kind != plugin.Data || e.Path != "/sourceName" {
				c.Errorf("Push() for source %q = %v, want an error of kind data about /sourceName", source, err)
			}
		}
		c.push(strings.Repeat("漢", 255), users(`{"uid":"a"}`))
	})
}

func TestTextMayHave255Characters(t *testing.T) {
	each(t, func(c *company) {
		for _, letter := range []string{"x", "漢", "😀"} {
			fits, tooLong := strings.Repeat(letter, 255), strings.Repeat(letter, 256)
			r := c.push("hr",
				users(`{"uid":"a","nickname":"`+fits+`","username":"`+fits+`"}`, `{"uid":"b","nickname":"`+tooLong+`"}`),
				departments(`{"uid":"1","title":"`+fits+`"}`, `{"uid":"2","title":"`+tooLong+`"}`))
			c.wantUsers("nickname", fits)
			c.wantTree(fits)
			c.wantFailed(r,
				"2 (data, title): title: the text has 256 characters, the column takes 255",
				"b (data, nickname): nickname: the text has 256 characters, the column takes 255")
		}
	})
}

func TestWhatADatabaseCannotKeepFailsItsRecord(t *testing.T) {
	each(t, func(c *company) {
		deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
		r := c.push("hr", users(
			`{"uid":"a","nickname":"a\u0000b"}`,
			"{\"uid\":\"b\",\"nickname\":\"\xff\xfe\"}",
			`{"uid":"c","nickname":"Cid","note":"a NUL in what is only kept: \u0000","half a pair":"\ud800"}`,
			`{"uid":"d","deep":`+deep+`}`,
			`{"uid":"e","departments":["a\u0000b"]}`,
			`{"uid":"f","departments":["`+strings.Repeat("x", 10_000)+`"]}`,
			`{"uid":"g","note":"`+strings.Repeat("[", 5000)+`\"["}`,
			`{"uid":"h","note":"`+strings.Repeat("x", 1<<20)+`"}`,
		), departments(`{"uid":"1","parentUid":"a\u0000b"}`, `{"uid":"2","parentUid":"`+strings.Repeat("x", 10_000)+`"}`))
		c.wantUsers("nickname", "Cid", "-")
		c.wantFailed(r,
			"1 (data, parentUid): the parentUid holds a NUL character, which a database cannot keep",
			"2 (data, parentUid): the uid has 10000 characters, NocoBase keeps 255",
			"a (data, nickname): nickname: the text holds a NUL character, which a database cannot keep",
			"<nil> (data, ): the record is not valid UTF-8",
			"<nil> (data, ): the record nests objects and lists more than 100 deep",
			"e (data, departments): each of departments must be a uid or an object with a uid",
			"f (data, departments): the uid has 10000 characters, NocoBase keeps 255",
			"<nil> (data, ): the record has 1048597 bytes of JSON, at most 1048576 are taken")
	})
}

func TestAwkwardValuesOfTheMatchKeyMatchTheirRows(t *testing.T) {
	each(t, func(c *company) {
		var people []string
		for i, text := range awkward[:len(awkward)-1] { // but for the empty text, which matches nobody
			people = append(people, toJSON(map[string]any{"uid": itoa(i), "username": text}))
		}
		c.push("hr", users(people...))
		c.wantMessage(c.pushBy("username", "it", users(people...)), "user: "+itoa(len(people))+" linked")
		c.same("rows without two records", c.list(`SELECT row_id FROM {records} GROUP BY row_id HAVING count(*) <> 2`))
	})
}

// strings reads one column of text as it is.
func (c *company) strings(q string) []string {
	c.Helper()
	var texts []string
	if err := c.db.On(c.db).Select(c.Context(), &texts, q); err != nil {
		c.Fatalf("%s: %v", q, err)
	}
	return texts
}
