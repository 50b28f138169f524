package mapping_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

func TestFieldsAreMadeOfExpressions(t *testing.T) {
	d := json.NewDecoder(strings.NewReader(`{"first":"Ada","last":null,"no":7,"mails":[{"a.b":"x"}]}`))
	d.UseNumber()
	var record any
	if err := d.Decode(&record); err != nil {
		t.Fatal(err)
	}
	fields, err := mapping.ParseFields("/fields", map[string]string{
		"a": "first", "b": "last", "c": "none", "d": "{first} {last}", "e": "{none}", "f": "{no}{none}", "g": "=Staff", "h": "=3", "i": "/mails/0/a.b", "j": "mails.1", "k": "=3]",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{"kept": true}
	fields.Put(got, record)
	want := map[string]any{"kept": true, "a": "Ada", "b": nil, "d": "Ada", "f": "7", "g": "Staff", "h": json.Number("3"), "i": "x", "k": "3]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Put() mismatch (-want +got):\n%s", diff)
	}
}

func TestAnExpressionThatIsWholeHasNoGaps(t *testing.T) {
	e, err := mapping.Parse("/uid", "{company}-{id}", true)
	if err != nil {
		t.Fatal(err)
	}
	if v, said := e.Of(map[string]any{"id": "7"}); said {
		t.Errorf("Of() = %v, want nothing", v)
	}
	if diff := cmp.Diff([]mapping.Path{{"company"}, {"id"}}, e.Paths()); diff != "" {
		t.Errorf("Paths() mismatch (-want +got):\n%s", diff)
	}
}

func TestAnExpressionThatCannotBeReadIsNamed(t *testing.T) {
	for _, expr := range []string{"", "{first", "{}"} {
		_, err := mapping.ParseFields("/fields", map[string]string{"a/b": expr})
		var e *plugin.Error
		if !errors.As(err, &e) || e.Kind != plugin.Config || e.Path != "/fields/a~1b" || e.Hint == "" {
			t.Errorf("ParseFields(%q) = %v, want an error of kind config at /fields/a~1b", expr, err)
		}
	}
}
