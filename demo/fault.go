package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nocobase-roster/roster/demo/kestrel"
	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// unseen is the department that cannot be read in the scene of the fault.
func (s *Story) unseen() kestrel.Department {
	all := s.company.Departments
	return all[slices.IndexFunc(all, func(d kestrel.Department) bool { return d.Name == "Sales Boston" })]
}

func (s *Story) breaks(ctx context.Context) ([]string, error) {
	for range 2 {
		s.company.Hire()
		s.company.Leave()
	}
	s.wecom.Fail(fmt.Sprintf("user/list?department_id=%d", s.unseen().ID), int(wecomtest.NoPrivilege), -1)
	return []string{
		"Two more people are hired, and two leave.",
		fmt.Sprintf("And in the middle of it, WeCom refuses to say who works in %s.", s.unseen().Name),
	}, s.remember(ctx)
}

// remember counts the users, for a scene that must lose none of them, and the
// calls that were made.
func (s *Story) remember(ctx context.Context) error {
	n, err := s.count(ctx)
	s.before, s.calls = n.Users, s.wecom.Calls("user/get")
	return err
}

// asked is how many people WeCom has been asked for by name since.
func (s *Story) asked() int { return s.wecom.Calls("user/get") - s.calls }

// warned says whether a report warns of something with all of these words.
func warned(r *engine.Report, words ...string) bool {
	return slices.ContainsFunc(r.Warnings, func(warning string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(warning, word) })
	})
}

func (s *Story) partly(ctx context.Context, report Tell) (*Outcome, error) {
	o, err := s.sync(ctx, report)
	if err != nil {
		return nil, err
	}
	n, err := s.count(ctx)
	o.fact(warned(o.Report, "user/list", fmt.Sprint(s.unseen().ID), "60011"), "the run says which call failed, for which department, and with which code of WeCom's")
	o.fact(o.Report.Task.Counts["user"].Created == 2, "it brings in the 2 who were hired all the same")
	o.fact(n.Users == s.before+2, fmt.Sprintf("%s before, %s after: who was not read is not taken for gone", people(s.before), people(n.Users)))
	return o, err
}

// lost is the region that the app may not see any more.
func (s *Story) lost() kestrel.Department { return s.company.Regions()[2] }

func (s *Story) narrows(ctx context.Context) ([]string, error) {
	s.wecom.Mend()
	s.company.Show(s.company.Regions()[:2]...)
	return []string{
		fmt.Sprintf("WeCom is well again, but somebody takes %s out of what the app may see: %s.", s.lost().Name, people(s.company.In(s.lost()))),
		"Whoever takes WeCom at its word deletes a third of the company.",
	}, s.remember(ctx)
}

func (s *Story) stays(ctx context.Context, report Tell) (*Outcome, error) {
	o, err := s.sync(ctx, report)
	if err != nil {
		return nil, err
	}
	users, unseen := o.Report.Task.Counts["user"], s.company.In(s.lost())
	o.fact(s.asked() == unseen+2, fmt.Sprintf("WeCom was asked for each of the %s who are missing", people(s.asked())))
	o.fact(users.Deleted == 2, fmt.Sprintf("the %d who left are gone, and deleted", users.Deleted))
	n, err := s.count(ctx)
	if err != nil {
		return nil, err
	}
	o.fact(n.Users == s.before-2, fmt.Sprintf("the %s who cannot be seen any more stay", people(unseen)))
	return o, s.agree(ctx, o, s.byHand())
}
