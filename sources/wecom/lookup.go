package wecom

import (
	"context"
	"slices"
	"strconv"

	"github.com/nocobase-roster/roster/plugin"
)

// A search is a look-up of single records.
type search struct {
	source *source
	tree   *tree // without names
	blind  bool  // the options name a department that cannot be seen
}

// A find is what became of one of them; without a record, it is gone or hidden.
type find struct {
	record *plugin.Record
	gone   bool
	doubt  error // why it is hidden, where that is a fault
}

// lookup finds records by name. The outline of the company says what the options
// want of them, and where departments stand.
func (s *source) lookup(ctx context.Context, refs []plugin.Ref, emit func(plugin.Page) error) (plugin.Reading, error) {
	rows, err := s.outline(ctx)
	if err != nil && !isHidden(codeOf(err)) {
		return plugin.Reading{}, err
	}
	q := &search{source: s, tree: grow(rows)}
	looked := &reading{source: s}
	if err := looked.find(q.tree); err != nil {
		return plugin.Reading{}, err
	}
	q.blind = len(looked.early) > 0
	q.tree.choose(s.options)
	var out plugin.Reading
	var faults doubts
	var found []plugin.Record
	err = ahead(ctx, s.concurrency, refs, q.find, func(ref plugin.Ref, f find, err error) error {
		switch {
		case err != nil:
			return err
		case f.record != nil:
			found = append(found, *f.record)
		case f.gone:
			out.Gone = append(out.Gone, ref)
		default:
			out.Hidden = append(out.Hidden, ref)
		}
		if f.doubt != nil {
			faults.code(asks(ref.Type), codeOf(f.doubt), "")
		}
		return nil
	})
	if err != nil {
		return plugin.Reading{}, err
	}
	for page := range slices.Chunk(found, s.pageRecords) {
		if err := emit(plugin.Page{Records: page}); err != nil {
			return plugin.Reading{}, err
		}
	}
	out.Warnings = faults.sentences()
	return out, nil
}

// asks is the call that finds one of a type.
func asks(t plugin.Type) string {
	if t == plugin.Department {
		return "department/get"
	}
	return "user/get"
}

// find asks for one. What the options leave out is gone as far as this source is
// concerned, if all that they name can be seen. What is wrong with one is no
// reason not to look for the others.
func (q *search) find(ctx context.Context, ref plugin.Ref) (f find, err error) {
	switch ref.Type {
	case plugin.Department:
		f, err = q.department(ctx, ref.UID)
	case plugin.User:
		f, err = q.user(ctx, ref.UID)
	}
	switch code := codeOf(err); {
	case isGone(code):
		return find{gone: true}, nil
	case isHidden(code):
		return find{}, nil
	case err != nil && ofOne(err):
		return find{doubt: err}, nil
	}
	return f, err
}

func (q *search) department(ctx context.Context, uid string) (find, error) {
	id, err := strconv.ParseInt(uid, 10, 64)
	if err != nil {
		return find{gone: true}, nil
	}
	d := q.tree.byID[number(id)]
	if d != nil && !d.kept {
		return find{gone: !q.blind}, nil
	}
	answer, err := get[departmentAnswer](ctx, q.source.client, asks(plugin.Department), "id", uid)
	if err != nil || d == nil || answer.Department.ID != d.ID {
		return find{}, err
	}
	named := *d
	named.row = answer.Department
	record := q.source.department(&named)
	return find{record: &record}, nil
}

func (q *search) user(ctx context.Context, uid string) (find, error) {
	answer, err := get[memberAnswer](ctx, q.source.client, asks(plugin.User), "userid", uid)
	if err != nil {
		return find{}, err
	}
	if !q.tree.wants(answer.member.departments()) {
		return find{gone: !q.blind}, nil
	}
	record, ok := q.source.mapper.user(answer.member, q.tree)
	if !ok {
		return find{}, nil
	}
	return find{record: &record}, nil
}
