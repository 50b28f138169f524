package engine_test

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// staffed makes a source with a department and two people, one of whom another
// source knows as well.
func (c *company) staffed(options string) {
	c.Helper()
	c.withVaults()
	c.create("hr", "http-api", options)
	c.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"a","nickname":"Ann","email":"a","departments":["s","later"]}`, `{"uid":"b","nickname":"Bob"}`))
	c.pushBy("email", "crm", users(`{"uid":"x","email":"a"}`))
	c.fill("hr")
}

// remove removes the source of staffed.
func (c *company) remove(records string) *engine.Report {
	c.Helper()
	r, err := c.engine.DeleteSource(c.Context(), "hr", records, nil)
	if err != nil {
		c.Fatalf("DeleteSource() = %v", err)
	}
	c.soundTree()
	return r
}

func TestARemovedSourceLeavesWhatItsRecordsAreToldTo(t *testing.T) {
	const unguarded = `{"sync":{"guards":{"membershipsRemoved":null,"departmentsRemoved":null,"usersRemoved":null}}}`
	for _, of := range []struct {
		records           string
		users, members    []string
		departments, left []string
		message           string
	}{
		{engine.Keep, []string{"Ann", "Bob"}, []string{"Ann Sales"}, []string{"Sales"}, []string{"outbox 1", "runs 2", "userDataSyncRecords 3"}, ""},
		{engine.Unlink, []string{"Ann", "Bob"}, nil, []string{"Sales"}, []string{"outbox 2", "runs 3"}, "department: 1 unlinked; membership: 1 deleted; user: 2 unlinked"},
		{engine.Delete, []string{"Ann"}, nil, nil, []string{"outbox 2", "runs 3"}, "department: 1 deleted; membership: 1 deleted; user: 1 deleted, 1 unlinked"},
	} {
		t.Run(of.records, func(t *testing.T) {
			each(t, func(c *company) {
				c.staffed(unguarded)
				c.change("hr", engine.SourceDraft{Enabled: ptr(false)}) // as an operator would, first
				r := c.remove(of.records)
				if of.message == "" && r != nil || of.message != "" && r.Task.Message != of.message {
					c.Errorf("DeleteSource() = %+v, want %q", r, of.message)
				}
				c.same("users", c.list(`SELECT nickname FROM {users} ORDER BY id`), of.users...)
				c.same("departments", c.list(`SELECT title FROM {departments}`), of.departments...)
				c.same("memberships", c.list(`SELECT u.nickname, d.title FROM {departmentsUsers} m JOIN {users} u ON u.id = m.[userId] JOIN {departments} d ON d.id = m.[departmentId]`), of.members...)
				c.same("what is left of it", c.left("hr"), of.left...)
				c.same("sources", c.list(`SELECT name FROM {userDataSyncSources}`))
				c.same("links", c.list(`SELECT count(*) FROM {userDataSyncRecordsResources} k WHERE NOT EXISTS (SELECT 1 FROM {userDataSyncRecords} t WHERE t.id = k.[recordId])`), "0")
				if r := c.push("crm", users(`{"uid":"x","email":"a"}`)); len(r.Warnings) > 0 { // that a backup was restored, say
					c.Errorf("the next run warns: %q", r.Warnings)
				}
				c.same("records of the other source", c.list(`SELECT [sourceUk] FROM {userDataSyncRecords} WHERE [sourceName] = 'crm'`), "x")
			})
		})
	}
}

// Guards hold the removal as they hold a push, and the source stays.
func TestARemovalIsGuarded(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "http-api", "")
		c.push("hr", users(some(6, `{"uid":"u#","nickname":"u#"}`)...))
		_, err := c.engine.DeleteSource(c.Context(), "hr", engine.Delete, nil)
		if plugin.KindOf(err) != plugin.Guard || !strings.Contains(err.Error(), "the run would remove or disable 6 of 6 users, more than the guard usersRemoved allows; nothing was written "+
			"(if it is meant, set options.sync.guards.usersRemoved of the source to null, and remove it again)") {
			c.Errorf("DeleteSource() = %v", err)
		}
		c.same("sources", c.list(`SELECT name FROM {userDataSyncSources}`), "hr")
		c.same("users", c.list(`SELECT count(*) FROM {users}`), "6")
		c.push("hr", users(some(6, `{"uid":"u#","nickname":"u#"}`)...))
		c.change("hr", draft("", "", `{"sync":{"guards":{"usersRemoved":null}}}`))
		if r := c.remove(engine.Delete); r.Task.Kind != "remove" || r.Task.State != engine.Success {
			c.Errorf("DeleteSource() = %+v", r.Task)
		}
		c.wantUsers("nickname")
	})
}

// A record that cannot be removed keeps the source; once that is mended it goes.
func TestASourceStaysWhileARecordCannotBeRemoved(t *testing.T) {
	each(t, func(c *company) {
		c.staffed("")
		c.forbidDeletion("Bob")
		r, err := c.engine.DeleteSource(c.Context(), "hr", engine.Delete, nil)
		if r == nil || r.Task.State != engine.Partial || plugin.KindOf(err) != plugin.Conflict || !strings.Contains(err.Error(), "source hr was not removed, for task 3 could not remove all its records: ") {
			c.Fatalf("DeleteSource() = %+v, %v", r, err)
		}
		c.same("sources", c.list(`SELECT name FROM {userDataSyncSources}`), "hr")
		c.allowDeletion()
		c.remove(engine.Delete)
		c.wantUsers("nickname", "Ann")
		c.same("what is left of it", c.left("hr"), "outbox 2", "runs 4")
	})
}

// forbidDeletion has the database refuse that a user of that nickname goes.
func (c *company) forbidDeletion(nickname string) {
	c.Helper()
	if c.db.Dialect() == "postgres" {
		c.hand(`CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF old.nickname = '` + nickname + `' THEN RAISE EXCEPTION 'forbidden'; END IF; RETURN old; END $$`)
		c.hand(`CREATE TRIGGER forbidden BEFORE DELETE ON {users} FOR EACH ROW EXECUTE FUNCTION forbid()`)
		return
	}
	c.hand(`CREATE TRIGGER forbidden BEFORE DELETE ON {users} WHEN old.nickname = '` + nickname + `' BEGIN SELECT RAISE(ABORT, 'forbidden'); END`)
}

func (c *company) allowDeletion() {
	c.Helper()
	if c.db.Dialect() == "postgres" {
		c.hand(`DROP TRIGGER forbidden ON {users}`)
		return
	}
	c.hand(`DROP TRIGGER forbidden`)
}

func TestHowASourceIsRemovedMustBeSaid(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "http-api", "")
		_, err := c.engine.DeleteSource(c.Context(), "hr", "", nil)
		c.wantFault(err, plugin.Config, "/records", "what becomes of the records of source hr is not said (it is one of keep, unlink, delete)")
		c.remove(engine.Unlink) // nothing was ever pushed
		c.same("sources", c.list(`SELECT name FROM {userDataSyncSources}`))
	})
}

// After a source was removed and its records kept, a push under its name finds
// them.
func TestASourceComesBackToTheRecordsThatWereKept(t *testing.T) {
	each(t, func(c *company) {
		c.staffed("")
		c.remove(engine.Keep)
		c.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"a","nickname":"Anna"}`, `{"uid":"b","nickname":"Bob"}`))
		c.wantUsers("nickname", "Anna", "Bob")
	})
}
