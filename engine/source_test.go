package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

func ptr[T any](v T) *T { return &v }

// A source is a row of NocoBase's table; its secrets come back as null.
func TestASourceIsARowOfNocoBases(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		got := c.create("corp", "vault", `{"url":"https://a.example","pages":3,"token":"right-token","login":{"user":"u","pass/word":"p"},"sync":{"drift":"keep"}}`)
		want := &engine.Source{
			ID: "1", Name: "corp", SourceType: "vault", Enabled: true,
			Options:    []byte(`{"login":{"pass/word":null,"user":"u"},"pages":3,"sync":{"drift":"keep"},"token":null,"url":"https://a.example"}`),
			SecretsSet: []string{"/login/pass~1word", "/token"},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(engine.Source{}, "CreatedAt", "UpdatedAt")); diff != "" {
			c.Errorf("CreateSource() mismatch (-want +got):\n%s", diff)
		}
		c.create("hr", "http-api", "")
		c.same("sources", c.list(`SELECT name, [sourceType], enabled, sort FROM {userDataSyncSources} ORDER BY id`), "corp vault 1 1", "hr http-api 1 2")
		list, err := c.engine.Sources(c.Context())
		if err != nil || len(list) != 2 || list[0].Name != "corp" || list[1].Name != "hr" || string(list[1].Options) != "{}" {
			c.Errorf("Sources() = %+v, %v", list, err)
		}
		if list[0].CreatedAt.IsZero() || list[0].UpdatedAt.IsZero() {
			c.Errorf("Sources() gives no times: %+v", list[0])
		}
		c.opens("corp", true)
	})
}

func TestAChangeLeavesAloneWhatItDoesNotSay(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("corp", "vault", `{"url":"https://a.example","token":"right-token"}`)
		got := c.change("corp", engine.SourceDraft{DisplayName: ptr("The company")})
		if got.DisplayName != "The company" || !got.Enabled || len(got.SecretsSet) != 1 {
			c.Errorf("UpdateSource() = %+v", got)
		}
		got = c.change("corp", engine.SourceDraft{Enabled: ptr(false)})
		if got.DisplayName != "The company" || got.Enabled || len(got.SecretsSet) != 1 {
			c.Errorf("UpdateSource() = %+v", got)
		}
		c.opens("corp", true)
	})
}

// What is wrong is said all at once, with its place, and never what was given.
func TestWhatIsWrongWithADraft(t *testing.T) {
	c := newCompany(t, schematest.Open(t, schematest.SQLite(t)))
	c.withVaults()
	c.create("corp", "vault", `{"url":"https://a.example"}`)
	for _, wrong := range []struct {
		of   string
		d    engine.SourceDraft
		want []string
	}{
		{"", draft("", "", ""), []string{"/name is missing", "/sourceType is missing"}},
		{"", draft(" a", "http-api", `{"x/y":1}`), []string{
			"/name must neither begin nor end with a blank, nor hold characters that do not show", "/options/x~1y is no option of this source type",
		}},
		{"", draft(strings.Repeat("x", 256), "http-api", `[]`), []string{"/name must have 255 or fewer characters", "/options must be a JSON object"}},
		{"", draft("a", "http-api", `{} {}`), []string{"/options must be a JSON object"}},
		{"", draft("a", "http-api", `{"sync":{"removal":{"user":"shoot"}}}`), []string{"/options/sync/removal/user options.sync.removal.user is none of its values: it is one of keep, unlink, disable, delete"}},
		{"", draft("a", "ldap", ""), []string{`/sourceType there is no source type "ldap" (it is one of http-api, vault)`}},
		{"corp", draft("", "http-api", "{}"), []string{"/sourceType cannot be changed: make another source"}},
		{"", draft("a", "vault", `{"url":7,"pages":11.5,"mode":"hunter2","token":"abc","login":{},"tenants":[{"id":"1"},{"key":"k"}]}`), []string{
			"/options/login/user is missing", `/options/mode must be "fast" or "slow"`, "/options/pages must be a whole number",
			"/options/tenants/1/id is missing", "/options/token must have 4 or more characters", "/options/url must be a text",
		}},
	} {
		faults, err := c.engine.ValidateSource(t.Context(), wrong.of, wrong.d)
		if err != nil {
			t.Errorf("ValidateSource() = %v", err)
		}
		lines := []string{}
		for _, f := range faults {
			lines = append(lines, f.Path+" "+f.Message)
		}
		c.same("faults", lines, wrong.want...)
	}
	_, err := c.engine.CreateSource(t.Context(), draft("a", "vault", `{"url":"https://a.example","pages":0,"token":"abc"}`))
	c.wantFault(err, plugin.Config, "/options/pages", "source a: /options/pages must be 1 or more; /options/token must have 4 or more characters "+
		"(the optionsSchema of its type, in registry/listSourceTypes, says what there is)")
	_, err = c.engine.CreateSource(t.Context(), draft("a", "ldap", ""))
	c.wantFault(err, plugin.NotFound, "/sourceType", `there is no source type "ldap" (it is one of http-api, vault)`)
	c.same("sources", c.list(`SELECT name FROM {userDataSyncSources}`), "corp")
}

func TestNamesOfSourcesAreUnique(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("corp", "http-api", "")
		_, err := c.engine.CreateSource(c.Context(), draft("corp", "http-api", ""))
		c.wantFault(err, plugin.Conflict, "/name", `no source can be called "corp": there is a source of that name already (choose another name)`)
		for what, err := range map[string]error{
			"Source":         second(c.engine.Source(c.Context(), "none")),
			"UpdateSource":   second(c.engine.UpdateSource(c.Context(), "none", engine.SourceDraft{})),
			"rename":         second(c.engine.UpdateSource(c.Context(), "none", draft("other", "", ""))),
			"DeleteSource":   second(c.engine.DeleteSource(c.Context(), "none", engine.Keep, nil)),
			"ValidateSource": second(c.engine.ValidateSource(c.Context(), "none", engine.SourceDraft{})),
			"TestSource":     second(c.engine.TestSource(c.Context(), "none", nil)),
		} {
			if plugin.KindOf(err) != plugin.NotFound {
				c.Errorf("%s() of a source that is not there = %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A source whose type nobody has registered is shown without any of its options,
// and can be disabled.
func TestASourceOfAnUnknownTypeKeepsItsOptionsToItself(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.make("userDataSyncSources", `name, [sourceType], enabled, options`, `'dir', 'ldap', true, `+c.db.JSON(`'{"host":"h","bind":{"password":"hunter2"},"sync":{"drift":"keep"}}'`))
		got := c.change("dir", engine.SourceDraft{Enabled: ptr(false)})
		if string(got.Options) != `{"bind":null,"host":null,"sync":{"drift":"keep"}}` || got.Enabled {
			c.Errorf("UpdateSource() = %+v with options %s", got, got.Options)
		}
		c.same("options", c.list(`SELECT CAST(options AS text) FROM {userDataSyncSources}`), `{"host":"h","bind":{"password":"hunter2"},"sync":{"drift":"keep"}}`)
	})
}

// A disabled source takes no push, with options of its own or without, until it
// is enabled; one without a row does.
func TestADisabledSourceRefusesPushes(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "http-api", "")
		c.change("hr", engine.SourceDraft{Enabled: ptr(false)})
		for _, options := range []*engine.Options{nil, unguarded(engine.Keep)} {
			p := engine.Push{Source: "hr", Options: options, Bodies: bodies([]engine.Body{users(`{"uid":"a"}`)})}
			for _, err := range []error{second(c.engine.Push(c.Context(), p, nil)), second(c.engine.Plan(c.Context(), p, nil))} {
				if plugin.KindOf(err) != plugin.Config || !strings.Contains(err.Error(), "source hr is disabled (enable it first: ") {
					c.Errorf("a push to a disabled source: %v", err)
				}
			}
		}
		c.wantUsers("id")
		c.change("hr", engine.SourceDraft{Enabled: ptr(true)})
		c.push("hr", users(`{"uid":"a"}`))
		c.push("nobody made me", users(`{"uid":"a"}`))
		c.wantUsers("id", "1", "2")
	})
}

func TestASourceIsTested(t *testing.T) {
	each(t, func(c *company) {
		opened := c.withVaults()
		c.create("corp", "vault", `{"url":"https://a.example","token":"wrong-token"}`)
		c.create("hr", "http-api", "")
		c.opens("corp", false)
		check, err := c.engine.TestSource(c.Context(), "corp", &engine.SourceDraft{Options: []byte(`{"url":"https://b.example","token":"right-token"}`)})
		if err != nil || !check.Steps[0].OK || len(check.Sample) != 1 {
			c.Errorf("TestSource() of a draft = %+v, %v", check, err)
		}
		c.opens("corp", false) // the draft was not saved
		d := draft("", "vault", `{"url":"https://b.example","token":"right-token"}`)
		if check, err := c.engine.TestSource(c.Context(), "", &d); err != nil || !check.Steps[0].OK {
			c.Errorf("TestSource() of a new source = %+v, %v", check, err)
		}
		d = draft("", "vault", `{"token":"right-token"}`)
		c.wantFault(second(c.engine.TestSource(c.Context(), "", &d)), plugin.Config, "/options/url",
			"source a new source: /options/url is missing (the optionsSchema of its type, in registry/listSourceTypes, says what there is)")
		c.wantFault(second(c.engine.TestSource(c.Context(), "hr", nil)), plugin.Unsupported, "/sourceType",
			"sources of type http-api cannot be tested (push to it, or read it)")
		if n := opened.Load(); n != 0 {
			c.Errorf("%d sources were not closed", n)
		}
	})
}

func TestATestOfASourceEndsAfterAMinute(t *testing.T) {
	url := schematest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		db := schematest.Open(t, url)
		c := newCompany(t, db)
		opened := c.withVaults()
		d := draft("corp", "vault", `{"url":"https://silent.example"}`)
		c.wantFault(second(c.engine.TestSource(t.Context(), "", &d)), plugin.Transient, "",
			"source corp was not tested within 1m0s (see that its system can be reached from here)")
		if opened.Load() != 0 {
			t.Error("the source was not closed")
		}
		if err := c.engine.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A run that was cut off is ended though its source was disabled since: half of
// it may be written.
func TestADisabledSourceStillEndsWhatWasBegun(t *testing.T) {
	each(t, func(c *company) {
		c.withVaults()
		c.create("hr", "http-api", "")
		task := c.dies(engine.Push{Source: "hr", Bodies: bodies([]engine.Body{users(`{"uid":"a","nickname":"Ann"}`)})}, momentNamed("planned"))
		c.change("hr", engine.SourceDraft{Enabled: ptr(false)})
		mustResume(c, c.engine)
		c.ended(task, engine.Success)
		c.wantUsers("nickname", "Ann")
	})
}

func TestASourceWhoseOptionsAreNullIsNoTrouble(t *testing.T) {
	each(t, func(c *company) {
		c.corp().reads(newSystem(three()...))
		if _, err := c.db.On(c.db).Exec(c.Context(), `UPDATE {userDataSyncSources} SET options = 'null'`); err != nil {
			t.Fatal(err)
		}
		if _, err := c.engine.Sources(c.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.engine.UpdateSource(c.Context(), "corp", engine.SourceDraft{Options: json.RawMessage(`{}`)}); err != nil {
			t.Error(err)
		}
	})
}
