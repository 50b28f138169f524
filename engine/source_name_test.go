package engine_test

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// ownTables lists Roster's own tables that have a column called source.
func (c *company) ownTables() []string {
	c.Helper()
	if c.db.Dialect() == "postgres" {
		return c.list(`SELECT table_name FROM information_schema.columns WHERE table_schema = 'roster' AND column_name = 'source' ORDER BY 1`)
	}
	return c.list(`SELECT substr(m.name, 8) FROM sqlite_master m, pragma_table_info(m.name) i WHERE m.type = 'table' AND m.name LIKE 'roster@_%' ESCAPE '@' AND i.name = 'source' ORDER BY 1`)
}

// left lists what is kept under the name of a source: tables with how many rows.
func (c *company) left(source string) []string {
	c.Helper()
	lines := []string{}
	for _, table := range c.ownTables() {
		if n := c.list(`SELECT count(*) FROM {`+table+`} WHERE source = ?`, source)[0]; n != "0" {
			lines = append(lines, table+" "+n)
		}
	}
	if n := c.list(`SELECT count(*) FROM {userDataSyncRecords} WHERE [sourceName] = ?`, source)[0]; n != "0" {
		lines = append(lines, "userDataSyncRecords "+n)
	}
	return lines
}

// fill puts something under the name of a source into every table that has one,
// where pushes have not.
func (c *company) fill(source string) {
	c.Helper()
	at := c.db.Now(0)
	q := "'" + source + "'"
	c.hand(`INSERT INTO {readings} (source, run, setup, began_at) VALUES (` + q + `, 1, '', ` + at + `)`)
	c.hand(`INSERT INTO {pages} (reading, n, type, records) SELECT id, 1, 'user', '' FROM {readings} WHERE source = ` + q)
	c.hand(`INSERT INTO {feeds} (target, source, type, seen_at) VALUES ('crm', ` + q + `, 'user', ` + at + `)`)
	c.hand(`INSERT INTO {inbox} (source, event, received_at) VALUES (` + q + `, '{}', ` + at + `)`)
	c.hand(`INSERT INTO {renames} (source, type, was, at) VALUES (` + q + `, 'user', 'former', ` + at + `)`)
	c.hand(`INSERT INTO {outbox} (target, run, source, type, uid, gone, match_key, record, added_at) VALUES ('crm', 1, ` + q + `, 'user', 'a', false, '', '{}', ` + at + `)`)
	c.hand(`INSERT INTO {tokens} (name, hash, source, created_at) VALUES (` + q + `, ` + q + `, ` + q + `, ` + at + `)`)
	c.hand(`INSERT INTO {conflicts} (source, type, uid, raw) VALUES (` + q + `, 'user', 'waits', '{"uid":"waits","email":"taken"}')`)
	c.hand(`INSERT INTO {snapshots} (source, id, began_at) VALUES (` + q + `, 's', ` + at + `)`)
	c.hand(`INSERT INTO {snapshot_records} (source, type, uid, part) VALUES (` + q + `, 'user', 'a', true)`)
}

// A new name takes along the records and all else, so that the next push under
// it finds everything as it was.
func TestARenamedSourceKeepsItsRecords(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "vault", `{"url":"https://a.example","token":"right-token"}`)
		c.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","departments":["s","later"]}`))
		c.push("crm", users(`{"uid":"a","nickname":"Other"}`))
		c.fill("hr")
		before, theirs := c.left("hr"), c.left("crm")
		if len(before) != len(c.ownTables())+1 {
			c.Fatalf("only these tables have something of the source: %q", before)
		}
		got := c.change("hr", engine.SourceDraft{Name: ptr("people"), DisplayName: ptr("People")})
		if got.Name != "people" || got.DisplayName != "People" {
			c.Errorf("UpdateSource() = %+v", got)
		}
		c.same("what is left under the old name", c.left("hr"))
		after := c.left("people")
		c.same("what is there under the new name", after, strings.Split(strings.Replace(strings.Join(before, "\n"), "runs 1", "runs 2", 1), "\n")...)
		c.same("what is another's", c.left("crm"), theirs...)
		c.opens("people", true)
		c.hand(`DELETE FROM {conflicts}`)
		r := c.push("people", departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","departments":["s","later"]}`))
		c.wantMessage(r, "department: 1 unchanged; user: 1 unchanged")
		c.wantUsers("nickname", "Ann", "Other")
		c.same("runs", c.list(`SELECT kind, state, message FROM {runs} WHERE kind = 'rename'`), "rename success renamed to people")
	})
}

func TestANameThatIsTakenIsRefused(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "http-api", "")
		c.create("crm", "http-api", "")
		c.push("hr", users(`{"uid":"a"}`))
		c.push("nobody made me", users(`{"uid":"a"}`))
		for name, why := range map[string]string{"crm": "there is a source of that name already", "nobody made me": "records have been pushed under that name"} {
			_, err := c.engine.UpdateSource(c.Context(), "hr", draft(name, "", ""))
			if plugin.KindOf(err) != plugin.Conflict || !strings.Contains(err.Error(), why) {
				c.Errorf("UpdateSource() to %s = %v", name, err)
			}
		}
		if _, err := c.engine.UpdateSource(c.Context(), "hr", draft(" ", "", "")); plugin.KindOf(err) != plugin.Config {
			c.Errorf("UpdateSource() to no name = %v", err)
		}
		c.same("records", c.list(`SELECT source FROM {records} ORDER BY source`), "hr", "nobody made me")
	})
}

// While a run is under way a source is neither renamed nor removed; changes that
// leave its name alone are made.
func TestASourceAtWorkKeepsItsName(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "http-api", "")
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.meanwhile(engine.Push{Source: "hr"}, planned, func() {
			for what, err := range map[string]error{
				"rename": second(c.engine.UpdateSource(c.Context(), "hr", draft("people", "", ""))),
				"keep":   second(c.engine.DeleteSource(c.Context(), "hr", engine.Keep, nil)),
				"delete": second(c.engine.DeleteSource(c.Context(), "hr", engine.Delete, nil)),
			} {
				if plugin.KindOf(err) != plugin.Locked || !strings.Contains(err.Error(), "source hr is at work: task 2 (wait for its end, or cancel it)") {
					c.Errorf("%s of a source at work: %v", what, err)
				}
			}
			c.change("hr", engine.SourceDraft{DisplayName: ptr("People")})
		}, users(`{"uid":"a","nickname":"Anna"}`))
		c.wantUsers("nickname", "Anna")
		c.same("sources", c.list(`SELECT name, [displayName] FROM {userDataSyncSources}`), "hr People")
	})
}
