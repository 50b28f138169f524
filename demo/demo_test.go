package demo

import (
	"fmt"
	"slices"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/sources"
	"github.com/nocobase-roster/roster/targets"
)

// begin begins a story of 1,000 people on the database that url names.
func begin(t *testing.T, url string) *Story {
	t.Helper()
	adapters := &plugin.Registry{}
	for _, d := range sources.All() {
		if err := adapters.AddDriver(d); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := engine.ParseKeys(engine.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Begin(t.Context(), Setup{URL: url, Targets: targets.All, Adapters: adapters, Keys: keys, People: 1000, Log: zaptest.NewLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// play plays a scene once what happens, and something else, has happened.
func play(t *testing.T, scene Scene, something func()) *Outcome {
	t.Helper()
	if _, err := scene.Happens(t.Context()); err != nil {
		t.Fatalf("%s: Happens() = %v", scene.Title, err)
	}
	something()
	o, err := scene.Play(t.Context(), nil)
	if err != nil {
		t.Fatalf("%s: Play() = %v", scene.Title, err)
	}
	return o
}

func nothing() {}

// untrue are the facts that are none.
func untrue(o *Outcome) []Fact {
	return slices.DeleteFunc(slices.Clone(o.Facts), func(f Fact) bool { return f.True })
}

// number asks the database for one.
func (s *Story) number(t *testing.T, q string, args ...any) int {
	t.Helper()
	var n int
	if err := s.db.On(s.db).Get(t.Context(), &n, q, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

// What the scenes say is held to what is in the tables, by questions of the
// test's own.
func TestTheStoryComesOutAsItIsTold(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		s := begin(t, url)
		wants := []struct {
			users   int
			message string
		}{
			{1000, fmt.Sprintf("department: 291 created; membership: %d created; user: 1000 created", s.company.Memberships())},
			{1000, ""},
			{1001, ""},
			{1003, ""},
			{1001, ""},
			{1001, "membership: 1 updated; user: 2 updated"},
			{1001, ""},
		}
		for i, scene := range s.Scenes() {
			o, want := play(t, scene, nothing), wants[i]
			if wrong := untrue(o); len(wrong) > 0 || len(o.Facts) == 0 {
				t.Errorf("%s: of its facts are not so: %v", scene.Title, wrong)
			}
			if got := s.number(t, `SELECT count(*) FROM {users}`); got != want.users {
				t.Errorf("%s: there are %d users, want %d", scene.Title, got, want.users)
			}
			if want.message != "" && o.Report.Task.Message != want.message {
				t.Errorf("%s: %s\nwant: %s", scene.Title, o.Report.Task.Message, want.message)
			}
		}
		if got, want := s.number(t, `SELECT count(*) FROM {departmentsUsers}`), s.company.Memberships()+1; got != want {
			t.Errorf("there are %d memberships, want %d", got, want)
		}
		s.wantMorning(t)
	})
}

// wantMorning wants what happened overnight to be in the tables.
func (s *Story) wantMorning(t *testing.T) {
	t.Helper()
	for _, login := range s.changes.Left {
		if s.number(t, `SELECT count(*) FROM {users} WHERE username = ?`, login) != 0 {
			t.Errorf("%s left and is there", login)
		}
	}
	one, other := s.changes.Swapped[0], s.changes.Swapped[1]
	for login, address := range map[string]string{one: other, other: one} {
		if s.number(t, `SELECT count(*) FROM {users} WHERE username = ? AND email = ?`, login, address+"@kestrel.example") != 1 {
			t.Errorf("%s does not have the address of %s", login, address)
		}
	}
	if s.number(t, `SELECT count(*) FROM {departments} d JOIN {departments} p ON p.id = d.[parentId]
		WHERE d.title = 'Customer Care London' AND p.title = 'Sales London'`) != 1 {
		t.Error("Customer Care is not below Sales")
	}
	for who, title := range map[string]string{s.changes.Moved[0]: s.club(), s.changes.Leads: s.leads(s.changes.Leads), s.news.leads: s.leads(s.news.leads)} {
		if s.number(t, `SELECT count(*) FROM {departmentsUsers} m JOIN {users} u ON u.id = m.[userId] JOIN {departments} d ON d.id = m.[departmentId]
			WHERE u.username = ? AND d.title = ? AND (m.[isOwner] OR d.title = ?)`, who, title, s.club()) != 1 {
			t.Errorf("%s is not in %s, or does not lead it", who, title)
		}
	}
	if s.number(t, `SELECT count(*) FROM {users} WHERE username = ? OR username = ? AND id = ?`, s.news.was, s.news.login, s.news.user) != 1 {
		t.Errorf("%s is not who %s was", s.news.login, s.news.was)
	}
}

// A scene in which something else happens than the story tells must say so.
func TestAStoryThatDoesNotComeOutSaysSo(t *testing.T) {
	for _, c := range []struct {
		name  string
		scene int
		spoil func(t *testing.T, s *Story)
	}{
		{"WeCom has one less than is told", 0, func(t *testing.T, s *Story) {
			t.Helper()
			if err := s.company.Tenant().RemoveMember(s.company.People[0].Login); err != nil {
				t.Fatal(err)
			}
		}},
		{"somebody else was hired overnight", 1, func(_ *testing.T, s *Story) { s.company.Hire() }},
		{"the membership made by hand goes", 2, func(t *testing.T, s *Story) {
			t.Helper()
			if _, err := s.db.On(s.db).Exec(t.Context(), `DELETE FROM {departmentsUsers} WHERE [userId] IN (SELECT id FROM {users} WHERE username = ?)`, s.changes.Moved[0]); err != nil {
				t.Fatal(err)
			}
		}},
		{"who leaves is kept", 2, func(t *testing.T, s *Story) {
			t.Helper()
			kept := options(s.wecom.URL())
			kept["sync"] = map[string]any{"removal": map[string]string{"user": "keep"}}
			if _, err := s.engine.UpdateSource(t.Context(), sourceName, engine.SourceDraft{Options: written(kept)}); err != nil {
				t.Fatal(err)
			}
		}},
		{"WeCom does not fail", 3, func(_ *testing.T, s *Story) { s.wecom.Mend() }},
		{"the app sees all", 4, func(_ *testing.T, s *Story) { s.company.Show(s.company.Regions()...) }},
		{"WeCom tells of somebody else", 5, func(_ *testing.T, s *Story) { s.company.Promote() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t, schematest.Any(t))
			scenes := s.Scenes()
			for _, scene := range scenes[:c.scene] {
				play(t, scene, nothing)
			}
			if o := play(t, scenes[c.scene], func() { c.spoil(t, s) }); len(untrue(o)) == 0 {
				t.Errorf("%s: all is said to be so: %v", scenes[c.scene].Title, o.Facts)
			}
		})
	}
}
