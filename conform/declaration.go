package conform

import (
	"encoding/json"
	"reflect"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/plugin/plugintest"
)

// declarationChecks hold an adapter to what it says that it has.
func declarationChecks() []check {
	checks := []check{
		{
			name: "lists are arrays, empty ones too",
			why:  "null is no list in half of the languages that read it",
			run: func(t plugintest.T, s *Subject) {
				k := s.connect(t)
				for method, member := range map[string]string{"registry/listSourceTypes": "types", "registry/listTargets": "targets"} {
					m := k.call(method, struct{}{})
					var lists map[string]json.RawMessage
					if knows(m) && (decode(m.Result, &lists) != nil || !isList(lists[member])) {
						t.Errorf("%s has no array as %s", method, member)
					}
				}
			},
		},
	}
	checks = append(checks, ofEachType("a source type can be registered"), ofEachType("every option has a title and a description"))
	return append(checks, []check{
		{
			name: "the schema of the options is a JSON Schema of an object",
			why:  "options are checked with it before the adapter sees them, and the form is drawn from it",
			run: func(t plugintest.T, s *Subject) {
				for _, typ := range s.types {
					if err := checkSchema(typ.OptionsSchema); err != nil {
						t.Errorf("the options of %s: %v", typ.Name, err)
					}
				}
			},
		},
		{
			name: "options that look like secrets are writeOnly",
			why:  "any other is kept in clear and shown to who opens the form",
			run: func(t plugintest.T, s *Subject) {
				for _, typ := range s.types {
					for _, path := range openSecrets(typ.OptionsSchema) {
						t.Errorf("option %s of %s is not writeOnly", path, typ.Name)
					}
				}
			},
		},
		{
			name:  "a target can be registered",
			why:   "one without a proper name, or that accepts nothing, is refused when Roster starts",
			lacks: func(s *Subject) string { return missingUnless(len(s.targets) > 0, "it has no targets") },
			run: func(t plugintest.T, s *Subject) {
				var r plugin.Registry
				for _, info := range s.targets {
					if err := r.AddTarget(info, nil); err != nil {
						t.Errorf("AddTarget() = %v", err)
					}
				}
			},
		},
		{
			name:  "what it lists is what its manifest says",
			why:   "Roster shows the manifest's and starts the process later: one that differs is refused then",
			lacks: func(s *Subject) string { return missingUnless(s.adapter.Manifest != nil, "no plugin.json: --manifest") },
			run:   compareManifest,
		},
	}...)
}

// ofEachType makes a check of a promise of plugintest that is about the
// declaration alone.
func ofEachType(name string) check {
	c := promises(nil, name)[0]
	one := promise(name)
	c.lacks = func(s *Subject) string { return missingUnless(len(s.types) > 0, "it has no source types") }
	c.run = func(t plugintest.T, s *Subject) {
		for _, typ := range s.types {
			one.Run(t, plugintest.System{Type: typ})
		}
	}
	return c
}

func isList(text json.RawMessage) bool {
	var list []json.RawMessage
	return json.Unmarshal(text, &list) == nil && list != nil
}

func compareManifest(t plugintest.T, s *Subject) {
	var m manifest
	if err := json.Unmarshal(s.adapter.Manifest, &m); err != nil {
		t.Fatalf("the manifest is not what it must be: %v", err)
	}
	if m.Protocol != protocolVersion {
		t.Errorf("the manifest's protocol is %.20q, want %q", m.Protocol, protocolVersion)
	}
	compareByName(t, "source type", m.SourceTypes, s.types, func(typ plugin.SourceType) (string, any) {
		typ.Origin = "" // says who registered it, which is Roster
		return typ.Name, typ
	})
	compareByName(t, "target", m.Targets, s.targets, func(info plugin.TargetInfo) (string, any) { return info.Name, info })
}

// compareByName compares what is declared of each name as JSON.
func compareByName[E any](t plugintest.T, what string, declared, listed []E, named func(E) (string, any)) {
	manifest, process := byName(declared, named), byName(listed, named)
	for name := range manifest {
		if _, ok := process[name]; !ok {
			t.Errorf("%s %s is in the manifest, and is not listed", what, name)
		}
	}
	for name, value := range process {
		declared, ok := manifest[name]
		switch {
		case !ok:
			t.Errorf("%s %s is listed, and is not in the manifest", what, name)
		case !reflect.DeepEqual(declared, value):
			t.Errorf("%s %s is listed otherwise than the manifest says: %s", what, name, difference(declared, value))
		}
	}
}

func byName[E any](all []E, named func(E) (string, any)) map[string]map[string]any {
	values := map[string]map[string]any{}
	for _, one := range all {
		name, value := named(one)
		var plain map[string]any
		if text, err := json.Marshal(value); err == nil {
			json.Unmarshal(text, &plain) //nolint:errcheck // it was just written
		}
		values[name] = plain
	}
	return values
}

// difference names a member that differs.
func difference(a, b map[string]any) string {
	for member := range a {
		if !reflect.DeepEqual(a[member], b[member]) {
			return member
		}
	}
	return "it has more members"
}
