package wecom

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/mapping"
)

type (
	departmentList struct {
		status
		Departments []row `json:"department"`
	}
	departmentIDs struct {
		status
		Departments []row `json:"department_id"` // without names
	}
	departmentAnswer struct {
		status
		Department row `json:"department"`
	}
	memberList struct {
		status
		Members json.RawMessage `json:"userlist"`
	}
)

// maxAsking is how many departments are asked for one by one at a time.
const maxAsking = 4

// departments gives the tree of the company. What cannot be read of it is a doubt.
func (r *reading) departments(ctx context.Context) (*tree, error) {
	rows, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	outline, err := r.name(ctx, &rows)
	if err != nil {
		return nil, err
	}
	t := grow(rows)
	if err := r.find(t); err != nil {
		return nil, err
	}
	t.choose(r.source.options)
	return t, r.prune(ctx, t, outline)
}

// rows gives the departments in one call, or, where WeCom finds that too much,
// without their names.
func (r *reading) rows(ctx context.Context) ([]row, error) {
	list, err := get[departmentList](ctx, r.source.client, "department/list")
	switch code := codeOf(err); {
	case err == nil:
		return list.Departments, nil
	case code == 45029, code == -1, errors.Is(err, errSilent):
		r.source.log.Debug("the departments are too many for one answer: they are asked for one by one")
		return r.source.outline(ctx)
	case isHidden(code) && r.peopled:
		return nil, nil
	case isHidden(code): // people alone may be visible
		r.early.code("department/list", code, "")
		return nil, nil
	}
	return nil, err
}

// outline gives the departments without their names.
func (s *source) outline(ctx context.Context) ([]row, error) {
	list, err := get[departmentIDs](ctx, s.client, "department/simplelist")
	return list.Departments, err
}

// name asks for the departments that came without a name, one by one, and gives
// those that only show where others hang: they may not be seen themselves.
func (r *reading) name(ctx context.Context, rows *[]row) (outline map[number]bool, err error) {
	var named, nameless []row
	for _, d := range *rows {
		if d.Name == "" {
			nameless = append(nameless, d)
		} else {
			named = append(named, d)
		}
	}
	outline = map[number]bool{}
	ask := func(ctx context.Context, d row) (departmentAnswer, error) {
		return get[departmentAnswer](ctx, r.source.client, "department/get", "id", d.ID.String())
	}
	err = ahead(ctx, min(maxAsking, r.source.concurrency), nameless, ask, func(d row, a departmentAnswer, err error) error {
		switch code := codeOf(err); {
		case err == nil && a.Department.ID == d.ID:
			d = a.Department
		case isGone(code):
			return nil
		case isHidden(code):
			outline[d.ID] = true
		case err != nil && !ofOne(err):
			return err
		default:
			r.early.code("department/get", code, d.ID.String())
		}
		named = append(named, d)
		return nil
	})
	*rows = named
	return outline, err
}

// prune leaves out what has no name and nobody in it, nor anything below. Of what
// only shows where others hang, the members cannot be read.
func (r *reading) prune(ctx context.Context, t *tree, outline map[number]bool) error {
	var nameless []*department
	for d := range t.where(func(d *department) bool { return d.Name == "" && d.read }) {
		nameless = append(nameless, d)
	}
	staffed := map[number]bool{}
	ask := func(ctx context.Context, d *department) (memberList, error) {
		return get[memberList](ctx, r.source.client, "user/list", "department_id", d.ID.String())
	}
	err := ahead(ctx, min(maxAsking, r.source.concurrency), nameless, ask, func(d *department, a memberList, err error) error {
		if err != nil && !ofOne(err) {
			return err
		}
		d.read = !outline[d.ID] || !isHidden(codeOf(err))
		staffed[d.ID] = d.read && (err != nil || len(a.Members) > len("[]")) // what failed is doubted when it is read
		return nil
	})
	if err != nil {
		return err
	}
	t.drop(func(d *department) bool { return d.Name == "" && !staffed[d.ID] })
	return nil
}

// find looks for the departments that the options name.
func (r *reading) find(t *tree) error {
	o := r.source.options
	if o.RootDepartment != 0 && t.byID[o.RootDepartment] == nil {
		return mapping.Wrong("/rootDepartment", "the department is not in the visible range of the application", "choose another, or add it to the visible range (可见范围)")
	}
	for _, id := range o.IncludeDepartments {
		if t.byID[id] == nil {
			r.early.note("includeDepartments", "it is not in the visible range of the application", id.String())
		}
	}
	return nil
}

// ofOne says that an error is about the one department or member that was asked
// for: all others can be read.
func ofOne(err error) bool {
	kind := plugin.KindOf(err)
	return isHidden(codeOf(err)) || kind == plugin.NotFound || kind == plugin.Data
}

// department makes a record. One that WeCom gives no name says nothing of it: the
// title that it has in NocoBase stays.
func (s *source) department(d *department) plugin.Record {
	fields := map[string]any{"id": d.ID.json(), "parentid": d.Parent.json(), "order": d.Order.json(), "rank": d.rank}
	if d.Name != "" {
		fields["name"] = d.Name
	}
	if d.NameEN != "" {
		fields["name_en"] = d.NameEN
	}
	var leaders []any
	for _, userID := range d.Leaders {
		leaders = append(leaders, userID)
	}
	if len(leaders) > 0 {
		fields["department_leader"] = leaders
	}
	r := plugin.Record{Type: plugin.Department, UID: d.ID.String(), Attrs: map[string]any{"parentUid": nil}}
	if d.under != 0 {
		r.Attrs["parentUid"] = d.under.String()
	}
	s.mapper.departments.Put(r.Attrs, fields)
	return r
}
