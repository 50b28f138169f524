package wecom

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

const (
	peopleLooked      = 50 // in a test
	departmentsLooked = 20
	sampleSize        = 10
)

// meet looks at some people, in departments from all over the company.
func (t *trial) meet(ctx context.Context) (finding, error) {
	seen, asked := map[string]bool{}, 0
	var refusal error
	for _, d := range spread(t.tree.staffed(), departmentsLooked) {
		if len(t.people) == peopleLooked {
			break
		}
		asked++
		list, err := get[memberList](ctx, t.client, "user/list", "department_id", d.ID.String())
		if err == nil {
			err = t.greet(list, seen)
		}
		if err != nil && !ofOne(err) {
			return finding{}, err
		}
		if err != nil {
			refusal = err
		}
	}
	if len(t.people) == 0 {
		return t.meetAlone(ctx, refusal)
	}
	return finding{text: fmt.Sprintf("%d in %d departments were looked at", len(t.people), asked)}, nil
}

// greet takes members of a list, each once.
func (t *trial) greet(list memberList, seen map[string]bool) error {
	for m, err := range members(list.Members) {
		if err != nil {
			return err
		}
		if len(t.people) < peopleLooked && !seen[m.uid()] {
			seen[m.uid()] = true
			t.people = append(t.people, m)
		}
	}
	return nil
}

// meetAlone looks at somebody who is visible alone, where no department has
// anybody.
func (t *trial) meetAlone(ctx context.Context, refusal error) (finding, error) {
	if t.app == nil || len(t.app.Members.List) == 0 {
		return finding{"nobody was found", "look at the visible range (可见范围) of the application, and at which departments the source leaves out"}, refusal
	}
	answer, err := get[memberAnswer](ctx, t.client, "user/get", "userid", t.app.Members.List[0].ID)
	if err != nil {
		return finding{}, err
	}
	t.people = append(t.people, answer.member)
	return finding{text: "1 who is visible alone was looked at"}, nil
}

// spread takes up to n of a list, evenly.
func spread[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	some := make([]T, n)
	for i := range some {
		some[i] = list[i*len(list)/n]
	}
	return some
}

// withheld are the fields that applications made since 2022-06-20 do not get.
func withheld() []string {
	return []string{"mobile", "email", "biz_mail", "gender", "avatar", "address"}
}

// fields says how many have each field that WeCom gives, extended attributes too.
func (t *trial) fields(context.Context) (finding, error) {
	names := append([]string{"name", "alias", "position", "telephone", "direct_leader"}, withheld()...)
	extended := map[string]bool{}
	for _, m := range t.people {
		attributes, _ := m["extattr"].(map[string]any)
		for name := range attributes {
			extended[name] = true
		}
	}
	counts := countOf(names, t.people, func(m member, name string) bool { return m[name] != nil })
	for _, name := range slices.Sorted(maps.Keys(extended)) {
		has := countOf([]string{name}, t.people, func(m member, name string) bool {
			_, ok := mapping.Path{"extattr", name}.In(map[string]any(m))
			return ok
		})
		counts = append(counts, count{"extattr." + name, has[0].n})
	}
	found := finding{text: said(counts, len(t.people))}
	if len(t.people) > 0 && t.withholds() {
		found.hint = "this application was made after 2022-06-20, so WeCom withholds " + strings.Join(withheld(), ", ") + ": to have e-mail or phone, keep them in an extended attribute and map extattr.NAME"
	}
	return found, nil
}

// withholds says whether nobody has any of the fields that WeCom withholds.
func (t *trial) withholds() bool {
	return !slices.ContainsFunc(t.people, func(m member) bool {
		return slices.ContainsFunc(withheld(), func(name string) bool { return m[name] != nil })
	})
}

// mapping says how many have each attribute that their records may have.
func (t *trial) mapping(context.Context) (finding, error) {
	var names, lacking []string
	for _, f := range t.source.mapper.users {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	records := t.users(len(t.people))
	counts := countOf(names, records, func(r plugin.Record, name string) bool { return r.Attrs[name] != nil })
	for _, c := range counts {
		if c.n == 0 && len(records) > 0 {
			lacking = append(lacking, c.name)
		}
	}
	found := finding{text: said(counts, len(records))}
	if len(lacking) > 0 {
		found.hint = "nobody who was looked at has what " + strings.Join(lacking, ", ") + " is made of: it stays as it is in NocoBase; see what the step fields found"
	}
	return found, nil
}

// A count is how many have something.
type count struct {
	name string
	n    int
}

func countOf[T any](names []string, all []T, has func(T, string) bool) []count {
	var counts []count
	for _, name := range names {
		c := count{name: name}
		for _, one := range all {
			if has(one, name) {
				c.n++
			}
		}
		counts = append(counts, c)
	}
	return counts
}

func said(counts []count, of int) string {
	if of == 0 {
		return "nobody was looked at"
	}
	var parts []string
	for _, c := range counts {
		parts = append(parts, fmt.Sprintf("%s: %d of %d", c.name, c.n, of))
	}
	return strings.Join(parts, ", ")
}

// sample are some records as Read emits them.
func (t *trial) sample() []plugin.Record {
	var records []plugin.Record
	if t.tree == nil {
		return nil
	}
	for _, d := range t.tree.records() {
		if d.Name != "" && len(records) < sampleSize/2 {
			records = append(records, t.source.department(d))
		}
	}
	return append(records, t.users(sampleSize-len(records))...)
}

// users are the records of some of the people.
func (t *trial) users(n int) []plugin.Record {
	var records []plugin.Record
	for _, m := range t.people[:min(n, len(t.people))] {
		if r, ok := t.source.mapper.user(m, t.tree); ok {
			records = append(records, r)
		}
	}
	return records
}
