package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
)

// refers is a reference of one table to the ids of another, with the names that
// NocoBase gives by default.
func refers(table, column, target, onDelete string) engine.Reference {
	return engine.Reference{Table: schema.Quote(table), Column: column, Target: schema.Quote(target), TargetColumn: "id", OnDelete: onDelete}
}

// table makes a table that Roster knows nothing of, with an id and columns of
// numbers, and a row for each list of values.
func (c *company) table(name, columns string, rows ...string) {
	c.Helper()
	q := schema.Quote(name) + ` (id`
	definition := `CREATE TABLE ` + schema.Quote(name) + ` (id bigint PRIMARY KEY`
	for column := range strings.FieldsSeq(columns) {
		q += ", " + schema.Quote(column)
		definition += ", " + schema.Quote(column) + " bigint"
	}
	c.hand(definition + `)`)
	for _, row := range rows {
		c.hand(`INSERT INTO ` + q + `) VALUES (` + row + `)`)
	}
}

// wantRows wants a table to have these rows.
func (c *company) wantRows(table string, want ...string) {
	c.Helper()
	c.same(table, c.list(`SELECT * FROM `+schema.Quote(table)+` ORDER BY id`), want...)
}

// trio is a push of Ann, row 1, Bob, row 2, and Cem, row 3, who will stay.
func trio(c *company) {
	c.Helper()
	c.push("hr", users(`{"uid":"a","nickname":"Ann"}`, `{"uid":"b","nickname":"Bob"}`, `{"uid":"c","nickname":"Cem"}`))
}

// left tells of people that they are gone.
func left(uids ...string) engine.Body {
	var records []string
	for _, uid := range uids {
		records = append(records, `{"uid":"`+uid+`","isDeleted":true}`)
	}
	return users(records...)
}

// images lists what is kept of rows that were removed: the item's type and
// place, the table, what was lost, and the row's id.
func (c *company) images() []string {
	c.Helper()
	var lines []string
	for _, line := range c.list(`SELECT type, n, rows_of, lost, image FROM {before_images} ORDER BY type, n, rows_of, id`) {
		said, image, _ := strings.Cut(line, "{")
		var row struct{ ID any }
		d := json.NewDecoder(strings.NewReader("{" + image))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			c.Fatalf("image %s: %v", image, err)
		}
		lines = append(lines, strings.ReplaceAll(said, `"public".`, "")+shown(row.ID))
	}
	return lines
}

func TestWhatRefersToAUserWhoGoes(t *testing.T) {
	for _, way := range []struct {
		name, onDelete string
		want           []string
	}{
		{"goes along", schema.Cascade, []string{"12 2", "13 -"}},
		{"refers to nobody", schema.SetNull, []string{"10 -", "11 -", "12 2", "13 -"}},
		{"is left alone", schema.NoAction, []string{"10 1", "11 1", "12 2", "13 -"}},
	} {
		t.Run(way.name, func(t *testing.T) {
			eachPlain(t, func(c *company) {
				trio(c)
				c.table("orders", "userId", "10, 1", "11, 1", "12, 2", "13, NULL")
				c.db.SetReferences([]engine.Reference{refers("orders", "userId", "users", way.onDelete)})
				r := c.push("hr", left("a"))
				c.wantFailed(r)
				c.wantUsers("nickname", "Bob", "Cem")
				c.wantRows("orders", way.want...)
			})
		})
	}
}

// What goes takes along what refers to it.
func TestReferencesAreFollowedThroughTables(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.table("orders", "userId", "10, 1", "11, 2", "12, 3")
		c.table("lines", "orderId", "20, 10", "21, 10", "22, 11", "23, 12")
		c.table("notes", "lineId", "30, 21", "31, 22", "32, 23", "33, NULL")
		c.db.SetReferences([]engine.Reference{
			refers("notes", "lineId", "lines", schema.SetNull),
			refers("lines", "orderId", "orders", schema.Cascade),
			refers("orders", "userId", "users", schema.Cascade),
		})
		r := c.push("hr", left("a", "b"))
		c.wantFailed(r)
		c.wantRows("orders", "12 3")
		c.wantRows("lines", "23 12")
		c.wantRows("notes", "30 -", "31 -", "32 23", "33 -")
		items, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID})
		if err != nil {
			c.Fatal(err)
		}
		along := map[string]int{}
		for _, item := range items {
			along[item.UID] = item.Along
		}
		// Of Ann an order, its two lines, and her role; of Bob an order, its line, and his role.
		if diff := cmp.Diff(map[string]int{"a": 4, "b": 3}, along); diff != "" {
			c.Errorf("rows that went along mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestReferencesThatRunInCirclesEnd(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.table("orders", "userId follows lineId", "10, 1, NULL, NULL", "11, NULL, 10, NULL", "12, NULL, 11, NULL", "13, NULL, NULL, 20", "14, 3, 14, NULL")
		c.table("lines", "orderId", "20, 12", "21, 13", "22, 14")
		c.db.SetReferences([]engine.Reference{
			refers("orders", "userId", "users", schema.Cascade),
			refers("orders", "follows", "orders", schema.Cascade),
			refers("orders", "lineId", "lines", schema.Cascade),
			refers("lines", "orderId", "orders", schema.Cascade),
		})
		c.hand(`UPDATE orders SET follows = 12 WHERE id = 10`)
		c.wantFailed(c.push("hr", left("a")))
		c.wantRows("orders", "14 3 14 -")
		c.wantRows("lines", "22 14")
	})
}

func TestReferencesMayHoldAUser(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.table("orders", "userId", "10, 1", "11, 1", "12, 2")
		c.table("invoices", "orderId", "20, 12")
		c.db.SetReferences([]engine.Reference{
			refers("orders", "userId", "users", schema.Cascade),
			refers("invoices", "orderId", "orders", schema.Restrict),
			refers("leases", "userId", "users", schema.Restrict),
		})
		c.table("leases", "userId", "30, 1", "31, 1")
		r := c.push("hr", left("a", "b", "c"))
		c.wantFailed(r,
			"a (conflict, leases.userId): it is gone, but 2 rows of leases refer by userId to it, and forbid that (RESTRICT)",
			"b (conflict, invoices.orderId): it is gone, but 1 row of invoices refers by orderId to rows of orders that would go with it, and forbids that (RESTRICT)")
		c.wantUsers("nickname", "Ann", "Bob")
		c.wantRows("orders", "10 1", "11 1", "12 2")
		// Once nothing holds them, they go with the next run.
		c.hand(`DELETE FROM leases`)
		c.hand(`DELETE FROM invoices`)
		c.wantFailed(c.push("hr", users(`{"uid":"d","nickname":"Dan"}`)))
		c.wantUsers("nickname", "Dan")
		c.wantRows("orders")
	})
}

// What goes with a row does not hold it, and one's reference to oneself neither.
func TestWhatGoesAlongHoldsNobody(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.column("users", "mentorId", "bigint")
		trio(c)
		c.table("orders", "userId follows", "10, 1, NULL", "11, 1, 10")
		c.hand(`UPDATE {users} SET "mentorId" = 1`)
		c.db.SetReferences([]engine.Reference{
			refers("orders", "userId", "users", schema.Cascade),
			refers("orders", "follows", "orders", schema.Restrict),
			refers("users", "mentorId", "users", schema.Restrict),
		})
		c.hand(`UPDATE {users} SET "mentorId" = NULL WHERE id > 1`)
		c.wantFailed(c.push("hr", left("a")))
		c.wantRows("orders")
	})
}

// People go by their own records only, however tables refer to each other.
func TestReferencesTakeNobodyAlong(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.column("users", "mentorId", "bigint")
		trio(c)
		c.hand(`UPDATE {users} SET "mentorId" = 1 WHERE id > 1`)
		c.db.SetReferences([]engine.Reference{refers("users", "mentorId", "users", schema.Cascade)})
		c.wantFailed(c.push("hr", left("a")),
			"a (conflict, users.mentorId): it is gone, but 2 rows of users refer by mentorId to it and would go with it (CASCADE): those go by their own records only")
		c.wantUsers("nickname", "Ann", "Bob", "Cem")
	})
}

// A value of somebody who is held does not come free.
func TestWhoIsHeldKeepsHerValues(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"office@example.com"}`))
		c.table("leases", "userId", "30, 1")
		c.db.SetReferences([]engine.Reference{refers("leases", "userId", "users", schema.Restrict)})
		r := c.push("hr", left("a"), users(`{"uid":"b","nickname":"Bob","email":"office@example.com"}`))
		c.wantFailed(r,
			"a (conflict, leases.userId): it is gone, but 1 row of leases refers by userId to it, and forbids that (RESTRICT)",
			"b (conflict, email): email is held by row 1 of users, which keeps it")
		c.hand(`DELETE FROM leases`)
		c.wantFailed(c.push("hr", left("a"), users(`{"uid":"b","nickname":"Bob","email":"office@example.com"}`)))
		c.wantUsers("nickname, email", "Bob office@example.com")
	})
}

func TestMeanwhileSomebodyComesToHoldWhoGoes(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","nickname":"Ann","email":"office@example.com"}`, `{"uid":"b","nickname":"Bob"}`, `{"uid":"c","nickname":"Cem"}`))
		c.table("orders", "userId", "10, 1", "11, 2")
		c.table("leases", "userId")
		c.db.SetReferences([]engine.Reference{
			refers("orders", "userId", "users", schema.Cascade), refers("leases", "userId", "users", schema.Restrict),
		})
		r := c.meanwhile(engine.Push{Source: "hr"}, planned, func() { c.hand(`INSERT INTO leases VALUES (30, 1)`) },
			left("a", "b"), users(`{"uid":"c","nickname":"Cem","email":"office@example.com"}`))
		c.wantFailed(r,
			"a (conflict, leases.userId): it is gone, but 1 row of leases refers by userId to it, and forbids that (RESTRICT)",
			"c (conflict, email): email is held by row 1 of users, which keeps it")
		c.wantUsers("nickname, email", "Ann office@example.com", "Cem -")
		c.wantRows("orders", "10 1")
	})
}

// When the database refuses to let a row go, what hangs on it stays as well.
func TestWhatHangsOnARowThatCannotGoStays(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.table("orders", "userId", "10, 1", "11, 2")
		c.hand(`CREATE TABLE desks (id bigint PRIMARY KEY, "userId" bigint NOT NULL)`)
		c.hand(`INSERT INTO desks VALUES (40, 1)`)
		c.db.SetReferences([]engine.Reference{
			refers("orders", "userId", "users", schema.Cascade), refers("desks", "userId", "users", schema.SetNull),
		})
		c.wantFailed(c.push("hr", left("a", "b")), "a (data, userId): it is gone, but the database refuses the row: userId")
		c.wantUsers("nickname", "Ann", "Cem")
		c.wantRows("orders", "10 1")
		c.same("images", c.images(), `user 2 "orders" - 11`, `user 2 "rolesUsers" - -`, `user 2 "users" - 2`)
	})
}

func TestReferencesToDepartments(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.push("hr", departments(`{"uid":"s","title":"Sales"}`, `{"uid":"o","title":"Ops","parentUid":"s"}`, `{"uid":"x","title":"Lab"}`),
			users(`{"uid":"a","nickname":"Ann","departments":["o","s"]}`))
		c.hand(`CREATE TABLE rooms (id bigint PRIMARY KEY, "departmentId" bigint)`)
		c.hand(`INSERT INTO rooms SELECT row_number() OVER (ORDER BY title), id FROM {departments}`) // Lab, Ops, Sales
		c.hand(`CREATE TABLE keys (id bigint PRIMARY KEY, "roomId" bigint)`)
		c.hand(`INSERT INTO keys VALUES (1, 1), (2, 2), (3, 3)`)
		c.db.SetReferences([]engine.Reference{
			refers("rooms", "departmentId", "departments", schema.Cascade), refers("keys", "roomId", "rooms", schema.Cascade),
			refers("departments", "parentId", "departments", schema.Cascade), refers("users", "mainDepartmentId", "departments", schema.SetNull),
			refers("departmentsUsers", "departmentId", "departments", schema.Cascade),
		})
		c.wantFailed(c.push("hr", departments(`{"uid":"s","isDeleted":true}`)))
		c.wantTree("Ops", "Lab")
		c.same("rooms", c.list(`SELECT id FROM rooms ORDER BY id`), "1", "2")
		c.same("keys", c.list(`SELECT id FROM keys ORDER BY id`), "1", "2")
		c.same("what is kept", c.list(`SELECT rows_of, lost FROM {before_images} ORDER BY id`), c.named("departments -", "rooms -", "keys -", "departmentsUsers -", "departments parentId")...)
	})
}

// named gives lines that begin with a table as the database calls it.
func (c *company) named(lines ...string) []string {
	for i, line := range lines {
		table, rest, _ := strings.Cut(line, " ")
		lines[i] = schema.Quote(table) + " " + rest
		if c.db.Dialect() == "postgres" {
			lines[i] = `"public".` + lines[i]
		}
	}
	return lines
}

func TestWhatGoesIsKeptAsItWas(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.column("users", "profile", "jsonb")
		c.push("hr", departments(`{"uid":"s","title":"Sales"}`), users(`{"uid":"a","nickname":"Ännchen \"A\"","profile":{"n":1},"departments":["s"]}`, `{"uid":"b","nickname":"Bob"}`))
		c.hand(`CREATE TABLE orders (id bigint PRIMARY KEY, "userId" bigint, "t" varchar(255), big bigint, at timestamp)`)
		c.hand(`INSERT INTO orders VALUES (10, 1, 'it''s', 9007199254740993, NULL), (11, 2, 'other', 1, NULL)`)
		c.table("notes", "userId", "20, 1", "21, 2")
		c.db.SetReferences([]engine.Reference{
			refers("orders", "userId", "users", schema.Cascade), refers("notes", "userId", "users", schema.SetNull),
		})
		c.wantFailed(c.push("hr", left("a")))
		c.same("images", c.images(),
			`user 1 "departmentsUsers" - -`, `user 1 "notes" userId 20`, `user 1 "orders" - 10`, `user 1 "rolesUsers" - -`, `user 1 "users" - 1`)
		want := map[string]map[string]any{
			"orders": {"id": "10", "userId": "1", "t": "it's", "big": "9007199254740993", "at": "-"},
			"notes":  {"id": "20", "userId": "1"},
			"users":  {"nickname": `Ännchen "A"`, "email": "-"},
		}
		for table, members := range want {
			var row map[string]any
			image := c.list(`SELECT image FROM {before_images} WHERE rows_of LIKE '%` + schema.Quote(table) + `'`)[0]
			d := json.NewDecoder(strings.NewReader(image))
			d.UseNumber()
			if err := d.Decode(&row); err != nil {
				c.Fatalf("the image of %s is no JSON: %v", table, err)
			}
			for name, value := range members {
				if got := shown(row[name]); got != value {
					c.Errorf("%s.%s was kept as %s, want %s", table, name, got, value)
				}
			}
		}
		for _, entry := range c.logs.All() {
			if strings.Contains(entry.Message+shown(entry.ContextMap()), "it's") {
				c.Errorf("a row that went was logged: %s", entry.Message)
			}
		}
	})
}

// What is kept goes with the run, when that is forgotten.
func TestWhatIsKeptIsForgottenWithItsRun(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.push("hr", left("a"))
		c.hand(`UPDATE {runs} SET finished_at = ?`, c.db.Time(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)))
		c.push("hr", left("b"))
		c.same("images", c.images(), `user 1 "rolesUsers" - -`, `user 1 "users" - 2`)
	})
}

// References of tables and columns that are not there, and of views, are none.
func TestReferencesOfWhatIsNotThere(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.table("orders", "userId", "10, 1")
		c.hand(`CREATE VIEW leases AS SELECT id, id AS "userId" FROM {users}`)
		c.db.SetReferences([]engine.Reference{
			refers("leases", "userId", "users", schema.Restrict),
			refers("nowhere", "userId", "users", schema.Restrict),
			refers("orders", "ownerId", "users", schema.Restrict),
			refers("orders", "userId", "nobody", schema.Restrict),
		})
		c.wantFailed(c.push("hr", left("a")))
		c.wantUsers("nickname", "Bob", "Cem")
		c.wantRows("orders", "10 1")
	})
}

// A reference has the names of the database, whatever NocoBase calls its tables.
func TestReferencesHaveTheNamesOfTheDatabase(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		authenticators := `"nb_users ""authenticators"""`
		if c.db.Dialect() == "postgres" {
			c.hand(`CREATE SCHEMA nbs`)
			authenticators = `"nbs".` + authenticators
		}
		c.hand(`CREATE TABLE ` + authenticators + ` (user_id bigint, authenticator varchar(255), PRIMARY KEY (user_id, authenticator))`)
		c.hand(`INSERT INTO ` + authenticators + ` VALUES (1, 'wecom'), (1, 'basic'), (2, 'basic')`)
		c.db.SetReferences([]engine.Reference{{Table: authenticators, Column: "user_id", Target: `"users"`, TargetColumn: "id", OnDelete: schema.Cascade}})
		c.wantFailed(c.push("hr", left("a")))
		c.same("authenticators", c.list(`SELECT user_id, authenticator FROM `+authenticators), "2 basic")
	})
}

// Somebody may refer to ids as texts.
func TestReferencesBetweenColumnsOfOtherTypes(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.hand(`CREATE TABLE orders (id bigint PRIMARY KEY, owner varchar(255))`)
		c.hand(`CREATE TABLE notes (id bigint PRIMARY KEY, owner varchar(255))`)
		for _, table := range []string{"orders", "notes"} {
			c.hand(`INSERT INTO ` + table + ` VALUES (1, '1'), (2, '2'), (3, 'nobody')`)
		}
		c.db.SetReferences([]engine.Reference{refers("orders", "owner", "users", schema.Cascade), refers("notes", "owner", "users", schema.SetNull)})
		c.wantFailed(c.push("hr", left("a")))
		c.wantRows("orders", "2 2", "3 nobody")
		c.wantRows("notes", "1 -", "2 2", "3 nobody")
	})
}

// nocobase makes the table in which NocoBase keeps its fields.
func (c *company) nocobase() {
	c.Helper()
	typ := "json"
	if c.db.Dialect() == "sqlite" {
		typ = "JSON"
	}
	c.hand(`CREATE TABLE {fields} ("key" varchar(255) PRIMARY KEY, name varchar(255), type varchar(255), interface varchar(255), "collectionName" varchar(255), options ` + typ + ` DEFAULT '{}', sort bigint)`)
}

// field makes a field as an operator does in NocoBase, without its column.
func (c *company) field(collection, name, typ, options string) {
	c.Helper()
	c.hand(`INSERT INTO {fields} ("key", name, type, "collectionName", options, sort) VALUES (?, ?, ?, ?, ?, (SELECT count(*) FROM {fields}))`,
		collection+"."+name, name, typ, collection, options)
}

func TestReferencesOfNocoBasesFields(t *testing.T) {
	for _, f := range []struct {
		name   string
		fields [][4]string // collection, name, type, options
		want   []string    // of tickets, with whom they are of and who checks them
	}{
		{
			"a belongsTo that says nothing",
			[][4]string{{"tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId","targetKey":"id"}`}},
			[]string{"1 1 2", "2 2 1"},
		},
		{
			"a belongsTo that cascades",
			[][4]string{{"tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId","onDelete":"cascade"}`}},
			[]string{"2 2 1"},
		},
		{
			"a hasMany that clears",
			[][4]string{{"users", "tickets", "hasMany", `{"target":"tickets","foreignKey":"userId","sourceKey":"id","onDelete":"SET NULL"}`}},
			[]string{"1 - 2", "2 2 1"},
		},
		{
			"a hasOne that says something, and a belongsTo that does not",
			[][4]string{
				{"tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId"}`},
				{"users", "ticket", "hasOne", `{"target":"tickets","foreignKey":"userId","onDelete":"CASCADE"}`},
			},
			[]string{"2 2 1"},
		},
		{
			"one that clears, and one that cascades",
			[][4]string{
				{"tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId","onDelete":"SET NULL"}`},
				{"users", "tickets", "hasMany", `{"target":"tickets","foreignKey":"userId","onDelete":"CASCADE"}`},
			},
			[]string{"2 2 1"},
		},
		{
			"one that cascades, and one that clears",
			[][4]string{
				{"tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId","onDelete":"CASCADE"}`},
				{"users", "tickets", "hasMany", `{"target":"tickets","foreignKey":"userId","onDelete":"SET NULL"}`},
			},
			[]string{"2 2 1"},
		},
		{
			"a belongsToMany, whose rows in between go",
			[][4]string{{"users", "checks", "belongsToMany", `{"target":"users","through":"tickets","foreignKey":"userId","otherKey":"checkerId","sourceKey":"id","targetKey":"id"}`}},
			nil,
		},
		{
			"a belongsToMany that says otherwise",
			[][4]string{{"users", "checks", "belongsToMany", `{"target":"users","through":"tickets","foreignKey":"userId","otherKey":"checkerId","onDelete":"SET NULL"}`}},
			[]string{"1 - 2", "2 2 -"},
		},
		{
			"a belongsToMany, and a belongsTo of its rows in between that says otherwise",
			[][4]string{
				{"users", "checks", "belongsToMany", `{"target":"users","through":"tickets","foreignKey":"userId","otherKey":"checkerId"}`},
				{"tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId","onDelete":"SET NULL"}`},
				{"tickets", "checker", "belongsTo", `{"target":"users","foreignKey":"checkerId","onDelete":"NO ACTION"}`},
			},
			[]string{"1 - 2", "2 2 1"},
		},
		{
			"relations that name nothing, options of other kinds",
			[][4]string{{"tickets", "user", "belongsTo", `{"target":"users"}`}, {"tickets", "x", "belongsToMany", `{"target":"users","foreignKey":7}`}, {"tickets", "y", "hasMany", `[]`}},
			[]string{"1 1 2", "2 2 1"},
		},
	} {
		t.Run(f.name, func(t *testing.T) {
			eachPlain(t, func(c *company) {
				trio(c)
				c.nocobase()
				c.table("tickets", "userId checkerId", "1, 1, 2", "2, 2, 1")
				for _, field := range f.fields {
					c.field(field[0], field[1], field[2], field[3])
				}
				c.wantFailed(c.push("hr", left("a")))
				c.wantUsers("nickname", "Bob", "Cem")
				c.wantRows("tickets", f.want...)
			})
		})
	}
}

// Some references stand in the code of NocoBase's plugins, and in no field.
func TestReferencesOfNocoBasesPlugins(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.nocobase()
		c.field("users", "nickname", "string", `{}`)
		plugins := []string{"usersAuthenticators", "usersVerificators", "usersAiEmployees"}
		for _, table := range plugins {
			c.table(table, "userId", "1, 1", "2, 2")
		}
		c.wantFailed(c.push("hr", left("a")))
		for _, table := range plugins {
			c.wantRows(table, "2 2")
		}
	})
}

// What a host hands over is all there is.
func TestReferencesThatAreHandedOverWin(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.nocobase()
		c.table("tickets", "userId", "1, 1", "2, 2")
		c.field("tickets", "user", "belongsTo", `{"target":"users","foreignKey":"userId","onDelete":"CASCADE"}`)
		c.db.SetReferences([]engine.Reference{refers("tickets", "userId", "users", schema.SetNull)})
		c.wantFailed(c.push("hr", left("a")))
		c.wantRows("tickets", "1 -", "2 2")
		c.db.SetReferences([]engine.Reference{})
		c.wantFailed(c.push("hr", left("b")))
		c.wantRows("tickets", "1 -", "2 2")
		c.hand(`UPDATE tickets SET "userId" = 3`)
		c.db.SetReferences(nil)
		c.wantFailed(c.push("hr", left("c")))
		c.wantRows("tickets")
	})
}

// A run that removes nothing keeps nothing.
func TestWithoutRemovalsNothingIsKept(t *testing.T) {
	eachPlain(t, func(c *company) {
		trio(c)
		c.push("hr", users(`{"uid":"a","nickname":"Anna"}`))
		c.pushAs(engine.Push{Source: "hr", Options: unguarded(engine.Keep)}, left("b"))
		c.same("images", c.images())
	})
}

// Where one row cannot go, those that refer to each other are written apart, and
// what is kept of them is the same.
func TestWhoRefersToWhomWhereOneCannotGo(t *testing.T) {
	eachPlain(t, func(c *company) {
		c.column("users", "mentorId", "bigint")
		trio(c)
		c.hand(`UPDATE {users} SET "mentorId" = 4 - id WHERE id <> 2`) // Ann and Cem each other's
		c.table("orders", "userId", "10, 1", "12, 3")
		c.hand(`CREATE TABLE desks (id bigint PRIMARY KEY, "userId" bigint NOT NULL)`)
		c.hand(`INSERT INTO desks VALUES (40, 2)`)
		c.db.SetReferences([]engine.Reference{
			refers("users", "mentorId", "users", schema.SetNull), refers("orders", "userId", "users", schema.Cascade), refers("desks", "userId", "users", schema.SetNull),
		})
		c.wantFailed(c.push("hr", left("a", "b", "c")), "b (data, userId): it is gone, but the database refuses the row: userId")
		c.wantUsers("nickname", "Bob")
		c.wantRows("orders")
		c.same("images", slices.DeleteFunc(c.images(), func(line string) bool { return strings.Contains(line, "roles") }),
			`user 1 "orders" - 10`, `user 1 "users" - 1`, `user 1 "users" mentorId 3`, `user 3 "orders" - 12`, `user 3 "users" - 3`)
	})
}
