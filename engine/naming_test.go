package engine_test

import (
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// Fields have the names that NocoBase knows them by, whatever the database calls
// their columns and tables.
func TestFieldsWhereNamesAreUnderscored(t *testing.T) {
	t.Parallel()
	c := newCompany(t, schematest.Open(t, schematest.Hosted(t)))
	c.hand(`CREATE TABLE nbs.nb_fields (key text PRIMARY KEY, name text, type text, interface text, collection_name text, options json DEFAULT '{}', sort bigint)`)
	c.hand(`ALTER TABLE {users} ADD badge_no varchar(255), ADD f_a1b2 integer, ADD old_name varchar(255), ADD total_due numeric`)
	c.hand(`CREATE TABLE nbs.nb_rented_desks (id bigint PRIMARY KEY, rented_by_id bigint)`)
	c.hand(`INSERT INTO nbs.nb_fields (key, name, type, collection_name, options) VALUES
		('1', 'badgeNo', 'string', 'users', '{}'), ('2', 'f_a1b2', 'integer', 'users', '{}'),
		('3', 'title', 'string', 'users', '{"field":"old_name"}'), ('4', 'totalDue', 'formula', 'users', '{}'),
		('5', 'rentedBy', 'belongsTo', 'rentedDesks', '{"target":"users","foreignKey":"rentedById","targetKey":"id","onDelete":"CASCADE"}')`)
	r := c.push("hr", users(`{"uid":"a","nickname":"Ann","badgeNo":"B7","f_a1b2":3,"title":"Dr","totalDue":1,"badge_no":"no"}`))
	c.same("notes", notes(r), "user badge_no ×1: users has no such column; kept with the record", "user totalDue ×1: NocoBase computes it (formula)",
		"user totalDue ×1: stays as it is, empty in new rows, until NocoBase saves the row (formula)")
	c.wantUsers("nickname, badge_no, f_a1b2, old_name, total_due", "Ann B7 3 Dr -")
	c.same("items", c.items(c.push("hr", users(`{"uid":"a","badgeNo":"B8"}`))), "update user a: badgeNo")

	c.hand(`INSERT INTO nbs.nb_rented_desks SELECT 1, id FROM {users}`)
	c.wantFailed(c.pushAs(engine.Push{Source: "hr"}, users(`{"uid":"a","isDeleted":true}`)))
	c.same("desks", c.list(`SELECT id FROM nbs.nb_rented_desks`))
}
