//go:build nocobase

package nocobase_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// operators are colleagues who work in a NocoBase at the same time, each on
// people and departments of their own, and who remember what they did.
type operators struct {
	api   *host.Client
	desks []*desk
	mu    sync.Mutex // guards times
	times []time.Duration
}

// A desk is an operator's part of the directory.
type desk struct {
	account     string
	rand        *rand.Rand
	people      []int64 // of the source
	departments []int64 // of the source
	own         int64   // a department that no source knows

	phones  map[int64]string // that were given by hand
	members map[int64]bool   // of the own department
	centers map[int64]string // cost centers of departments
	title   string           // of the own department
	renamed map[int64]bool   // people whose nickname was edited, of which records speak as well
}

const password = "a long password 1"

// hireOperators makes accounts for n operators and shares people and departments out.
func hireOperators(t *testing.T, api *host.Client, n int, seed uint64) *operators {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(api.CreateField(t.Context(), "departments", host.Values{"name": "costCenter", "type": "string", "interface": "input"}))
	people, err := api.Find(t.Context(), "users", host.Values{"username.$includes": "user"})
	must(err)
	departments, err := api.Find(t.Context(), "departments", host.Values{})
	must(err)
	o := &operators{api: api}
	for i := range n {
		account := fmt.Sprintf("operator%d", i)
		_, err := api.Create(t.Context(), "users", host.Values{"username": account, "password": password})
		must(err)
		own, err := api.Create(t.Context(), "departments", host.Values{"title": account})
		must(err)
		o.desks = append(o.desks, &desk{
			account: account, rand: rand.New(rand.NewPCG(seed, uint64(i))), own: own, title: account,
			people: share(people, i, n), departments: share(departments, i, n),
			phones: map[int64]string{}, members: map[int64]bool{}, centers: map[int64]string{}, renamed: map[int64]bool{},
		})
	}
	return o
}

// share is every n-th, from the i-th on.
func share(ids []int64, i, n int) []int64 {
	var mine []int64
	for ; i < len(ids); i += n {
		mine = append(mine, ids[i])
	}
	return mine
}

// work has all of them work until the time is over, and gives how long NocoBase
// took to do each thing. That one fails is an error.
func (o *operators) work(ctx context.Context, over <-chan struct{}) ([]time.Duration, error) {
	o.times = nil
	var all errgroup.Group
	for _, d := range o.desks {
		all.Go(func() error {
			for {
				select {
				case <-over:
					return nil
				default:
				}
				start := time.Now()
				if err := d.act(ctx, o.api); err != nil {
					return fmt.Errorf("%s: %w", d.account, err)
				}
				o.mu.Lock()
				o.times = append(o.times, time.Since(start))
				o.mu.Unlock()
			}
		})
	}
	err := all.Wait()
	slices.Sort(o.times)
	return o.times, err
}

// act does one thing at random.
func (d *desk) act(ctx context.Context, api *host.Client) error {
	person := d.people[d.rand.IntN(len(d.people))]
	department := d.departments[d.rand.IntN(len(d.departments))]
	number := d.rand.Uint32()
	switch d.rand.IntN(6) {
	case 0:
		_, err := api.SignIn(ctx, d.account, password)
		return err
	case 1:
		d.phones[person] = fmt.Sprintf("+%d%d", person, number)
		return api.Update(ctx, "users", person, host.Values{"phone": d.phones[person]})
	case 2:
		d.renamed[person] = true
		return api.Update(ctx, "users", person, host.Values{"nickname": fmt.Sprintf("Edited %d", number)})
	case 3:
		d.centers[department] = fmt.Sprintf("C-%d", number)
		return api.Update(ctx, "departments", department, host.Values{"costCenter": d.centers[department]})
	case 4:
		d.title = fmt.Sprintf("%s, %d", d.account, number)
		return api.Update(ctx, "departments", d.own, host.Values{"title": d.title})
	}
	if d.members[person] {
		delete(d.members, person)
		return api.RemoveMember(ctx, d.own, person)
	}
	d.members[person] = true
	return api.AddMember(ctx, d.own, person)
}

// check wants what was done by hand to be there still, and the rest to be as the
// records say.
func (o *operators) check(t *testing.T, want company) {
	t.Helper()
	users, err := o.api.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	departments, err := o.api.Departments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := o.api.Tree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := facing{departments: departments, users: map[int64]host.User{}, paths: map[int64]string{}}
	byName := map[string]host.User{}
	for _, u := range users {
		f.users[u.ID], byName[u.Username] = u, u
	}
	f.below(0, "")
	for _, line := range append(f.lost(), f.unsound(tree)...) {
		t.Error(line)
	}
	titles := map[int64]host.Department{}
	for _, d := range departments {
		titles[d.ID] = d
	}
	renamed := map[int64]bool{}
	for _, d := range o.desks {
		d.check(t, o.api, f.users, titles)
		for person := range d.renamed {
			renamed[person] = true
		}
	}
	for i := range want.people {
		u, there := byName[fmt.Sprintf("user%d", i)]
		if !there {
			t.Fatalf("user%d is not there", i)
		}
		if nickname := want.nickname(i); u.Nickname != nickname && !renamed[u.ID] {
			t.Errorf("the nickname of user%d is %q, want %q", i, u.Nickname, nickname)
		}
		if main := fmt.Sprintf("Department %d", i%want.departments); titles[u.MainDepartmentID].Title != main {
			t.Errorf("the main department of user%d is %q, want %q", i, titles[u.MainDepartmentID].Title, main)
		}
	}
	if got, want := len(users), want.people+len(o.desks)+1; got != want {
		t.Errorf("%d users, want %d", got, want)
	}
}

// check wants one operator's edits to be there still.
func (d *desk) check(t *testing.T, api *host.Client, users map[int64]host.User, departments map[int64]host.Department) {
	t.Helper()
	for person, phone := range d.phones {
		if got := users[person].Phone; got != phone {
			t.Errorf("%s: the phone of user %d is %q, want %q", d.account, person, got, phone)
		}
	}
	for department, center := range d.centers {
		if got := departments[department].Fields["costCenter"]; got != center {
			t.Errorf("%s: the cost center of department %d is %v, want %q", d.account, department, got, center)
		}
	}
	own := departments[d.own]
	if own.Title != d.title {
		t.Errorf("%s: the title of their department is %q, want %q", d.account, own.Title, d.title)
	}
	members, err := api.Find(t.Context(), "users", host.Values{"departments": host.Values{"id": d.own}})
	if err != nil {
		t.Fatal(err)
	}
	got, want := []string{}, []string{}
	for _, m := range members {
		got = append(got, users[m].Username)
	}
	for person := range d.members {
		want = append(want, users[person].Username)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: the members of their department are %s, want %s", d.account, strings.Join(got, " "), strings.Join(want, " "))
	}
}
