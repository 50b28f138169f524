package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
)

func TestWhatIsNoPushIsRefusedInNocoBasesWords(t *testing.T) {
	each(t, func(c *company) {
		before := c.dump("runs")
		for _, refused := range []struct {
			body engine.Body
			want string
		}{
			{body("", `{"uid":"a"}`), "dataType undefined is not supported"},
			{body("group", `{"uid":"a"}`), `dataType group is not supported`},
			{engine.Body{DataType: "user"}, "records for user data synchronize is required"},
			{users(), "records must have at least one piece of data"},
		} {
			err := c.refused("hr", refused.body)
			if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Kind != plugin.Data || e.Msg != refused.want {
				c.Errorf("Push(%s) = %v, want %q of kind data", refused.body.DataType, err, refused.want)
			}
		}
		if err := c.refused("hr"); plugin.KindOf(err) != plugin.Data {
			c.Errorf("Push() of nothing = %v, want an error of kind data", err)
		}
		c.unchanged(before, "runs")
	})
}

func TestAPushThatBreaksOffWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		before := c.dump("runs")
		broken := errors.New("the line went dead")
		err := c.refused("hr", departments(`{"uid":"1"}`), engine.Body{DataType: "user", Records: func(yield func(json.RawMessage, error) bool) {
			_ = yield(json.RawMessage(`{"uid":"a"}`), nil) && yield(nil, broken)
		}})
		if !errors.Is(err, broken) {
			c.Errorf("Push() = %v, want %v", err, broken)
		}
		c.unchanged(before, "runs")
	})
}

func TestUIDs(t *testing.T) {
	each(t, func(c *company) {
		long := strings.Repeat("漢", 255)
		r := c.push("hr", users(
			`{"uid":7,"nickname":"a number by its literal"}`,
			`{"uid":12345678901234567890,"nickname":"a number past 64 bits"}`,
			`{"uid":"`+long+`","nickname":"255 characters"}`,
			`{"nickname":"missing"}`,
			`{"uid":null}`,
			`{"uid":""}`,
			`{"uid":["a"]}`,
			`{"uid":"a\u0000b"}`,
			fmt.Sprintf(`{"uid":%q}`, strings.Repeat("x", 10_000)),
			`{"id":"old","nickname":"as an older page of the documentation says"}`,
			`"no object"`,
			`null`,
			`{"uid":"half`,
		))
		c.same("records", c.list(`SELECT [sourceUk] FROM {userDataSyncRecords} ORDER BY length([sourceUk])`), "7", "12345678901234567890", long)
		var got []string
		for _, f := range r.Result[0].Detail.FailedRecords {
			got = append(got, f.Message)
		}
		if diff := cmp.Diff([]string{
			"record must has uid",
			"record must has uid",
			"record must has uid",
			"uid must be a text or a number",
			"the uid holds a NUL character, which a database cannot keep",
			"the uid has 10000 characters, NocoBase keeps 255",
			"record must has uid (it has id, as an older page of NocoBase's documentation says; the member is called uid)",
			"the record is not a JSON object",
			"the record is not a JSON object",
			"the record is not a JSON object",
		}, got); diff != "" {
			c.Errorf("messages mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestABadRecordFailsAlone(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(
			`{"uid":"a","nickname":"Ann"}`,
			`{"uid":"b","nickname":["Bob"]}`,
			`{"uid":"c","nickname":"Cid"}`,
		))
		c.wantUsers("nickname", "Ann", "Cid")
		c.wantFailed(r, "b (data, nickname): nickname: the column takes text, and a list came")
		c.wantMessage(r, "2 of 3 applied, 1 failed; user: 2 created, 1 failed")
		if r.Task.State != engine.Partial || r.Task.Status != "failed" {
			c.Errorf("the run is %s, shown as %s; want partial, shown as failed", r.Task.State, r.Task.Status)
		}
		want := []engine.SyncedCount{{All: 3, Success: 2, Failed: 1}, {All: 3, Success: 2, Skipped: 1}}
		got := []engine.SyncedCount{r.Result[0].Detail.Count, r.Result[1].Detail.Count}
		if diff := cmp.Diff(want, got); diff != "" {
			c.Errorf("counts of users and departments mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestResultsComeInNocoBasesOrder(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr", users(`{"uid":"a"}`), departments(`{"uid":"1"}`))
		var got []string
		for _, result := range r.Result {
			got = append(got, fmt.Sprintf("%s %d", result.Resource, result.Detail.Count.All))
		}
		c.same("results", got, "departments 1", "users 1", "departments 1")
	})
}

func TestDepartmentsComeBeforeUsersWhateverTheOrder(t *testing.T) {
	each(t, func(c *company) {
		c.push("hr",
			users(`{"uid":"a","nickname":"Ann","departments":["2"]}`),
			departments(`{"uid":"2","title":"Sales","parentUid":"1"}`, `{"uid":"1","title":"Company"}`))
		c.wantTree("Company", "  Sales")
		c.wantMembers("Ann in Sales, main")
		c.wantWaiting()
	})
}

func TestOfAUIDThatComesTwiceTheLastCounts(t *testing.T) {
	each(t, func(c *company) {
		r := c.push("hr",
			departments(`{"uid":"1","title":"Sales"}`, `{"uid":"2","title":"Ops"}`),
			users(`{"uid":"a","nickname":"Old","departments":["1"]}`, `{"uid":"b","nickname":"Bob"}`, `{"uid":"a","nickname":"New","departments":["2"]}`))
		c.wantUsers("nickname", "Bob", "New")
		c.wantMembers("New in Ops, main")
		c.wantFailed(r)
		c.wantMessage(r, "department: 2 created; membership: 1 created; user: 2 created, 1 skipped")
		items, err := c.engine.Items(c.Context(), engine.ItemFilter{Task: r.Task.ID})
		if err != nil {
			c.Fatal(err)
		}
		for _, item := range items {
			if item.Op == "skip" && (item.UID != "a" || item.Reason == "") {
				c.Errorf("skipped %+v, want a with a reason", item)
			}
		}
		c.push("hr", users(`{"uid":"b","nickname":"Bob","departments":["1"]}`, `{"uid":"b","nickname":"Bob"}`))
		c.wantMembers("New in Ops, main")
	})
}

func TestMatchKeysAreNamed(t *testing.T) {
	each(t, func(c *company) {
		_, err := c.engine.Push(c.Context(), engine.Push{MatchKey: "nickname", Bodies: bodies([]engine.Body{users(`{"uid":"a"}`)})}, nil)
		if e, ok := errors.AsType[*plugin.Error](err); !ok || e.Kind != plugin.Data || e.Path != "/matchKey" {
			c.Errorf("Push() = %v, want an error of kind data about /matchKey", err)
		}
	})
}
