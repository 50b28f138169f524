//go:build nocobase

package nocobase_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// A site is a running NocoBase and whichever engine pushes into its database:
// a scenario is played on two of them.
type site struct {
	testing.TB
	api     *host.Client
	push    func(context.Context, host.Push) ([]host.SyncResult, error)
	answers []string
}

// departments pushes departments of the source hr.
func (s *site) departments(records ...string) {
	s.Helper()
	s.bring("hr", "department", "", records...)
}

// users pushes users of the source hr.
func (s *site) users(records ...string) { s.Helper(); s.bring("hr", "user", "", records...) }

// bring pushes and notes the answer.
func (s *site) bring(source, dataType, matchKey string, records ...string) {
	s.Helper()
	p := host.Push{DataType: dataType, SourceName: source, MatchKey: matchKey, Records: []json.RawMessage{}}
	for _, r := range records {
		p.Records = append(p.Records, json.RawMessage(r))
	}
	results, err := s.push(s.Context(), p)
	var line string
	if refusal, ok := errors.AsType[*host.RefusedError](err); ok {
		line = "refused: " + refusal.Message
	} else if err != nil {
		s.Fatalf("push %s of %s: %v", dataType, source, err)
	} else {
		line = answer(results)
	}
	s.answers = append(s.answers, fmt.Sprintf("answer %d: %s", len(s.answers)+1, line))
}

// answer says how a push fared, but for the words of its failures.
func answer(results []host.SyncResult) string {
	parts := []string{}
	for _, r := range results {
		part := fmt.Sprintf("%s %d of %d", r.Resource, r.Detail.Count.Success, r.Detail.Count.All)
		var failed []string
		for _, f := range r.Detail.FailedRecords {
			failed = append(failed, fmt.Sprint(f.Record.UID))
		}
		if slices.Sort(failed); len(failed) > 0 {
			part += ", failed: " + strings.Join(failed, " ")
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// user is the id of a user, by user name.
func (s *site) user(username string) int64 {
	s.Helper()
	return s.only("users", host.Values{"username": username})
}

// department is the id of a department, by title.
func (s *site) department(title string) int64 {
	s.Helper()
	return s.only("departments", host.Values{"title": title})
}

func (s *site) only(collection string, filter host.Values) int64 {
	s.Helper()
	ids, err := s.api.Find(s.Context(), collection, filter)
	if err != nil {
		s.Fatal(err)
	}
	if len(ids) != 1 {
		s.Fatalf("%d %s have %v, want one", len(ids), collection, filter)
	}
	return ids[0]
}

// done fails the scenario when NocoBase does not do what its operator asks.
func (s *site) done(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// hire makes a user by hand.
func (s *site) hire(values host.Values) {
	s.Helper()
	_, err := s.api.Create(s.Context(), "users", values)
	s.done(err)
}

// found makes a department by hand.
func (s *site) found(values host.Values) {
	s.Helper()
	_, err := s.api.Create(s.Context(), "departments", values)
	s.done(err)
}

func (s *site) edit(username string, values host.Values) {
	s.Helper()
	s.done(s.api.Update(s.Context(), "users", s.user(username), values))
}

func (s *site) reorganize(title string, values host.Values) {
	s.Helper()
	s.done(s.api.Update(s.Context(), "departments", s.department(title), values))
}

func (s *site) dismiss(username string) {
	s.Helper()
	s.done(s.api.Destroy(s.Context(), "users", s.user(username)))
}

func (s *site) close(title string) {
	s.Helper()
	s.done(s.api.Destroy(s.Context(), "departments", s.department(title)))
}

func (s *site) join(username, title string) {
	s.Helper()
	s.done(s.api.AddMember(s.Context(), s.department(title), s.user(username)))
}

func (s *site) leave(username, title string) {
	s.Helper()
	s.done(s.api.RemoveMember(s.Context(), s.department(title), s.user(username)))
}

func (s *site) own(username, title string) {
	s.Helper()
	s.done(s.api.SetOwner(s.Context(), s.department(title), s.user(username)))
}

func (s *site) column(collection, name, fieldType string, options host.Values) {
	s.Helper()
	field := host.Values{"name": name, "type": fieldType, "interface": "input"}
	for k, v := range options {
		field[k] = v
	}
	s.done(s.api.CreateField(s.Context(), collection, field))
}

// collect makes a collection of things that users hold, and one for each user.
func (s *site) collect(name, onDelete string, usernames ...string) {
	s.Helper()
	s.done(s.api.CreateCollection(s.Context(), name, onDelete))
	for _, username := range usernames {
		_, err := s.api.Create(s.Context(), name, host.Values{"label": "of " + username, "holderId": s.user(username)})
		s.done(err)
	}
}

// list notes what is in a collection, and who holds it.
func (s *site) list(name string) {
	s.Helper()
	var rows []struct {
		Label  string
		Holder *struct{ Username string }
	}
	s.done(s.api.Do(s.Context(), name+":list", map[string][]string{"sort": {"label"}, "appends": {"holder"}}, nil, &rows))
	for _, row := range rows {
		line := name + " " + row.Label
		if row.Holder != nil {
			line += ", held by " + row.Holder.Username
		}
		s.answers = append(s.answers, line)
	}
}

// hides wants no user to show a text.
func (s *site) hides(text string) {
	s.Helper()
	lines, err := facts(s.Context(), s.api)
	s.done(err)
	for _, line := range lines {
		if strings.Contains(line, text) {
			s.Errorf("%q is shown: %s", text, line)
		}
	}
}
