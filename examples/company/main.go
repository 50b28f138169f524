// Company writes examples/company.json: a made-up company of 2,000 people in
// 151 departments, as untidy as a real one, and a few records that are wrong.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// A body is one push, as NocoBase takes it.
type body[R any] struct {
	DataType   string `json:"dataType"`
	SourceName string `json:"sourceName"`
	Records    []R    `json:"records"`
}

type department struct {
	UID       string `json:"uid"`
	Title     string `json:"title"`
	ParentUID string `json:"parentUid,omitempty"`
	region    region // whose names its people have
}

type user struct {
	UID         any      `json:"uid,omitempty"`
	Username    string   `json:"username,omitempty"`
	Nickname    string   `json:"nickname"`
	Email       any      `json:"email,omitempty"`
	Phone       string   `json:"phone,omitempty"`
	Position    string   `json:"position,omitempty"`
	CostCenter  string   `json:"costCenter,omitempty"`
	Departments any      `json:"departments,omitempty"` // []membership or []string
	Roles       []string `json:"roles,omitempty"`
	Password    string   `json:"password,omitempty"`
}

type membership struct {
	UID     string `json:"uid"`
	IsOwner bool   `json:"isOwner,omitempty"`
	IsMain  bool   `json:"isMain,omitempty"`
}

func main() {
	if err := write(os.Stdout); err != nil {
		log.Fatal("company: ", err)
	}
}

// write puts the two bodies on a line each, the same bytes every time.
func write(w io.Writer) error {
	departments := makeDepartments()
	m := maker{rand.New(rand.NewPCG(2000, 151)), departments, map[string]int{}}
	var users []user
	for i := range 2000 {
		users = append(users, m.user(i))
	}
	users = append(users, untidyUsers()...)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body[department]{"department", "company", departments}); err != nil {
		return err
	}
	return enc.Encode(body[user]{"user", "company", users})
}

// makeDepartments makes five levels: group, region, unit, team, squad. The last
// region comes with its children before their parents.
func makeDepartments() []department {
	all := regions()
	list := []department{{UID: "group", Title: "Heron & Reed 苍鹭集团", region: all[0]}}
	for i, r := range all {
		departments := r.departments()
		if i == len(all)-1 {
			slices.Reverse(departments)
		}
		list = append(list, departments...)
	}
	return list
}

// departments makes the region, its units, a team for each place of each unit,
// and a squad in every team but the last.
func (r region) departments() []department {
	list := []department{{r.code, r.title, "group", r}}
	for i, unit := range strings.Fields(r.units) {
		unitUID := fmt.Sprintf("%s-%d", r.code, i+1)
		list = append(list, department{unitUID, unit, r.code, r})
		places := strings.Fields(r.places)
		for j, place := range places {
			teamUID := fmt.Sprintf("%s-%d", unitUID, j+1)
			list = append(list, department{teamUID, unit + " · " + place, unitUID, r})
			if j < len(places)-1 {
				list = append(list, department{teamUID + "-a", place + " · " + r.squad, teamUID, r})
			}
		}
	}
	return list
}

// A maker draws people; all its choices come from one seed.
type maker struct {
	rng         *rand.Rand
	departments []department
	usernames   map[string]int // how many people have had it
}

// user makes person i. The first people lead a department each.
func (m *maker) user(i int) user {
	leader := i < len(m.departments)
	home := m.departments[i%len(m.departments)]
	nickname, username := m.name(home.region)
	u := user{UID: fmt.Sprintf("E%04d", i+1), Nickname: nickname}
	if !leader && m.chance(0.02) {
		return u // an account nobody filled in
	}
	u.Username = username
	u.Email = m.email(username)
	if m.chance(0.7) {
		u.Phone = fmt.Sprintf("+1 %d 555 01%02d", 212+i/100, i%100) // 555 01xx is kept for fiction
	}
	u.Position = m.pick(home.region.positions)
	u.CostCenter = fmt.Sprintf("CC-%04d", 1000+m.rng.IntN(60))
	u.Departments = m.memberships(home.UID, leader)
	return u
}

// name gives a nickname in the region's script and a username of it in ASCII.
func (m *maker) name(r region) (nickname, username string) {
	family, familyASCII, _ := strings.Cut(m.pick(r.family), ":")
	given, givenASCII, _ := strings.Cut(m.pick(r.given), ":")
	nickname = fmt.Sprintf(r.order, family, given)
	if m.chance(0.002) {
		nickname += " " + m.pick("🌻 🚀 👩‍💻")
	}
	username = strings.ToLower(givenASCII + "." + familyASCII)
	m.usernames[username]++
	if n := m.usernames[username]; n > 1 {
		username = fmt.Sprint(username, n)
	}
	return nickname, username
}

// email gives an address to 87 of 100 people; to the others none, said in the
// three ways that systems have of saying it.
func (m *maker) email(username string) any {
	switch n := m.rng.IntN(100); {
	case n < 87:
		return username + "@example.com"
	case n < 88:
		return ""
	case n < 90:
		return json.RawMessage("null")
	}
	return nil
}

// memberships puts a person into one to four departments; one in ten has them
// as bare uids, which say nothing of owner and main.
func (m *maker) memberships(home string, leader bool) any {
	uids := []string{home}
	for m.chance(0.25) && len(uids) < 4 {
		d := m.departments[m.rng.IntN(len(m.departments))]
		if !slices.Contains(uids, d.UID) {
			uids = append(uids, d.UID)
		}
	}
	if !leader && m.chance(0.1) {
		return uids
	}
	list := []membership{{UID: home, IsOwner: leader, IsMain: true}}
	for _, uid := range uids[1:] {
		list = append(list, membership{UID: uid, IsOwner: m.chance(0.05)})
	}
	return list
}

func (m *maker) chance(p float64) bool { return m.rng.Float64() < p }

func (m *maker) pick(words string) string {
	list := strings.Fields(words)
	return list[m.rng.IntN(len(list))]
}

// untidyUsers are what real exports have too; the uid or the nickname says what
// is odd.
func untidyUsers() []user {
	return []user{
		{UID: "lin", Username: "lin", Nickname: "Lin", Email: "lin@example.com"},
		{Nickname: "no uid"},
		{UID: "", Nickname: "empty uid"},
		{UID: 90017, Nickname: "numeric uid"},
		{UID: "long-nickname", Nickname: strings.Repeat("very ", 59) + "long."},
		{UID: "same-username", Username: "lin", Nickname: "Lin's username"},
		{UID: "same-email", Nickname: "Lin's e-mail", Email: "lin@example.com"},
		{UID: "same-uid", Nickname: "the first of two"},
		{UID: "same-uid", Nickname: "the last of two"},
		{UID: "unknown-department", Nickname: "a department that never comes", Departments: []string{"atlantis"}},
		{UID: "roles", Nickname: "would be an administrator", Roles: []string{"admin"}},
		{UID: "password", Nickname: "brings a password", Password: "never stored"},
	}
}
