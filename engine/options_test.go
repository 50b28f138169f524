package engine_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

// with are the default options with something else in them.
func with(change func(o *engine.Options)) *engine.Options {
	o := engine.DefaultOptions()
	change(&o)
	return &o
}

// rejected pushes and wants the push as a whole to be refused; it gives the error.
func (c *company) rejected(p engine.Push, list ...engine.Body) error {
	c.Helper()
	p.Bodies = bodies(list)
	_, err := c.engine.Push(c.Context(), p, nil)
	if err == nil {
		c.Fatal("Push() = nil, want an error")
	}
	return err
}

// wantError wants an error of a kind that names a place.
func (c *company) wantError(err error, kind plugin.Kind, path string) {
	c.Helper()
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok || e.Kind != kind || e.Path != path {
		c.Errorf("error %v, want one of kind %s at %s", err, kind, path)
	}
}

func TestOptionsThatAreLeftOutAreTheDefaults(t *testing.T) {
	for _, raw := range []string{``, ` `, `null`, ` null `, `{}`, `{"removal":{}}`, `{"guards":{}}`, `{"conflict":"link","removal":{"children":"reparent"}}`} {
		got, err := engine.ParseOptions(json.RawMessage(raw))
		if err != nil {
			t.Errorf("ParseOptions(%q) = %v", raw, err)
		}
		if diff := cmp.Diff(engine.DefaultOptions(), got); diff != "" {
			t.Errorf("ParseOptions(%q) mismatch (-defaults +got):\n%s", raw, diff)
		}
	}
}

func TestOptionsAreRead(t *testing.T) {
	got, err := engine.ParseOptions(json.RawMessage(`{
		"removal": {"user": "disable", "department": "unlink", "children": "remove", "disable": {"field": "status", "value": 7}},
		"conflict": "fail", "memberships": "all", "drift": "keep", "matchKey": "email", "departmentMatch": "path", "ignoreCase": true,
		"guards": {"usersRemoved": null, "membershipsRemoved": {"count": 3}, "usersChanged": {"percent": 12.5, "least": 2, "among": 4}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := engine.DefaultOptions()
	want.Removal = engine.Removal{User: engine.Disabling, Department: engine.Unlink, Children: "remove", Disable: engine.Disable{Field: "status", Value: json.Number("7")}}
	want.Conflict, want.Memberships, want.Drift, want.MatchKey, want.DepartmentMatch, want.IgnoreCase = "fail", "all", "keep", "email", "path", true
	want.Guards.UsersRemoved = nil
	want.Guards.MembershipsRemoved.Count = 3 // the rest of it is as by default
	want.Guards.UsersChanged = &engine.Limit{Percent: 12.5, Least: 2, Among: 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseOptions() mismatch (-want +got):\n%s", diff)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, wrong := range []struct{ raw, path, want, hint string }{
		{`[]`, "/sync", "options.sync cannot be of type array", ""},
		{`"keep"`, "/sync", "options.sync cannot be of type string", ""},
		{`{`, "/sync", "options.sync is not a JSON object", ""},
		{`{} {}`, "/sync", "options.sync is more than one JSON document", ""},
		{`{"remove":{}}`, "/sync", `options.sync has no member "remove"`, "its members are removal, conflict, memberships, drift, matchKey, departmentMatch, ignoreCase and guards"},
		{`{"removal":"delete"}`, "/sync/removal", "options.sync.removal cannot be of type string", ""},
		{`{"removal":{"user":true}}`, "/sync/removal/user", "options.sync.removal.user cannot be of type bool", ""},
		{`{"removal":{"user":"drop"}}`, "/sync/removal/user", "options.sync.removal.user is none of its values", "it is one of keep, unlink, disable, delete"},
		{`{"removal":{"department":"Delete"}}`, "/sync/removal/department", "options.sync.removal.department is none of its values", "it is one of keep, unlink, disable, delete"},
		{`{"removal":{"children":"keep"}}`, "/sync/removal/children", "options.sync.removal.children is none of its values", "it is one of reparent, remove"},
		{`{"removal":{"children":""}}`, "/sync/removal/children", "options.sync.removal.children is none of its values", "it is one of reparent, remove"},
		{`{"removal":{"user":"disable"}}`, "/sync/removal/disable/field", "options.sync.removal.disable.field is missing", "name the field that tells that a row is disabled, and its value"},
		{`{"conflict":"win"}`, "/sync/conflict", "options.sync.conflict is none of its values", "it is one of link, skip, fail"},
		{`{"memberships":"mine"}`, "/sync/memberships", "options.sync.memberships is none of its values", "it is one of own, adopt, all"},
		{`{"drift":"ignore"}`, "/sync/drift", "options.sync.drift is none of its values", "it is one of repair, keep"},
		{`{"matchKey":"id"}`, "/sync/matchKey", "options.sync.matchKey is none of its values", "it is one of username, email, phone"},
		{`{"ignoreCase":"yes"}`, "/sync/ignoreCase", "options.sync.ignoreCase cannot be of type string", ""},
		{`{"departmentMatch":["title"]}`, "/sync/departmentMatch", "options.sync.departmentMatch cannot be of type array", ""},
		{`{"guards":{"usersRemoved":{"count":-1}}}`, "/sync/guards/usersRemoved", "options.sync.guards.usersRemoved has a number out of its range", "count, least and among are 0 or more, percent is 0 to 100"},
		{`{"guards":{"usersChanged":{"percent":100.5}}}`, "/sync/guards/usersChanged", "options.sync.guards.usersChanged has a number out of its range", "count, least and among are 0 or more, percent is 0 to 100"},
		{`{"guards":{"departmentsRemoved":{"least":-1}}}`, "/sync/guards/departmentsRemoved", "options.sync.guards.departmentsRemoved has a number out of its range", "count, least and among are 0 or more, percent is 0 to 100"},
		{`{"guards":{"membershipsRemoved":{"among":-1}}}`, "/sync/guards/membershipsRemoved", "options.sync.guards.membershipsRemoved has a number out of its range", "count, least and among are 0 or more, percent is 0 to 100"},
		{`{"guards":{"usersRemoved":{"count":1.5}}}`, "/sync/guards/usersRemoved/count", "options.sync.guards.usersRemoved.count cannot be of type number 1.5", ""},
		{`{"guards":{"usersRemoved":{"counts":1}}}`, "/sync", `options.sync has no member "counts"`, "its members are removal, conflict, memberships, drift, matchKey, departmentMatch, ignoreCase and guards"},
	} {
		_, err := engine.ParseOptions(json.RawMessage(wrong.raw))
		e, ok := errors.AsType[*plugin.Error](err)
		if !ok {
			t.Errorf("ParseOptions(%s) = %v, want an error", wrong.raw, err)
			continue
		}
		if e.Kind != plugin.Config || e.Path != wrong.path || e.Msg != wrong.want || e.Hint != wrong.hint {
			t.Errorf("ParseOptions(%s): %s at %s: %s (%s)\nwant config at %s: %s (%s)", wrong.raw, e.Kind, e.Path, e.Msg, e.Hint, wrong.path, wrong.want, wrong.hint)
		}
	}
}

// source makes NocoBase's row of a source, with its options as JSON.
func (c *company) source(name, options string) {
	c.Helper()
	at := c.db.JSON("'" + options + "'")
	c.make("userDataSyncSources", `name, [sourceType], enabled, options`, "'"+name+"', 'http-api', true, "+at)
}

func TestOptionsStandInNocoBasesRowOfTheSource(t *testing.T) {
	each(t, func(c *company) {
		c.source("hr", `{"key":"x","sync":{"removal":{"user":"unlink"}}}`)
		c.source("it", `{"key":"x"}`)
		c.source("crm", `{"sync":null}`)
		for _, source := range []string{"hr", "it", "crm", "unknown"} {
			c.push(source, users(`{"uid":"a","nickname":"`+source+`"}`))
			c.push(source, users(`{"uid":"a","isDeleted":true}`))
		}
		c.wantUsers("nickname", "hr")
	})
}

func TestOptionsOfThePushWin(t *testing.T) {
	each(t, func(c *company) {
		c.source("hr", `{"sync":{"removal":{"user":"unlink"},"drift":"keep"}}`)
		c.push("hr", users(`{"uid":"a","nickname":"Ann"}`))
		c.edit("users", "nickname = 'Annabel'", "id = 1")
		c.pushAs(engine.Push{Source: "hr", Options: with(func(o *engine.Options) { o.Removal.User = engine.Keep })}, users(`{"uid":"a","nickname":"Ann"}`))
		c.wantUsers("nickname", "Ann") // drift is not taken from the row either
		c.push("hr", users(`{"uid":"a","isDeleted":true}`))
		c.wantLinks()
	})
}

func TestOptionsThatAreBrokenStopThePush(t *testing.T) {
	for _, broken := range []struct{ name, options, path string }{
		{"no object", `[1]`, "/"},
		{"a text", `"sync"`, "/"},
		{"sync is none", `{"sync":7}`, "/sync"},
		{"a value that is none", `{"sync":{"conflict":"win"}}`, "/sync/conflict"},
	} {
		t.Run(broken.name, func(t *testing.T) {
			each(t, func(c *company) {
				c.source("hr", broken.options)
				before := c.dump("runs")
				err := c.rejected(engine.Push{Source: "hr"}, users(`{"uid":"a"}`))
				c.wantError(err, plugin.Config, broken.path)
				c.unchanged(before, "runs")
				c.pushAs(engine.Push{Source: "hr", Options: with(func(*engine.Options) {})}, users(`{"uid":"a"}`))
			})
		})
	}
}

func TestOptionsOfThePushAreCheckedAsWell(t *testing.T) {
	each(t, func(c *company) {
		for path, change := range map[string]func(*engine.Options){
			"/sync/drift":                 func(o *engine.Options) { o.Drift = "" },
			"/sync/removal/disable/field": func(o *engine.Options) { o.Removal.User = engine.Disabling },
			"/sync/guards/usersRemoved":   func(o *engine.Options) { o.Guards.UsersRemoved.Percent = 101 },
		} {
			c.wantError(c.rejected(engine.Push{Source: "hr", Options: with(change)}, users(`{"uid":"a"}`)), plugin.Config, path)
		}
		c.wantUsers("nickname")
	})
}
