package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
)

// itemsOf asks for what a run did.
func itemsOf(r *engine.Report) engine.ItemFilter { return engine.ItemFilter{Task: r.Task.ID} }

// plan asks what a push would do.
func (c *company) plan(source string, list ...engine.Body) *engine.Report {
	c.Helper()
	report, err := c.engine.Plan(c.Context(), engine.Push{Source: source, Bodies: bodies(list)}, nil)
	if err != nil {
		c.Fatalf("Plan() = %v", err)
	}
	return report
}

// items lists what a run did or would do, but for the ids of new rows.
func (c *company) items(r *engine.Report) []string {
	c.Helper()
	items, err := c.engine.Items(c.Context(), itemsOf(r))
	if err != nil {
		c.Fatal(err)
	}
	var lines []string
	for _, i := range items {
		line := fmt.Sprintf("%s %s %s", i.Op, i.Type, i.UID)
		if i.Op == "update" && len(i.Fields) > 0 {
			line += ": " + strings.Join(i.Fields, ", ")
		}
		if i.Reason != "" {
			line += ": " + i.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

func TestAPlanSaysWhatAPushDoesAndWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		c.make("users", "nickname, username", "'By hand', 'held'")
		what := []engine.Body{
			departments(`{"uid":"9","title":"Found","parentUid":"2"}`, `{"uid":"2","title":"Selling"}`, `{"uid":"1","title":"Company"}`, `{"uid":"x","parentUid":"x"}`),
			users(`{"uid":"a","nickname":"Anna","username":"held"}`, `{"uid":"d","nickname":"Dan","departments":["9"]}`, `{"uid":"c","email":"x"}`, `{"uid":"c","email":"y"}`),
		}
		own := []string{"runs", "plan_users", "plan_departments", "plan_memberships", "counters"}
		before := c.dump(slices.Clone(own)...)
		planned := c.plan("hr", what...)
		c.unchanged(before, own...)
		c.same("plan", c.items(planned),
			"create department 9",
			"update department 2: title, parentId",
			"fail department x: its parents go round in a circle: x → x",
			"update department 3: parentId",
			"fail user a: username is held by row 4 of users, which keeps it",
			"create user d",
			"skip user c: a later record of the push has the same uid: the last one counts",
			"update user c: email",
			"update user b")
		pushed := c.push("hr", what...)
		if diff := cmp.Diff(c.items(planned), c.items(pushed)); diff != "" {
			c.Errorf("the push did otherwise than planned (-plan +push):\n%s", diff)
		}
		if got, want := planned.Task.Message, "planned, nothing written; "+pushed.Task.Message; got != want {
			c.Errorf("message of the plan:\n got %q\nwant %q", got, want)
		}
		if diff := cmp.Diff(pushed.Result, planned.Result); diff != "" {
			c.Errorf("results of plan and push mismatch (-push +plan):\n%s", diff)
		}
		states := map[string]int{}
		for _, i := range planned.Items {
			states[i.State]++
		}
		if diff := cmp.Diff(map[string]int{"planned": 6, "failed": 2, "skipped": 1}, states); diff != "" {
			c.Errorf("states of the planned items mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestAPlanOfNothingNewIsEmpty(t *testing.T) {
	each(t, func(c *company) {
		staff(c)
		r := c.plan("hr", users(`{"uid":"c"}`))
		c.same("items", c.items(r))
		c.wantMessage(r, "planned, nothing written; user: 1 unchanged")
	})
}

func TestAPlanDoesNotStandInThePushsWay(t *testing.T) {
	each(t, func(c *company) {
		for i := range 3 {
			c.plan("hr", users(`{"uid":"a","nickname":"Ann"}`), departments(`{"uid":"1","title":"Sales"}`))
			c.push("hr", users(fmt.Sprintf(`{"uid":"a%d","nickname":"Ann"}`, i)), departments(fmt.Sprintf(`{"uid":"%d","title":"Sales"}`, i)))
		}
		c.wantUsers("nickname", "Ann", "Ann", "Ann")
		c.wantTree("Sales", "Sales", "Sales")
	})
}
