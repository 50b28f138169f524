//go:build nocobase

package nocobase_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/nocobase/host"
)

// facts are what a running NocoBase shows of its directory, a line each, and
// nothing that differs from one database to the next: rows are called by their
// names, and times are left out.
func facts(ctx context.Context, api *host.Client) ([]string, error) {
	departments, err := api.Departments(ctx, "owners", "members")
	if err != nil {
		return nil, err
	}
	users, err := api.Users(ctx, "roles")
	if err != nil {
		return nil, err
	}
	tree, err := api.Tree(ctx)
	if err != nil {
		return nil, err
	}
	f := facing{departments: departments, users: map[int64]host.User{}, paths: map[int64]string{}}
	for _, u := range users {
		f.users[u.ID] = u
	}
	lines := f.below(0, "")
	lines = append(lines, f.lost()...)
	lines = append(lines, f.unsound(tree)...)
	return append(lines, f.people()...), nil
}

// facing looks at what NocoBase has answered.
type facing struct {
	departments []host.Department // in their order
	users       map[int64]host.User
	paths       map[int64]string // "Company / Works", of departments that have been met
}

// below tells of the departments below one, each followed by those below it.
func (f *facing) below(parent int64, path string) []string {
	var lines []string
	for _, d := range f.departments {
		if d.ParentID != parent {
			continue
		}
		f.paths[d.ID] = path + cmp.Or(d.Title, "(no title)")
		lines = append(lines, f.department(d))
		lines = append(lines, f.below(d.ID, f.paths[d.ID]+" / ")...)
	}
	return lines
}

// lost are departments that no root leads to.
func (f *facing) lost() []string {
	var lines []string
	for _, d := range f.departments {
		if _, met := f.paths[d.ID]; !met {
			f.paths[d.ID] = "lost: " + d.Title
			lines = append(lines, f.department(d))
		}
	}
	return lines
}

func (f *facing) department(d host.Department) string {
	var members []string
	for _, m := range d.Members {
		name := f.name(m.ID)
		if slices.Contains(d.Owners, m) {
			name += " (owner)"
		}
		members = append(members, name)
	}
	slices.Sort(members)
	line := "department " + f.paths[d.ID]
	if len(members) > 0 {
		line += ": " + strings.Join(members, ", ")
	}
	return line + fields(d.Fields, "id", "title", "parentId", "isLeaf", "owners", "members", "createdById", "updatedById")
}

// unsound are contradictions between the departments and their tree.
func (f *facing) unsound(tree []host.Branch) []string {
	inTree := map[int64]string{}
	var walk func([]host.Branch, string)
	walk = func(branches []host.Branch, path string) {
		for _, b := range branches {
			inTree[b.ID] = path + cmp.Or(b.Title, "(no title)")
			walk(b.Children, inTree[b.ID]+" / ")
		}
	}
	walk(tree, "")
	var lines []string
	for _, d := range f.departments {
		leaf := !slices.ContainsFunc(f.departments, func(other host.Department) bool { return other.ParentID == d.ID })
		if d.IsLeaf != leaf {
			lines = append(lines, fmt.Sprintf("unsound: %s has isLeaf %v", f.paths[d.ID], d.IsLeaf))
		}
		if inTree[d.ID] != f.paths[d.ID] {
			lines = append(lines, fmt.Sprintf("unsound: %s is in the tree as %q", f.paths[d.ID], inTree[d.ID]))
		}
	}
	return lines
}

func (f *facing) people() []string {
	var lines []string
	for _, u := range f.users {
		line := "user " + f.name(u.ID)
		if u.MainDepartmentID != 0 {
			line += ", main " + cmp.Or(f.paths[u.MainDepartmentID], "a department that is gone")
		}
		var roles []string
		for _, r := range u.Roles {
			roles = append(roles, r.Name)
		}
		slices.Sort(roles)
		line += ", roles " + strings.Join(roles, " ")
		line += fields(u.Fields, "id", "username", "mainDepartmentId", "departments", "roles", "createdById", "updatedById", "passwordChangeTz")
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// name is what a user is called.
func (f *facing) name(id int64) string {
	u, there := f.users[id]
	if !there {
		return "a user who is gone"
	}
	return cmp.Or(u.Username, u.Nickname, u.Email, u.Phone, "(no name)")
}

// fields are the values of a row that are not empty, by name.
func fields(values map[string]any, without ...string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		if object, ok := v.(map[string]any); v == nil || ok && len(object) == 0 || slices.Contains(without, name) ||
			name == "createdAt" || name == "updatedAt" {
			continue
		}
		fmt.Fprintf(&text, ", %s %s", name, shown(v))
	}
	return text.String()
}

// shown is a value in one line; a hash, which is another each time, is only one.
func shown(v any) string {
	if s, ok := v.(string); ok && len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" {
		return "(a hash)"
	}
	if s, ok := v.(string); ok && s != "" && !strings.Contains(s, "\n") {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// difference is how one list of lines becomes another, with a sign before each
// line: "-" only the first has it, "+" only the second, " " both.
func difference(a, b []string) []string {
	common := make([][]int, len(a)+1) // how many lines a[i:] and b[j:] have in common
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, "- "+a[i])
			i++
		default:
			lines = append(lines, "+ "+b[j])
			j++
		}
	}
	return lines
}
