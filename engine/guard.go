package engine

import (
	"context"
	"fmt"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A watch is what a guard counts in a plan, and what it is compared with.
type watch struct {
	name  string // of the guard in options.sync.guards
	limit *Limit
	would string // what the run would do: "remove %d of %d users"
	count string // SQL
	of    string // SQL, with the source for its one parameter
}

// guard holds a plan that does more than is likely to be meant, before anything
// is written. There are no approvals yet: the run is refused.
func (r *run) guard(ctx context.Context, plans []*Plan) error {
	for _, p := range plans {
		if p.staged == 0 {
			continue
		}
		for _, w := range r.watches(p) {
			if w.limit == nil {
				continue
			}
			if err := r.watch(ctx, p, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) watches(p *Plan) []watch {
	g := r.options.Guards
	standing := `SELECT count(*) FROM {records} WHERE source = ? AND type = '<type>' AND removed IS NULL`
	if p.Type == plugin.Department {
		states := p.layout.states("p._mask", "parentId")
		return []watch{
			{"departmentsRemoved", g.DepartmentsRemoved, "remove or move to the top %d of %d departments", `
				SELECT (SELECT count(*) FROM {<plan>} p LEFT JOIN {departments} d ON d.id = p._row_id
				        WHERE p._run = <run> AND (p._op IN ('delete', 'disable')
				        OR p._op IN ('update', 'link') AND p.[parentId] IS NULL AND d.[parentId] IS NOT NULL AND ` + states + `))
				     + (SELECT count(*) FROM {<plan>} g JOIN {departments} d ON d.[parentId] = g._row_id
				        WHERE g._run = <run> AND g._op = 'delete' AND g.[parentId] IS NULL
				        AND d.id NOT IN (SELECT p._row_id FROM {<plan>} p WHERE p._run = <run> AND p._row_id IS NOT NULL AND (p._op = 'delete' OR ` + states + `)))`, standing},
			{"membershipsRemoved", g.MembershipsRemoved, "end %d of %d memberships", endedWithDepartments, claims},
		}
	}
	return []watch{
		{
			"usersRemoved", g.UsersRemoved, "remove or disable %d of %d users",
			`SELECT count(*) FROM {<plan>} WHERE _run = <run> AND _op IN ('delete', 'disable')`, standing,
		},
		{
			"usersChanged", g.UsersChanged, "create or update %d users, of %d there are",
			`SELECT count(*) FROM {<plan>} WHERE _run = <run> AND _op IN ('create', 'link', 'update')`, standing,
		},
		{"membershipsRemoved", g.MembershipsRemoved, "end %d of %d memberships", `
			SELECT (SELECT count(*) FROM {plan_memberships} WHERE _run = <run> AND _op IN ('drop', 'end')
			        AND department_id NOT IN (SELECT _row_id FROM {plan_departments} WHERE _run = <run> AND _op = 'delete'))
			     + (` + endedWithDepartments + `)`, claims},
	}
}

// Memberships that end with their departments, and how many the source claims.
const (
	endedWithDepartments = `SELECT count(*) FROM {plan_departments} p JOIN {departmentsUsers} m ON m.[departmentId] = p._row_id
		WHERE p._run = <run> AND p._op = 'delete'`
	claims = `SELECT count(*) FROM {records} r JOIN {userDataSyncRecordsResources} l ON l.[recordId] = r.record_id
		WHERE r.source = ? AND r.type = 'user' AND l.resource = 'departments'`
)

func (r *run) watch(ctx context.Context, p *Plan, w watch) error {
	var n, of int
	if err := p.Get(ctx, &n, w.count); err != nil || n == 0 {
		return schema.Wrap(err, "count for the guard "+w.name)
	}
	if err := p.Get(ctx, &of, w.of, r.source); err != nil || !w.limit.passed(n, of) {
		return schema.Wrap(err, "count for the guard "+w.name)
	}
	exceeds := fmt.Sprintf(w.would+", more than the guard %s allows", n, of, w.name)
	if r.kind == planOnly {
		r.unsure = append(r.unsure, "a push would be held: it would "+exceeds)
		return nil
	}
	hint := "plan the same to see what it would do; if it is meant, give the push options.sync.guards."
	if r.request.Pulled {
		hint = "see that its system answers what it should, and plan the source to see what the run would do; if it is meant, give the source options.sync.guards."
	}
	return &plugin.Error{
		Kind: plugin.Guard, Path: "/sync/guards/" + w.name, Msg: "the run would " + exceeds + "; nothing was written",
		Hint: hint + w.name + " that allow it, or null for none",
	}
}

// passed says whether n of so many are more than the limit allows.
func (l *Limit) passed(n, of int) bool {
	return l.Count > 0 && n > l.Count ||
		l.Percent > 0 && n >= l.Least && of >= l.Among && float64(n)*100 > l.Percent*float64(of)
}
