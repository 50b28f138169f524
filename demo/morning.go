package demo

import (
	"context"
	"fmt"
	"maps"

	"github.com/nocobase-roster/roster/schema"
)

// overnight changes the company, and has an operator of NocoBase do something by
// hand.
func (s *Story) overnight(ctx context.Context) ([]string, error) {
	s.changes = s.company.Overnight()
	s.wecom.Mend() // it need not be watched any more
	if err := s.putByHand(ctx); err != nil {
		return nil, err
	}
	c := s.changes
	repair, first := s.company.Department(c.Renamed), s.company.Person(c.Swapped[0])
	return []string{
		fmt.Sprintf("Overnight %d people were hired, %d left, %d moved to other departments.", len(c.Hired), len(c.Left), len(c.Moved)),
		fmt.Sprintf("%s is %s now, and belongs to Sales. %s leads %s.", c.Was, repair.Name, s.company.Person(c.Leads).Name, s.leads(c.Leads)),
		fmt.Sprintf("There are two people called %s: they swap their e-mail addresses.", first.Name),
		fmt.Sprintf("And in NocoBase somebody put %s into %s by hand.", s.company.Person(c.Moved[0]).Name, s.club()),
	}, nil
}

// leads is the department that somebody leads.
func (s *Story) leads(login string) string {
	return s.company.Department(s.company.Person(login).Positions[0].Department).Name
}

// club is a department that nobody comes into because of what happens in the
// story.
func (s *Story) club() string { return s.company.Regions()[0].Name }

// putByHand is what NocoBase writes when an operator puts somebody into a
// department.
func (s *Story) putByHand(ctx context.Context) error {
	now := s.db.Now(0)
	_, err := s.db.On(s.db).Exec(ctx, `INSERT INTO {departmentsUsers} ([createdAt], [updatedAt], [departmentId], [userId])
		SELECT `+now+`, `+now+`, d.id, u.id FROM {departments} d, {users} u WHERE d.title = ? AND u.username = ?`, s.club(), s.changes.Moved[0])
	return schema.Wrap(err, "put somebody into a department by hand")
}

// byHand is that membership, as differences names it.
func (s *Story) byHand() string { return s.changes.Moved[0] + " in " + s.club() }

func (s *Story) plan(ctx context.Context, report Tell) (*Outcome, error) {
	before, err := s.lines(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.engine.PlanSync(ctx, source(), report)
	if err != nil {
		return nil, err
	}
	after, err := s.lines(ctx)
	o := &Outcome{Report: r}
	o.fact(len(r.Items) == s.changes.Total(), fmt.Sprintf("the plan found %s among %s", some(len(r.Items), "change"), people(r.Task.Counts["user"].Total)))
	o.fact(maps.Equal(before, after), "nothing has been written yet")
	return o, err
}

func (s *Story) apply(ctx context.Context, report Tell) (*Outcome, error) {
	if err := s.remember(ctx); err != nil {
		return nil, err
	}
	o, err := s.sync(ctx, report)
	if err != nil {
		return nil, err
	}
	users := o.Report.Task.Counts["user"]
	o.fact(users.Deleted == len(s.changes.Left) && s.asked() == users.Deleted, fmt.Sprintf("the %d who left were deleted: WeCom was asked for each of them first", users.Deleted))
	if err := s.swapped(ctx, o); err != nil {
		return nil, err
	}
	_, extra, err := s.differences(ctx)
	if err != nil {
		return nil, err
	}
	o.fact(len(extra) == 1 && extra[0] == s.byHand(), fmt.Sprintf("what was done by hand is still there: %s in %s", s.company.Person(s.changes.Moved[0]).Name, s.club()))
	return o, s.agree(ctx, o, s.byHand())
}

// swapped adds that two people have each other's address.
func (s *Story) swapped(ctx context.Context, o *Outcome) error {
	one, other := s.company.Person(s.changes.Swapped[0]), s.company.Person(s.changes.Swapped[1])
	var n int
	err := s.db.On(s.db).Get(ctx, &n, `SELECT count(*) FROM {users} WHERE username = ? AND email = ? OR username = ? AND email = ?`,
		one.Login, one.Mail, other.Login, other.Mail)
	o.fact(n == 2, fmt.Sprintf("the two called %s have each other's e-mail address", one.Name))
	return schema.Wrap(err, "look up who has which address")
}
