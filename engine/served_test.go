package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/plugin"
)

func TestFindGivesRowsByAField(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr", users(`{"uid":"1","nickname":"Ann","email":"a@example.com"}`, `{"uid":"2","nickname":"Ann","email":"b@example.com"}`))
		find := func(field string, values ...string) []string {
			found, err := c.engine.Find(c.Context(), "users", plugin.Query{Type: plugin.User, Field: field, Values: values})
			c.ok(err)
			var lines []string
			for _, f := range found {
				lines = append(lines, f.Row+" "+f.Value)
			}
			return lines
		}
		c.same("by email", find("email", "b@example.com", "nobody@example.com"), "2 b@example.com")
		c.same("by nickname", find("nickname", "Ann", "Ann"), "1 Ann", "2 Ann")
		c.same("by id", find("id", "2", "no number"), "2 2")
		c.same("by nothing", find("email"))
	})
}

// Whoever writes to NocoBase's targets pushes, and hears of each change.
func TestApplyPushes(t *testing.T) {
	each(t, func(c *company) {
		change := func(op plugin.Op, source, uid, email string) plugin.Change {
			return plugin.Change{Key: source + uid, Op: op, Source: source, Record: plugin.Record{Type: plugin.User, UID: uid, Attrs: map[string]any{"email": email}}}
		}
		apply := func(changes ...plugin.Change) []string {
			outcomes, err := c.engine.Apply(c.Context(), "users", changes)
			c.ok(err)
			var lines []string
			for _, o := range outcomes {
				lines = append(lines, fmt.Sprint(o.Key, o.Rows, plugin.KindOf(o.Err) == plugin.Conflict))
			}
			return lines
		}
		c.same("outcomes", apply(change(plugin.Create, "hr", "1", "a@example.com"), change(plugin.Create, "", "2", "a@example.com"), change(plugin.Create, "", "3", "c@example.com")),
			"hr1[1] false", "2[] true", "3[3] false")
		c.same("outcomes", apply(change(plugin.Delete, "hr", "1", "")), "hr1[] false")
		c.wantUsers("id, email", "3 c@example.com")
	})
}

func TestChangesThatAreRefusedAreNeverCalledMade(t *testing.T) {
	each(t, func(c *company) {
		var changes []plugin.Change
		for i := range 12 {
			changes = append(changes, plugin.Change{Key: itoa(i), Op: plugin.Create, Source: "hr", Record: plugin.Record{
				Type: plugin.User, UID: itoa(i), Attrs: map[string]any{"nickname": []any{}, "note": strings.Repeat("x", 1<<20-min(i, 1)*100)}, // one too long, the others more than a report repeats
			}})
		}
		outcomes, err := c.engine.Apply(c.Context(), "users", changes)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Err == nil {
				t.Errorf("change %s is said to be made", o.Key)
			}
		}
	})
}
