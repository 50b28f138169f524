package wecomtest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// withApp lets an app of before 2022 read the whole company.
func withApp(c *wecomtest.Company) *wecomtest.Company {
	c.PutApp(wecomtest.App{AgentID: 1000002, Secret: appSecret, Departments: []int64{1}})
	return c
}

func TestACrowdHasItsSizeAndIsAlwaysTheSame(t *testing.T) {
	one, two := visit(t, withApp(wecomtest.Crowd(500, 70)), appSecret), visit(t, withApp(wecomtest.Crowd(500, 70)), appSecret)
	if diff := cmp.Diff(one.get("department/list"), two.get("department/list")); diff != "" {
		t.Errorf("another crowd has other departments:\n%s", diff)
	}
	seen := map[any]bool{}
	for id := range 70 {
		call := fmt.Sprint("user/list?department_id=", id+1)
		list := one.get(call)
		if diff := cmp.Diff(list, two.get(call)); diff != "" {
			t.Fatalf("another crowd has other people:\n%s", diff)
		}
		for _, m := range list["userlist"].([]any) {
			seen[m.(map[string]any)["userid"]] = true
		}
	}
	if len(seen) != 500 {
		t.Errorf("%d people are in departments, want 500", len(seen))
	}
}

func BenchmarkCrowd(b *testing.B) {
	for b.Loop() {
		wecomtest.Crowd(100_000, 30_000)
	}
}

// BenchmarkSnapshot asks for what a reading of the largest company asks for, by
// four at a time.
func BenchmarkSnapshot(b *testing.B) {
	s := wecomtest.NewServer(withApp(wecomtest.Crowd(100_000, 30_000)))
	s.Limit(0, 0)
	token := reply(b, s, "gettoken", "corpid="+corpID+"&corpsecret="+appSecret)["access_token"].(string)
	for b.Loop() {
		reply(b, s, "department/list", "access_token="+token)
		var readers sync.WaitGroup
		for reader := range 4 {
			readers.Go(func() {
				for id := reader + 1; id <= 30_000; id += 4 {
					serve(b, s, "user/list", fmt.Sprintf("access_token=%s&department_id=%d", token, id))
				}
			})
		}
		readers.Wait()
	}
}
