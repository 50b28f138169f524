package plugin_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
)

func driver(name string) plugin.Driver {
	return plugin.Driver{
		Type: plugin.SourceType{Name: name, Capabilities: plugin.Capabilities{Pull: true}},
		Open: func(context.Context, plugin.Setup) (plugin.Source, error) { return nil, nil },
	}
}

func TestNamesAreChecked(t *testing.T) {
	for name, want := range map[string]bool{
		"wecom": true, "http-api": true, "a": true, "My.Corp_2": true, strings.Repeat("x", 64): true,
		"": false, "-a": false, "2nd": false, "a b": false, "a/b": false, "é": false, strings.Repeat("x", 65): false,
	} {
		r := new(plugin.Registry)
		if err := r.AddDriver(driver(name)); (err == nil) != want || err != nil && plugin.KindOf(err) != plugin.Config {
			t.Errorf("AddDriver(%q) = %v, want it taken: %t", name, err, want)
		}
		if err := r.AddTarget(plugin.TargetInfo{Name: name, Accepts: []plugin.Type{plugin.User}}, nil); (err == nil) != want {
			t.Errorf("AddTarget(%q) = %v, want it taken: %t", name, err, want)
		}
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	r := new(plugin.Registry)
	closed, odd := driver("closed"), driver("odd")
	closed.Open = nil
	odd.Type.OptionsSchema = json.RawMessage(`["a"]`)
	for name, err := range map[string]error{
		"read and never opened": r.AddDriver(closed), "a schema that is a list": r.AddDriver(odd),
		"accepts nothing": r.AddTarget(plugin.TargetInfo{Name: "none"}, nil),
	} {
		if plugin.KindOf(err) != plugin.Config {
			t.Errorf("%s: %v, want an error of kind config", name, err)
		}
	}
	if len(r.SourceTypes())+len(r.Targets()) > 0 {
		t.Errorf("what was refused is there: %v, %v", r.SourceTypes(), r.Targets())
	}
}

func TestANameIsTakenOnce(t *testing.T) {
	r := new(plugin.Registry)
	users := plugin.TargetInfo{Name: "users", Accepts: []plugin.Type{plugin.User}}
	if err := r.AddDriver(driver("a")); err != nil {
		t.Fatal(err)
	}
	if err := r.AddTarget(users, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.AddDriver(driver("a")); plugin.KindOf(err) != plugin.Conflict {
		t.Errorf("AddDriver() of a second = %v, want a conflict", err)
	}
	if err := r.AddTarget(users, nil); plugin.KindOf(err) != plugin.Conflict {
		t.Errorf("AddTarget() of a second = %v, want a conflict", err)
	}
	if !r.Remove("a") || r.Remove("a") || !r.Remove("users") {
		t.Error("Remove() does not say whether there was any")
	}
	if err := r.AddDriver(driver("a")); err != nil {
		t.Errorf("AddDriver() after Remove() = %v", err)
	}
}

func TestAnUnknownSourceTypeIsToldWhichThereAre(t *testing.T) {
	r := new(plugin.Registry)
	for _, name := range []string{"wecom", "ldap"} {
		if err := r.AddDriver(driver(name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Driver("dingtalk"); plugin.KindOf(err) != plugin.NotFound || !strings.Contains(err.Error(), "ldap, wecom") {
		t.Errorf("Driver() = %v, want not-found that names ldap and wecom", err)
	}
	if d, err := r.Driver("ldap"); err != nil || d.Type.Name != "ldap" {
		t.Errorf("Driver() = %+v, %v", d.Type, err)
	}
}

func TestTargetsAreOrdered(t *testing.T) {
	target := func(name string, after, before []string) plugin.TargetInfo {
		return plugin.TargetInfo{Name: name, Accepts: []plugin.Type{plugin.User}, After: after, Before: before}
	}
	for name, c := range map[string]struct {
		infos []plugin.TargetInfo
		want  string
	}{
		"as registered": {[]plugin.TargetInfo{target("c", nil, nil), target("a", nil, nil), target("b", nil, nil)}, "c a b"},
		"after":         {[]plugin.TargetInfo{target("a", []string{"c"}, nil), target("b", nil, nil), target("c", nil, nil)}, "c a b"},
		"before":        {[]plugin.TargetInfo{target("a", nil, nil), target("b", nil, nil), target("c", nil, []string{"a"})}, "c a b"},
		"both":          {[]plugin.TargetInfo{target("a", []string{"b"}, nil), target("b", []string{"c"}, nil), target("c", nil, []string{"a"})}, "c b a"},
		"of nobody":     {[]plugin.TargetInfo{target("a", []string{"nobody"}, []string{"nobody"})}, "a"},
	} {
		r := new(plugin.Registry)
		for _, info := range c.infos {
			if err := r.AddTarget(info, nil); err != nil {
				t.Errorf("%s: AddTarget(%s) = %v", name, info.Name, err)
			}
		}
		var got []string
		for _, info := range r.Targets() {
			got = append(got, info.Name)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: Targets() = %s, want %s", name, s, c.want)
		}
	}
}

func TestACircleOfTargetsIsNamedAndRefused(t *testing.T) {
	r := new(plugin.Registry)
	add := func(name string, after ...string) error {
		return r.AddTarget(plugin.TargetInfo{Name: name, Accepts: []plugin.Type{plugin.User}, After: after}, nil)
	}
	if err := add("a", "c"); err != nil {
		t.Fatal(err)
	}
	if err := add("b", "a"); err != nil {
		t.Fatal(err)
	}
	if err := add("c", "b"); plugin.KindOf(err) != plugin.Config || !strings.Contains(err.Error(), "a after c after b after a") {
		t.Errorf("AddTarget() = %v, want the circle a after c after b after a", err)
	}
	if err := add("d", "d"); !strings.Contains(err.Error(), "d after d") {
		t.Errorf("AddTarget() = %v, want the circle d after d", err)
	}
	if n := len(r.Targets()); n != 2 {
		t.Errorf("%d targets are there, want 2", n)
	}
}

func TestACloneChangesByItself(t *testing.T) {
	r := new(plugin.Registry)
	if err := r.AddDriver(driver("a")); err != nil {
		t.Fatal(err)
	}
	clone := r.Clone()
	clone.Remove("a")
	if err := clone.AddDriver(driver("b")); err != nil {
		t.Fatal(err)
	}
	names := func(r *plugin.Registry) (names []string) {
		for _, s := range r.SourceTypes() {
			names = append(names, s.Name)
		}
		return names
	}
	if diff := cmp.Diff([][]string{{"a"}, {"b"}}, [][]string{names(r), names(clone)}); diff != "" {
		t.Errorf("registry and clone mismatch (-want +got):\n%s", diff)
	}
	if empty := (*plugin.Registry)(nil).Clone(); len(empty.SourceTypes()) != 0 || empty.Target("users") != nil {
		t.Error("the clone of nil is not empty")
	}
}
