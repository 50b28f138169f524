package plugintest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/nocobase-roster/roster/plugin"
)

// declarationChecks hold a source to its type.
func declarationChecks() []Check[System] {
	return []Check[System]{
		{
			Name: "a source type can be registered",
			Why:  "a type without a proper name or schema is refused when Roster starts",
			Run: func(t T, s System) {
				open := func(context.Context, plugin.Setup) (plugin.Source, error) { return nil, nil }
				if err := new(plugin.Registry).AddDriver(plugin.Driver{Type: s.Type, Open: open}); err != nil {
					t.Errorf("AddDriver() = %v", err)
				}
			},
		},
		{
			Name: "every option has a title and a description",
			Why:  "the form in the host's panel is drawn from them, and there is no other manual",
			Run:  checkOptions,
		},
		{
			Name: "a source is a Checker and a Receiver where its type says so, and only there",
			Why:  "hosts show a button for what a type declares",
			Run: func(t T, s System) {
				source := open(t, s)
				if _, ok := source.(plugin.Checker); ok != s.Type.Capabilities.Check {
					t.Errorf("it is a Checker: %t; its type says %t", ok, s.Type.Capabilities.Check)
				}
				if _, ok := source.(plugin.Receiver); ok != s.Type.Capabilities.Webhook {
					t.Errorf("it is a Receiver: %t; its type says %t", ok, s.Type.Capabilities.Webhook)
				}
			},
		},
	}
}

func checkOptions(t T, s System) {
	type option struct {
		Title, Description string
		Properties         map[string]json.RawMessage
	}
	var check func(path string, schema json.RawMessage)
	check = func(path string, schema json.RawMessage) {
		var o option
		if json.Unmarshal(schema, &o) != nil {
			return // a schema that is true or false
		}
		if path != "" && (o.Title == "" || o.Description == "") {
			t.Errorf("option %s lacks a title or a description", path)
		}
		for name, property := range o.Properties {
			check(path+"/"+name, property)
		}
	}
	check("", s.Type.OptionsSchema)
}

// pageChecks hold a source to what it promises of pages.
func pageChecks() []Check[System] {
	return []Check[System]{
		{
			Name: "Read hands the records of the system to emit",
			Why:  "people would be missing from NocoBase, or be there wrongly",
			Run: func(t T, s System) {
				got := contentOf(mustRead(t, open(t, s), plugin.Request{}).records()...)
				if diff := got.differs(contentOf(s.Holds...)); diff != "" {
					t.Errorf("Read() mismatch (-want +got):%s", diff)
				}
			},
		},
		{
			Name: "a record has a type that is declared, and a uid of 1 to 255 characters",
			Why:  "nothing can be done with any other",
			Run: func(t T, s System) {
				for _, r := range mustRead(t, open(t, s), plugin.Request{}).records() {
					if n := len([]rune(r.UID)); n < 1 || n > 255 || !slices.Contains(s.Type.DataTypes, r.Type) {
						t.Errorf("Read() emitted a %q with the uid %q", r.Type, r.UID)
					}
				}
			},
		},
		{
			Name: "values are any that encoding/json can write",
			Why:  "a value that cannot be written cannot be kept",
			Run: func(t T, s System) {
				for _, r := range mustRead(t, open(t, s), plugin.Request{}).records() {
					if _, err := json.Marshal(r); err != nil {
						t.Errorf("%s %s: %v", r.Type, r.UID, err)
					}
				}
			},
		},
		{
			Name: "a State is any JSON, up to 64 KiB",
			Why:  "it is kept with each page",
			Run: func(t T, s System) {
				for i, p := range mustRead(t, open(t, s), plugin.Request{}).pages() {
					if p.State != nil && (!json.Valid(p.State) || len(p.State) > 64<<10) {
						t.Errorf("page %d has a State that is no JSON, or of %d bytes", i+1, len(p.State))
					}
				}
			},
		},
		{
			Name: "emit is not called by two goroutines at a time",
			Why:  "pages would be kept in another order than they came",
			Run: func(t T, s System) {
				r := &reader{emit: func(n int) error {
					if n == 1 {
						settle()
					}
					return nil
				}}
				r.run(t.Context(), t, open(t, s), plugin.Request{})
				if twice, _ := r.misused(); twice {
					t.Errorf("emit was called while it was being called")
				}
			},
		},
		{
			Name:  "a source is never ahead of what is kept by more than one page",
			Why:   "a directory of a million would be held in memory when the database is slow",
			Needs: func(s System) bool { return s.Served != nil },
			Run: func(t T, s System) {
				source, before := open(t, s), s.Served()
				var mu sync.Mutex // emit may be called by two, by a source that breaks another promise
				worst := 0
				r := &reader{emit: func(n int) error {
					if n == 1 {
						settle()
					}
					mu.Lock()
					defer mu.Unlock()
					worst = max(worst, s.Served()-before-n)
					return nil
				}}
				if r.run(t.Context(), t, source, plugin.Request{}); worst > 1 {
					t.Errorf("the system had given %d pages more than were kept", worst)
				}
			},
		},
		{
			Name: "two Reads at a time give everything each",
			Why:  "a source is looked up while it is read",
			Run: func(t T, s System) {
				source := open(t, s)
				want := contentOf(mustRead(t, source, plugin.Request{}).records()...)
				var others [2]*reader
				done := make(chan struct{}, len(others))
				for i := range others {
					r := &reader{}
					others[i] = r
					go func() {
						defer func() { done <- struct{}{} }()
						r.reading, r.err = source.Read(t.Context(), plugin.Request{}, r.take)
					}()
				}
				within(t, patience, "Read", func() {
					for range others {
						<-done
					}
				})
				for _, r := range others {
					if diff := contentOf(r.records()...).differs(want); diff != "" || r.err != nil {
						t.Errorf("Read() = %v, mismatch (-want +got):%s", r.err, diff)
					}
				}
			},
		},
		{
			Name:  "Read asks the system anew",
			Why:   "people who left would stay",
			Needs: func(s System) bool { return s.Remove != nil },
			Run: func(t T, s System) {
				source := open(t, s)
				want := contentOf(mustRead(t, source, plugin.Request{}).records()...)
				gone := leaver(t, s)
				s.Remove(gone)
				delete(want, gone)
				if diff := contentOf(mustRead(t, source, plugin.Request{}).records()...).differs(want); diff != "" {
					t.Errorf("Read() after a removal mismatch (-want +got):%s", diff)
				}
			},
		},
	}
}

// leaver is a record of the system that others do not hang on.
func leaver(t T, s System) plugin.Ref {
	t.Helper()
	if len(s.Holds) == 0 {
		t.Fatalf("the system holds nothing")
	}
	return s.Holds[len(s.Holds)-1].Ref()
}
