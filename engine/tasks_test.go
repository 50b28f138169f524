package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func TestARunIsATask(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		r := c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s","new"]}`, `{"uid":"b","nickname":[]}`))
		got, err := c.engine.Task(c.Context(), r.Task.ID)
		if err != nil {
			c.Fatal(err)
		}
		want := engine.Task{
			ID: "2", Source: "hr", Kind: "push", Status: "failed", State: engine.Partial,
			Message: "1 of 2 applied, 1 failed; membership: 1 created, 1 pending; user: 1 created, 1 failed",
			Counts: map[string]engine.Counts{
				"user":       {Total: 2, Created: 1, Failed: 1},
				"membership": {Total: 2, Created: 1, Pending: 1},
			},
		}
		if diff := cmp.Diff(want, *got, cmpopts.IgnoreFields(engine.Task{}, "StartedAt", "FinishedAt", "Cost")); diff != "" {
			c.Errorf("task mismatch (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(*got, r.Task); diff != "" {
			c.Errorf("the report's task mismatch (-task +report):\n%s", diff)
		}
		if got.FinishedAt == nil || got.FinishedAt.Sub(got.StartedAt).Milliseconds() != got.Cost {
			c.Errorf("cost %d from %v to %v", got.Cost, got.StartedAt, got.FinishedAt)
		}
	})
}

func TestARunInWhichAllFailsHasFailed(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(`{"uid":"a","nickname":[]}`))
		if r.Task.State != engine.Failed {
			c.Errorf("state %s, want failed", r.Task.State)
		}
		c.wantMessage(r, "0 of 1 applied, 1 failed; user: 1 failed")
	})
}

func TestARunThatBrokeOffSaysWhyIn255Characters(t *testing.T) {
	each(t, func(c *company) {
		c.refused("hr", body(strings.Repeat("漢", 1000), `{"uid":"a"}`))
		tasks, err := c.engine.Tasks(c.Context(), engine.TaskFilter{})
		if err != nil || len(tasks) != 1 {
			c.Fatalf("Tasks() = %+v, %v; want the one run", tasks, err)
		}
		if tasks[0].State != engine.Failed || !strings.HasPrefix(tasks[0].Message, "dataType 漢") || len([]rune(tasks[0].Message)) > 255 {
			c.Errorf("state %s, message %q", tasks[0].State, tasks[0].Message)
		}
	})
}

func TestTasksAreListedTheNewestFirst(t *testing.T) {
	each(t, func(c *company) {
		for i := range 5 {
			c.push([]string{"hr", "it"}[i%2], users(`{"uid":"a"}`))
		}
		for _, list := range []struct {
			filter engine.TaskFilter
			want   []string
		}{
			{engine.TaskFilter{}, []string{"5", "4", "3", "2", "1"}},
			{engine.TaskFilter{Source: "it"}, []string{"4", "2"}},
			{engine.TaskFilter{Limit: 2}, []string{"5", "4"}},
			{engine.TaskFilter{Limit: 2, Before: "4"}, []string{"3", "2"}},
			{engine.TaskFilter{Source: "nobody"}, nil},
		} {
			tasks, err := c.engine.Tasks(c.Context(), list.filter)
			if err != nil {
				c.Fatal(err)
			}
			var got []string
			for _, task := range tasks {
				got = append(got, task.ID)
			}
			c.same(fmt.Sprintf("tasks of %+v", list.filter), got, list.want...)
		}
	})
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a"}`))
		for _, id := range []string{"", "0", "99", "-1", "one", "9223372036854775808"} {
			if _, err := c.engine.Task(c.Context(), id); plugin.KindOf(err) != plugin.NotFound {
				c.Errorf("Task(%q) = %v, want not found", id, err)
			}
		}
		for _, of := range []struct {
			source string
			t      plugin.Type
			uid    string
		}{{"hr", plugin.User, "b"}, {"it", plugin.User, "a"}, {"hr", plugin.Department, "a"}, {"hr", "group", "a"}} {
			_, err := c.engine.Record(c.Context(), of.source, of.t, of.uid)
			if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Kind != plugin.NotFound || e.UID != of.uid {
				c.Errorf("Record(%s, %s, %s) = %v, want not found", of.source, of.t, of.uid, err)
			}
		}
	})
}

func TestItemsComeInPages(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(`{"uid":"a"}`, `{"uid":"b","nickname":[]}`, `{"uid":"c"}`), departments(`{"uid":"1"}`))
		var pages []string
		for after, more := "", true; more; {
			items, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, After: after, Limit: 2})
			if err != nil {
				c.Fatal(err)
			}
			for _, i := range items {
				pages = append(pages, i.UID+" "+i.State)
				after = i.ID
			}
			more = len(items) > 0
		}
		c.same("items", pages, "1 applied", "a applied", "b failed", "c applied")
		failed, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, Failed: true})
		if err != nil || len(failed) != 1 || failed[0].Reason != "nickname: the column takes text, and a list came" {
			c.Errorf("Items() of what failed = %+v, %v", failed, err)
		}
	})
}

func TestItemsComeInPagesWhateverChangesHands(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"a","email":"1@x"}`, `{"uid":"b","email":"2@x"}`, `{"uid":"c","email":"3@x"}`))
		r := c.push("hr", users(`{"uid":"d"}`, `{"uid":"a","email":"2@x"}`, `{"uid":"c","nickname":"C"}`, `{"uid":"b","email":"1@x"}`))
		for size := 1; size < 6; size++ {
			var got []string
			for after, more := "", true; more; {
				items, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, After: after, Limit: size})
				if err != nil {
					c.Fatal(err)
				}
				for _, i := range items {
					got = append(got, i.UID)
					after = i.ID
				}
				more = len(items) > 0
			}
			c.same("items in pages of "+itoa(size), got, "a", "b", "d", "c")
		}
	})
}

func TestOutcomesAreGroupedByReason(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", departments(`{"uid":"1","title":[]}`),
			users(`{"uid":"a","nickname":[]}`, `{"uid":"b","phone":"1"}`, `{"uid":"c","nickname":[]}`, `{"uid":"b"}`, `{"nickname":"x"}`))
		outcomes, err := c.engine.Outcomes(c.Context(), r.Task.ID, 1)
		if err != nil {
			c.Fatal(err)
		}
		want := []engine.Outcome{
			{Type: "user", Op: "fail", Reason: "nickname: the column takes text, and a list came", Count: 2, UIDs: []string{"a"}},
			{Type: "department", Op: "fail", Reason: "title: the column takes text, and a list came", Count: 1, UIDs: []string{"1"}},
			{Type: "user", Op: "fail", Reason: "record must has uid", Count: 1, UIDs: []string{"#6"}},
			{Type: "user", Op: "skip", Reason: "a later record of the push has the same uid: the last one counts", Count: 1, UIDs: []string{"b"}},
		}
		if diff := cmp.Diff(want, outcomes); diff != "" {
			c.Errorf("Outcomes() mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestARecordIsFoundWithWhatItStandsFor(t *testing.T) {
	each(t, func(c *company) {
		offices(c, "hr")
		c.push("hr", users(`{"uid":"a","nickname":"Ann","departments":["s"]}`))
		got, err := c.engine.Record(c.Context(), "hr", plugin.User, "a")
		if err != nil {
			c.Fatal(err)
		}
		links := c.list(`SELECT 'departments', id FROM {departments} WHERE title = 'Sales' UNION ALL SELECT 'users', id FROM {users}`)
		var found []string
		for _, l := range got.Resources {
			found = append(found, l.Resource+" "+l.ResourcePk)
		}
		slices.Sort(found)
		c.same("links", found, links...)
		if string(got.MetaData) != `{"departments":["s"],"nickname":"Ann","uid":"a"}` || string(got.LastMetaData) != "null" {
			c.Errorf("metaData %s, before %s", got.MetaData, got.LastMetaData)
		}
	})
}

func TestMoreFailuresThanAReportCarriesAreAllKept(t *testing.T) {
	each(t, func(c *company) {
		records := []string{`{"uid":"good"}`}
		for i := range engine.FailedInReport + 5 {
			records = append(records, `{"uid":"bad`+itoa(i)+`","nickname":[]}`)
		}
		r := c.push("hr", users(records...))
		detail := r.Result[0].Detail
		if len(detail.FailedRecords) != engine.FailedInReport || detail.Count.Failed != engine.FailedInReport+5 {
			c.Errorf("%d failed records for a count of %d", len(detail.FailedRecords), detail.Count.Failed)
		}
		page, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, Failed: true, Limit: engine.FailedInReport})
		if err != nil {
			c.Fatal(err)
		}
		last, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID, Failed: true, After: page[len(page)-1].ID, Limit: 10})
		if err != nil || len(last) != 5 || last[4].UID != "bad1004" {
			c.Errorf("Items() beyond the report = %+v, %v", last, err)
		}
	})
}

func TestProgressIsTold(t *testing.T) {
	each(t, func(c *company) {
		var states []string
		_, err := c.engine.Push(c.Context(), engine.Push{Bodies: bodies([]engine.Body{users(`{"uid":"a"}`)})}, func(p engine.Progress) {
			if s := string(p.State); len(states) == 0 || states[len(states)-1] != s {
				states = append(states, s)
			}
		})
		if err != nil {
			c.Fatal(err)
		}
		c.same("states", states, "reading", "planning", "applying")
	})
}
