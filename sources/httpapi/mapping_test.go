package httpapi_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/httpapi"
)

func TestRecordsAreMapped(t *testing.T) {
	for name, c := range map[string]struct {
		more   object
		theirs string
		want   string
	}{
		"as they are":                           {object{"fields": nil}, `{"uid":7,"email":"a@example.com","extra":{"a":1.50}}`, `{"uid":"7","email":"a@example.com","extra":{"a":1.50}}`},
		"as they are, but uid":                  {nil, `{"id":"a","phone":null}`, `{"uid":"a","id":"a","phone":null}`},
		"a field":                               {fields("nickname", "name"), `{"id":"a","name":"Ada","age":7}`, `{"uid":"a","nickname":"Ada"}`},
		"a field inside":                        {fields("email", "mails.0.address"), `{"id":"a","mails":[{"address":"a@example.com"}]}`, `{"uid":"a","email":"a@example.com"}`},
		"a pointer":                             {fields("email", "/a.b/c~1d"), `{"id":"a","a.b":{"c/d":"x"}}`, `{"uid":"a","email":"x"}`},
		"missing is left alone":                 {fields("email", "mail", "nickname", "{first} {last}"), `{"id":"a"}`, `{"uid":"a"}`},
		"null clears":                           {fields("email", "mail"), `{"id":"a","mail":null}`, `{"uid":"a","email":null}`},
		"a template":                            {fields("nickname", "{name.first} {name.last} ({no})"), `{"id":"a","name":{"first":"Ada","last":"Lovelace"},"no":7}`, `{"uid":"a","nickname":"Ada Lovelace (7)"}`},
		"a template with a gap":                 {fields("nickname", "{first} {last}"), `{"id":"a","first":"Ada","last":null}`, `{"uid":"a","nickname":"Ada"}`},
		"constants":                             {fields("title", "=Staff", "level", "=3", "none", "=null"), `{"id":"a"}`, `{"uid":"a","title":"Staff","level":3,"none":null}`},
		"a composed uid":                        {fields("uid", "{company}-{id}", "email", "mail"), `{"id":7,"company":"x","mail":"m"}`, `{"uid":"x-7","email":"m"}`},
		"a tombstone":                           {fields("isDeleted", "left"), `{"id":"a","left":true}`, `{"uid":"a","isDeleted":true}`},
		"no tombstone":                          {fields("isDeleted", "left"), `{"id":"a","left":false}`, `{"uid":"a"}`},
		"departments: ids":                      {members(object{"path": "teams"}), `{"id":"a","teams":[1,"2"]}`, `{"uid":"a","departments":["1","2"]}`},
		"departments: one id":                   {members(object{"path": "team.id"}), `{"id":"a","team":{"id":1}}`, `{"uid":"a","departments":["1"]}`},
		"departments: objects":                  {members(object{"path": "teams", "uid": "team.no", "main": "main", "owner": "lead"}), `{"id":"a","teams":[{"team":{"no":1},"main":true,"lead":false},{"team":{"no":2}}]}`, `{"uid":"a","departments":[{"uid":"1","isMain":true,"isOwner":false},{"uid":"2"}]}`},
		"departments: null":                     {members(object{"path": "teams"}), `{"id":"a","teams":null}`, `{"uid":"a","departments":[]}`},
		"departments: none of them":             {members(object{"path": "teams"}), `{"id":"a","teams":[null,"",{"id":null}]}`, `{"uid":"a","departments":[]}`},
		"departments: one that cannot be named": {members(object{"path": "teams"}), `{"id":"a","teams":[1,{"code":"2"}]}`, `{"uid":"a"}`},
		"departments: not stated":               {members(object{"path": "teams"}), `{"id":"a"}`, `{"uid":"a"}`},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := open(users(handle(t, text(`[`+c.theirs+`]`)), c.more), zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { source.(interface{ Close() error }).Close() })
			var got []plugin.Record
			if _, err := source.Read(t.Context(), plugin.Request{}, func(p plugin.Page) error { got = p.Records; return nil }); err != nil {
				t.Fatal(err)
			}
			want := plugin.Record{Type: plugin.User}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			text := func(r any) string { b, _ := json.Marshal(r); return string(b) }
			if diff := cmp.Diff(text([]plugin.Record{want}), text(got)); diff != "" {
				t.Errorf("Read() of %s mismatch (-want +got):\n%s", c.theirs, diff)
			}
		})
	}
}

// fields maps attributes, and uid to id.
func fields(pairs ...string) object {
	m := map[string]string{"uid": "id"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return object{"fields": m}
}

func members(m object) object {
	// one attribute is mapped, so that the record's own fields are not taken
	return object{"fields": object{"uid": "id", "nickname": "name"}, "departments": m}
}

func TestOptionsThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		options object
		path    string
	}{
		"nothing":              {object{}, "/users/url"},
		"no address":           {object{"users": object{"url": "users"}}, "/users/url"},
		"a password in it":     {object{"departments": object{"url": "https://me:" + token + "@hr.test/"}}, "/departments/url"},
		"no uid in look-ups":   {object{"users": object{"url": "https://hr.test/", "lookup": "https://hr.test/u"}}, "/users/lookup"},
		"a brace":              {object{"users": object{"url": "https://hr.test/", "fields": object{"nickname": "{first"}}}, "/users/fields/nickname"},
		"an empty field":       {object{"users": object{"url": "https://hr.test/", "fields": object{"nickname": ""}}}, "/users/fields/nickname"},
		"a cursor without end": {object{"users": object{"url": "https://hr.test/", "paging": object{"type": "cursor"}}}, "/users/paging/next"},
		"an unknown paging":    {object{"users": object{"url": "https://hr.test/", "paging": object{"type": "scroll"}}}, "/users/paging/type"},
		"an unknown sign-in":   {object{"users": object{"url": "https://hr.test/"}, "auth": object{"type": "oauth"}}, "/auth/type"},
		"no token":             {object{"users": object{"url": "https://hr.test/"}, "auth": object{"type": "bearer"}}, "/auth/token"},
		"no such file":         {object{"users": object{"url": "https://hr.test/"}, "caFile": "nowhere.pem"}, "/caFile"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(c.options, zap.NewNop())
			expectKind(t, err, plugin.Config, c.path)
		})
	}
}

func TestSchemaTakesWhatTheSourceTakes(t *testing.T) {
	resolved := resolve(t)
	for _, paging := range []string{"none", "page", "offset", "cursor", "link", "next"} {
		var options any
		written, _ := json.Marshal(newHR(t, paging).options())
		json.Unmarshal(written, &options)
		if err := resolved.Validate(options); err != nil {
			t.Errorf("paging %s: %v", paging, err)
		}
	}
	for name, bad := range map[string]any{
		"no address":     object{},
		"an unknown one": object{"users": object{"url": "https://hr.test/", "addresses": "x"}},
		"no cursor":      object{"users": object{"url": "https://hr.test/", "paging": object{"type": "cursor"}}},
		"no scheme":      object{"users": object{"url": "hr.test"}},
	} {
		if resolved.Validate(bad) == nil {
			t.Errorf("%s: the schema takes it", name)
		}
	}
	var unlike object
	json.Unmarshal(httpapi.PullDriver().Type.OptionsSchema, &unlike)
	of := func(name string) any {
		paging := unlike["properties"].(object)[name].(object)["properties"].(object)["paging"].(object)
		delete(paging, "description")
		return paging
	}
	if diff := cmp.Diff(of("users"), of("departments")); diff != "" {
		t.Errorf("paging of users and departments differ (-users +departments):\n%s", diff)
	}
}

func TestTheExampleForOperatorsIsTaken(t *testing.T) {
	page, err := os.ReadFile("../../docs/http-source.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	example, _, _ := strings.Cut(rest, "```")
	var options object
	if err := json.Unmarshal([]byte(example), &options); err != nil {
		t.Fatal(err)
	}
	if err := resolve(t).Validate(options); err != nil {
		t.Error(err)
	}
	if _, err := open(options, zap.NewNop()); err != nil {
		t.Error(err)
	}
}

func resolve(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(httpapi.PullDriver().Type.OptionsSchema, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func TestLinksAreRead(t *testing.T) {
	for header, want := range map[string]string{
		``:                          "",
		`<https://x/2>; rel="next"`: "https://x/2",
		`<https://x/2>; rel=next`:   "https://x/2",
		`<?a=1,2>; REL="prev Next"`: "?a=1,2",
		`</1>; rel=first, </3>; rel=last; title="x, y;z", </2>; title="b, c"; rel="next"`: "/2",
		`</1>; rel="first"`:           "",
		`</1; rel="next"`:             "",
		`</2>; rel="nextish"`:         "",
		`</1>;rel=prev,</2>;rel=next`: "/2",
	} {
		if got := httpapi.NextLink(http.Header{"Link": {header}}); got != want {
			t.Errorf("the next of %s is %q, want %q", header, got, want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	f.Add(`</1>; rel="first", </2>; rel="next"`)
	f.Fuzz(func(_ *testing.T, header string) { httpapi.NextLink(http.Header{"Link": {header}}) })
}
