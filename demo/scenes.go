package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
)

// Scenes are those of the story, to be played one after the other.
func (s *Story) Scenes() []Scene {
	return []Scene{
		{"The first sync", s.opens, "roster sync wecom", s.first},
		{"The next morning: a plan", s.overnight, "roster sync wecom --plan", s.plan},
		{"The plan is good: it is carried out", s.nothing, "roster sync wecom", s.apply},
		{"A fault in the middle of a reading", s.breaks, "roster sync wecom", s.partly},
		{"The app sees less than before", s.narrows, "roster sync wecom", s.stays},
		{"Changes as they happen", s.happens, "roster tasks show 6 -v", s.follows},
		{"What there is now", s.nothing, "roster tasks", s.end},
	}
}

func (s *Story) nothing(context.Context) ([]string, error) { return nil, nil }

func (s *Story) opens(context.Context) ([]string, error) {
	return []string{
		fmt.Sprintf("A simulated WeCom answers at %s: %s in %s.", s.wecom.URL(), people(len(s.company.People)), some(len(s.company.Departments)-1, "department")),
		"It is set up as source wecom: Corp ID, AgentId, Secret; who leaves is deleted.",
	}, nil
}

func (s *Story) first(ctx context.Context, report Tell) (*Outcome, error) {
	o, err := s.sync(ctx, report)
	if err != nil {
		return nil, err
	}
	return o, s.agree(ctx, o)
}

// agree adds that the tables have what WeCom has, besides what others
// have put there.
func (s *Story) agree(ctx context.Context, o *Outcome, besides ...string) error {
	n, err := s.count(ctx)
	if err != nil {
		return err
	}
	missing, extra, err := s.differences(ctx)
	if err != nil {
		return err
	}
	same := len(missing) == 0 && fmt.Sprint(extra) == fmt.Sprint(besides) && n.Users == len(s.company.People)
	o.fact(same, fmt.Sprintf("NocoBase has what WeCom has: %s, %s, %s",
		people(n.Users), some(n.Departments, "department"), some(n.Memberships-len(besides), "membership")))
	return nil
}

func (s *Story) end(ctx context.Context, _ Tell) (*Outcome, error) {
	tasks, err := s.engine.Tasks(ctx, engine.TaskFilter{Source: sourceName})
	if err != nil {
		return nil, err
	}
	o := &Outcome{Tasks: tasks}
	var cost time.Duration
	for _, t := range tasks {
		cost += time.Duration(t.Cost) * time.Millisecond
	}
	o.fact(len(tasks) == 6, fmt.Sprintf("%s took %.1f s together", some(len(tasks), "run"), cost.Seconds()))
	return o, s.agree(ctx, o, s.byHand())
}

// people says how many people.
func people(n int) string { return humanize.Comma(int64(n)) + " people" }

// some says how many of what there are.
func some(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return humanize.Comma(int64(n)) + " " + what
}
