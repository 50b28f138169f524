package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/nocobase-roster/roster/demo/hr"
	"github.com/nocobase-roster/roster/plugin"
)

// half is the page of people at which the reading breaks off.
func (s *Story) half() int { return s.pages()/2 + 1 }

// pages is how many pages of people there are.
func (s *Story) pages() int { return (len(s.company.People) + pageSize - 1) / pageSize }

func (s *Story) breaks(ctx context.Context) ([]string, error) {
	for range 2 {
		s.company.Hire()
	}
	s.system.Show(s.company)
	s.system.Break(hr.Fault{CutAt: s.half()})
	s.system.Asked()
	return []string{fmt.Sprintf("Two more people are hired. Then the HR system breaks, in page %d of %d.", s.half(), s.pages())}, s.remember(ctx)
}

// remember counts the users, for a scene that must lose none of them.
func (s *Story) remember(ctx context.Context) error {
	n, err := s.count(ctx)
	s.before = n.Users
	return err
}

func (s *Story) cutOff(ctx context.Context, report Tell) (*Outcome, error) {
	o, err := s.fail(ctx, plugin.Transient, report)
	if err != nil {
		return nil, err
	}
	return o, s.lostNobody(ctx, o, "who was not read is not gone")
}

// lostNobody adds that there are as many users as before.
func (s *Story) lostNobody(ctx context.Context, o *Outcome, because string) error {
	n, err := s.count(ctx)
	o.fact(n.Users == s.before, fmt.Sprintf("%s before, %s after: %s", people(s.before), people(n.Users), because))
	return err
}

func (s *Story) mends(context.Context) ([]string, error) {
	s.system.Break(hr.Fault{})
	s.system.Asked()
	return nil, nil
}

func (s *Story) goOn(ctx context.Context, report Tell) (*Outcome, error) {
	o, err := s.sync(ctx, report)
	if err != nil {
		return nil, err
	}
	var rest []int
	for page := s.half(); page <= s.pages(); page++ {
		rest = append(rest, page)
	}
	o.fact(slices.Equal(s.system.Asked(), rest), fmt.Sprintf("it went on with page %d: nothing was read twice", s.half()))
	return o, s.agree(ctx, o, s.byHand())
}

func (s *Story) forgets(ctx context.Context) ([]string, error) {
	s.system.Break(hr.Fault{Forget: true})
	return []string{"It answers 200 OK and an empty list. Whoever believes it deletes everybody."}, s.remember(ctx)
}

func (s *Story) held(ctx context.Context, report Tell) (*Outcome, error) {
	o, err := s.fail(ctx, plugin.Guard, report)
	if err != nil {
		return nil, err
	}
	return o, s.lostNobody(ctx, o, "a guard held the run")
}
