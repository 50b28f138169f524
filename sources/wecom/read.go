package wecom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nocobase-roster/roster/plugin"
)

// pageRecords is how many records go into a page, however many calls it took.
const pageRecords = 1000

// A mark is the State of a page: how far a reading is.
type mark struct {
	Of          string              `json:"of"`          // what is read, in a digest: of another, nothing is gone on with
	Departments int                 `json:"departments"` // that were emitted
	Staffed     int                 `json:"staffed"`     // departments whose members were
	Individuals int                 `json:"individuals"` // that were asked for
	Counts      map[plugin.Type]int `json:"counts"`
	Doubts      doubts              `json:"doubts,omitempty"`
}

// A reading is one Read of everything. Its State remembers nobody: a member is
// emitted with the first of the departments it is in.
type reading struct {
	source      *source
	emit        func(plugin.Page) error
	tree        *tree
	individuals []string
	census      *census // nil: nobody else counts

	early   doubts // of what comes before records
	peopled bool   // the application is known to see people alone, and no department
	mark    mark
	page    []plugin.Record
	count   map[plugin.Type]int // with the records that the mark is not past yet
	came    people              // whom this Read has counted
}

// Read reads the departments, then their members, then who is visible alone.
func (s *source) Read(ctx context.Context, req plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	if len(req.Only) > 0 {
		return s.lookup(ctx, req.Only, emit)
	}
	r := &reading{source: s, emit: emit, came: newPeople()}
	if err := r.prepare(ctx, req.State); err != nil {
		return plugin.Reading{}, err
	}
	for _, step := range []func(context.Context) error{r.readDepartments, r.readMembers, r.readIndividuals, r.flush} {
		if err := step(ctx); err != nil {
			return plugin.Reading{}, err
		}
	}
	return r.result(), nil
}

// prepare learns what there is to read, and where to begin.
func (r *reading) prepare(ctx context.Context, state json.RawMessage) (err error) {
	if r.individuals, err = r.visibleAlone(ctx); err != nil {
		return err
	}
	if r.tree, err = r.departments(ctx); err != nil {
		return err
	}
	if len(r.tree.all) == 0 && len(r.individuals) == 0 {
		return &plugin.Error{
			Kind: plugin.Config, Msg: "read WeCom: the visible range of the application is empty",
			Hint: "add departments to the visible range (可见范围) of the application, best the whole company",
		}
	}
	r.resume(state)
	r.census, err = r.takeCensus(ctx)
	return err
}

// resume goes to where a state says that an earlier Read was, if it read the same.
func (r *reading) resume(state json.RawMessage) {
	of := r.digest()
	if json.Unmarshal(state, &r.mark) != nil || r.mark.Of != of || r.mark.Counts == nil || r.mark.Departments < 0 || r.mark.Staffed < 0 || r.mark.Individuals < 0 {
		r.mark = mark{Of: of, Counts: map[plugin.Type]int{plugin.Department: 0, plugin.User: 0}}
	}
	r.count = maps.Clone(r.mark.Counts)
}

// digest tells what is read from anything else.
func (r *reading) digest() string {
	h := sha256.New()
	for _, d := range r.tree.all {
		h.Write(fmt.Appendln(nil, d.ID, d.under, d.rank, d.kept, d.read))
	}
	for _, id := range r.individuals {
		h.Write(fmt.Appendln(nil, id))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (r *reading) readDepartments(ctx context.Context) error {
	for _, d := range rest(r.tree.records(), r.mark.Departments) {
		if err := r.add(ctx, r.source.department(d)); err != nil {
			return err
		}
		r.pass(&r.mark.Departments)
	}
	return nil
}

func (r *reading) readMembers(ctx context.Context) error {
	ask := func(ctx context.Context, d *department) (memberList, error) {
		return get[memberList](ctx, r.source.client, "user/list", "department_id", d.ID.String())
	}
	staffed := r.tree.staffed()
	if len(r.mark.Doubts) > 0 { // which of those before could not be read is not known any more
		unread(staffed[:min(r.mark.Staffed, len(staffed))])
	}
	return ahead(ctx, 2*r.source.concurrency, rest(staffed, r.mark.Staffed), ask, func(d *department, list memberList, err error) error {
		if err != nil && !ofOne(err) {
			return err
		}
		if err == nil {
			err = r.membersOf(ctx, d, list)
			if err != nil && !errors.Is(err, errNoMembers) {
				return err // of who keeps the page, whatever its kind
			}
		}
		if err != nil {
			unread([]*department{d})
			r.mark.Doubts.code("user/list", codeOf(err), d.ID.String())
		}
		r.pass(&r.mark.Staffed)
		return nil
	})
}

// unread has the members of departments emitted with the next that they are in.
func unread(departments []*department) {
	for _, d := range departments {
		d.read = false
	}
}

// membersOf emits those members of a department whose first it is.
func (r *reading) membersOf(ctx context.Context, d *department, list memberList) error {
	for m, err := range members(list.Members) {
		if err != nil {
			return err
		}
		if first := r.tree.first(m.departments()); first != nil && first.at < d.at {
			continue
		}
		if err := r.user(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// readIndividuals asks for those who are visible alone, where they were not
// emitted with a department.
func (r *reading) readIndividuals(ctx context.Context) error {
	ask := func(ctx context.Context, id string) (memberAnswer, error) {
		return get[memberAnswer](ctx, r.source.client, "user/get", "userid", id)
	}
	return ahead(ctx, 2*r.source.concurrency, rest(r.individuals, r.mark.Individuals), ask, func(_ string, a memberAnswer, err error) error {
		ids := a.member.departments()
		switch code := codeOf(err); {
		case err == nil && r.tree.first(ids) == nil && r.tree.wants(ids):
			err = r.user(ctx, a.member)
		case isGone(code):
			err = nil
		case err != nil && ofOne(err):
			r.mark.Doubts.code("user/get", code, "")
			err = nil
		}
		r.pass(&r.mark.Individuals)
		return err
	})
}

func (r *reading) user(ctx context.Context, m member) error {
	record, ok := r.source.mapper.user(m, r.tree)
	if !ok {
		r.mark.Doubts.note("user/list", "it has members without a userid", "")
		return nil
	}
	r.census.saw(record.UID)
	return r.add(ctx, record)
}

// add puts a record into the page, and emits that when it is full.
func (r *reading) add(ctx context.Context, record plugin.Record) error {
	r.page = append(r.page, record)
	if record.Type != plugin.User || r.came.meet(record.UID) { // who moves meanwhile may come twice
		r.count[record.Type]++
	}
	if len(r.page) < r.source.pageRecords {
		return nil
	}
	return r.flush(ctx)
}

// flush emits the page. Its State is the mark: what is read in the middle is read
// again from its beginning.
func (r *reading) flush(ctx context.Context) error {
	if len(r.page) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	state, err := json.Marshal(r.mark)
	if err != nil {
		panic(err) // it holds numbers and text only
	}
	page := plugin.Page{Records: r.page, State: state}
	r.page = nil
	return r.emit(page)
}

// pass moves the mark past what was read.
func (r *reading) pass(place *int) {
	*place++
	maps.Copy(r.mark.Counts, r.count)
}

// rest is what is left of a list.
func rest[T any](list []T, done int) []T { return list[min(done, len(list)):] }

// result says what the reading came to.
func (r *reading) result() plugin.Reading {
	missed, notes := r.census.compare()
	all := slices.Concat(r.early, r.mark.Doubts, missed)
	return plugin.Reading{Complete: len(all) == 0, Confirm: true, Counts: maps.Clone(r.count), Warnings: append(notes, all.sentences()...)}
}
