package demo

import (
	"context"
	"maps"
	"slices"

	"github.com/nocobase-roster/roster/schema"
)

// counts are what is in NocoBase's tables.
type counts struct{ Users, Departments, Memberships int }

func (s *Story) count(ctx context.Context) (n counts, err error) {
	err = s.db.On(s.db).Get(ctx, &n, `SELECT (SELECT count(*) FROM {users}) AS users,
		(SELECT count(*) FROM {departments}) AS departments, (SELECT count(*) FROM {departmentsUsers}) AS memberships`)
	return n, schema.Wrap(err, "count what there is")
}

// lines are what is in NocoBase's tables, a line each: people with their
// addresses, departments with those above them, and who works where.
func (s *Story) lines(ctx context.Context) (map[string]bool, error) {
	var rows []string
	err := s.db.On(s.db).Select(ctx, &rows, `
		SELECT username || ' ' || nickname || ' ' || email FROM {users}
		UNION ALL SELECT d.title || ' below ' || COALESCE(p.title, '') FROM {departments} d LEFT JOIN {departments} p ON p.id = d.[parentId]
		UNION ALL SELECT u.username || ' in ' || d.title || CASE WHEN m.[isOwner] THEN ', leading' ELSE '' END FROM {departmentsUsers} m
			JOIN {users} u ON u.id = m.[userId] JOIN {departments} d ON d.id = m.[departmentId]`)
	found := map[string]bool{}
	for _, row := range rows {
		found[row] = true
	}
	return found, schema.Wrap(err, "look at what there is")
}

// differences are the lines that WeCom has and the tables have not, and the other
// way round.
func (s *Story) differences(ctx context.Context) (missing, extra []string, err error) {
	found, err := s.lines(ctx)
	wanted := s.wanted()
	return without(wanted, found), without(found, wanted), err
}

// wanted are the lines that WeCom has for who may see all regions.
func (s *Story) wanted() map[string]bool {
	lines := map[string]bool{}
	for _, d := range s.company.Departments[1:] {
		above := ""
		if d.Parent != 1 { // the company itself is not shown
			above = s.company.Department(d.Parent).Name
		}
		lines[d.Name+" below "+above] = true
	}
	for _, p := range s.company.People {
		lines[p.Login+" "+p.Name+" "+p.Mail] = true
		for _, at := range p.Positions {
			line := p.Login + " in " + s.company.Department(at.Department).Name
			if at.Leads {
				line += ", leading"
			}
			lines[line] = true
		}
	}
	return lines
}

// without are the lines of a that b does not have.
func without(a, b map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a)), func(line string) bool { return b[line] })
}
