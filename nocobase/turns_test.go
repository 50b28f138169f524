//go:build nocobase

package nocobase_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// NocoBase's own engine and Roster push to one source in turns. After each turn
// NocoBase shows what the pushes have said, whoever brought them.
func TestEnginesTakeTurns(t *testing.T) {
	s := newStage(t, host.Naming{})
	for _, order := range []struct {
		name   string
		begin  int
		adopts bool
	}{
		{"Roster begins", 1, false},
		{"NocoBase begins, and the source is adopted", 0, true},
	} {
		t.Run(order.name, func(t *testing.T) {
			s.clear(t)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			story := newStory(seed)
			engines := []*site{
				{TB: t, api: s.ours, push: s.ours.Push},
				{TB: t, api: s.ours, push: s.roster.Push},
			}
			for turn := range 12 {
				who := engines[(order.begin+turn)%2]
				said := story.turn(who)
				story.check(t, s.ours)
				if t.Failed() {
					t.Fatalf("after turn %d, of %s, which pushed\n%s\nand was answered\n%s", turn+1,
						[]string{"NocoBase", "Roster"}[(order.begin+turn)%2], said, strings.Join(who.answers, "\n"))
				}
				if order.adopts && turn == 0 {
					if err := s.roster.run(t.Context(), nil, "adopt", "hr", "--yes"); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// A story is what pushes say of departments and people, one change after the other.
type story struct {
	rand        *rand.Rand
	count       int // of uids
	departments map[string]toldDepartment
	users       map[string]toldUser
	left        []string // users who were removed
}

type toldDepartment struct{ title, parent string }

type toldUser struct {
	nickname    string
	departments []toldMembership // the first is the main one
}

type toldMembership struct {
	department string
	owner      bool
}

func newStory(seed uint64) *story {
	return &story{rand: rand.New(rand.NewPCG(seed, 0)), departments: map[string]toldDepartment{}, users: map[string]toldUser{}}
}

// turn changes a few things at random and has an engine push them. It gives
// what was pushed.
func (s *story) turn(who *site) string {
	who.Helper()
	departments := s.changeDepartments()
	who.departments(departments...)
	users := s.changeUsers()
	who.users(users...)
	return strings.Join(append(departments, users...), "\n")
}

func (s *story) changeDepartments() []string {
	records := []string{}
	for range 2 {
		uid := s.next("d")
		s.departments[uid] = toldDepartment{title: "Title " + uid, parent: s.pick(s.departments)}
		records = append(records, s.department(uid))
	}
	if uid := s.pick(s.departments); !strings.Contains(strings.Join(records, ""), `"uid":"`+uid+`"`) {
		d := s.departments[uid]
		d.title += "'"
		if parent := s.pick(s.departments); !s.isBelow(parent, uid) {
			d.parent = parent
		}
		s.departments[uid] = d
		records = append(records, s.department(uid))
	}
	for _, uid := range slices.Sorted(maps.Keys(s.departments)) {
		said := slices.ContainsFunc(records, func(r string) bool { return strings.Contains(r, `"uid":"`+uid+`"`) })
		if !said && !s.named(uid) && s.rand.IntN(3) == 0 {
			delete(s.departments, uid)
			return append(records, fmt.Sprintf(`{"uid":%q,"isDeleted":true}`, uid))
		}
	}
	return records
}

// changeUsers changes what is far from tripping a guard.
func (s *story) changeUsers() []string {
	changed := map[string]bool{}
	for range 3 {
		uid := s.next("u")
		s.users[uid] = toldUser{nickname: "Person " + uid, departments: s.memberships()}
		changed[uid] = true
	}
	if len(s.left) > 0 && s.rand.IntN(3) == 0 {
		uid := s.left[0]
		s.left = s.left[1:]
		s.users[uid] = toldUser{nickname: "Back " + uid, departments: s.memberships()}
		changed[uid] = true
	}
	rename, rejoin, remove := s.pick(s.users), s.pick(s.users), s.pick(s.users)
	u := s.users[rename]
	u.nickname += "'"
	s.users[rename] = u
	u = s.users[rejoin]
	u.departments = s.memberships()
	s.users[rejoin] = u
	changed[rename], changed[rejoin] = true, true
	var records []string
	if !changed[remove] {
		delete(s.users, remove)
		s.left = append(s.left, remove)
		records = append(records, fmt.Sprintf(`{"uid":%q,"isDeleted":true}`, remove))
	}
	for _, uid := range slices.Sorted(maps.Keys(changed)) {
		records = append(records, s.user(uid))
	}
	return records
}

func (s *story) next(prefix string) string {
	s.count++
	return fmt.Sprintf("%s%d", prefix, s.count)
}

// pick is a uid of them at random, or none when there are none.
func (s *story) pick(from any) string {
	var uids []string
	switch from := from.(type) {
	case map[string]toldDepartment:
		uids = slices.Sorted(maps.Keys(from))
	case map[string]toldUser:
		uids = slices.Sorted(maps.Keys(from))
	}
	if len(uids) == 0 {
		return ""
	}
	return uids[s.rand.IntN(len(uids))]
}

func (s *story) memberships() []toldMembership {
	var in []toldMembership
	for range s.rand.IntN(3) {
		uid := s.pick(s.departments)
		if !slices.ContainsFunc(in, func(m toldMembership) bool { return m.department == uid }) {
			in = append(in, toldMembership{uid, s.rand.IntN(4) == 0})
		}
	}
	return in
}

func (s *story) isBelow(uid, above string) bool {
	for ; uid != ""; uid = s.departments[uid].parent {
		if uid == above {
			return true
		}
	}
	return false
}

// named says whether a department is one's parent or somebody's department.
func (s *story) named(uid string) bool {
	for _, d := range s.departments {
		if d.parent == uid {
			return true
		}
	}
	for _, u := range s.users {
		if slices.ContainsFunc(u.departments, func(m toldMembership) bool { return m.department == uid }) {
			return true
		}
	}
	return false
}

func (s *story) department(uid string) string {
	d := s.departments[uid]
	if d.parent == "" {
		return fmt.Sprintf(`{"uid":%q,"title":%q}`, uid, d.title)
	}
	return fmt.Sprintf(`{"uid":%q,"title":%q,"parentUid":%q}`, uid, d.title, d.parent)
}

func (s *story) user(uid string) string {
	u := s.users[uid]
	in := []string{}
	for i, m := range u.departments {
		in = append(in, fmt.Sprintf(`{"uid":%q,"isOwner":%v,"isMain":%v}`, m.department, m.owner, i == 0))
	}
	return fmt.Sprintf(`{"uid":%q,"username":"user-%s","nickname":%q,"departments":[%s]}`, uid, uid, u.nickname, strings.Join(in, ","))
}

// check wants NocoBase to show what has been told, and one record, with one
// link that leads to the row, for each who stands.
func (s *story) check(t *testing.T, api *host.Client) {
	t.Helper()
	got, err := facts(t.Context(), api)
	if err != nil {
		t.Fatal(err)
	}
	got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, "user nocobase,") })
	slices.Sort(got)
	if want := s.facts(); !slices.Equal(want, got) {
		t.Errorf("what NocoBase shows mismatches what was pushed (-pushed +shown):\n%s", strings.Join(difference(want, got), "\n"))
	}
	s.checkRecords(t, api)
}

// facts are what is to be seen, as facts gives it, sorted.
func (s *story) facts() []string {
	members := map[string][]string{}
	var lines []string
	for uid, u := range s.users {
		line := "user user-" + uid
		for i, m := range u.departments {
			if i == 0 {
				line += ", main " + s.path(m.department)
			}
			member := "user-" + uid
			if m.owner {
				member += " (owner)"
			}
			members[m.department] = append(members[m.department], member)
		}
		lines = append(lines, line+", roles member, nickname "+u.nickname)
	}
	for uid := range s.departments {
		line := "department " + s.path(uid)
		if slices.Sort(members[uid]); len(members[uid]) > 0 {
			line += ": " + strings.Join(members[uid], ", ")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func (s *story) path(uid string) string {
	d := s.departments[uid]
	if d.parent == "" {
		return d.title
	}
	return s.path(d.parent) + " / " + d.title
}

func (s *story) checkRecords(t *testing.T, api *host.Client) {
	t.Helper()
	records, err := api.SyncRecords(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // the names of rows, by resource and key
	for collection, field := range map[string]string{"users": "username", "departments": "title"} {
		var list []map[string]json.RawMessage
		if err := api.Do(t.Context(), collection+":list", map[string][]string{"paginate": {"false"}}, nil, &list); err != nil {
			t.Fatal(err)
		}
		for _, row := range list {
			rows[collection+" "+string(row["id"])] = strings.Trim(string(row[field]), `"`)
		}
	}
	got, want := []string{}, []string{}
	for _, r := range records {
		_, isUser := s.users[r.SourceUK]
		_, isDepartment := s.departments[r.SourceUK]
		for _, link := range r.Resources {
			if isUser && link.Resource == "users" || isDepartment && r.DataType == "department" {
				got = append(got, r.SourceUK+" is "+rows[link.Resource+" "+link.ResourcePK])
			}
		}
	}
	for uid := range s.users {
		want = append(want, uid+" is user-"+uid)
	}
	for uid, d := range s.departments {
		want = append(want, uid+" is "+d.title)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records and their links mismatch (-want +got):\n%s", diff)
	}
}
