package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// BenchmarkCompany has roster sync bring in 30,000 people in 2,000 departments,
// four calls at a time, from a WeCom that answers at once and from one that takes
// as long as it does in life. It reports how many times as long that takes as the
// calls alone, and the most memory that the process had. Run it with -benchtime 1x.
func BenchmarkCompany(b *testing.B) {
	for _, delay := range []time.Duration{0, 60 * time.Millisecond} {
		b.Run(fmt.Sprintf("delay=%v", delay), func(b *testing.B) {
			b.Setenv("ROSTER_SECRET_KEY", engine.NewKey())
			db := schematest.Start(b, schematest.Durable).URL(b)
			c := tenantOf(b, db, wecomtest.Crowd(30_000, 2_000))
			c.server.Limit(0, 0)
			c.server.Slow("user/list", delay)
			b.ReportMetric(0, "ns/op") // it is not repeated
			calls := c.bare(4)
			began := time.Now()
			ended := mustRun(b, exitDone, db, "sync", "corp")
			took := time.Since(began)
			b.ReportMetric(took.Seconds(), "s/snapshot")
			b.ReportMetric(took.Seconds()/calls.Seconds(), "×calls")
			b.ReportMetric(float64(ended.memory), "peak-MiB")
			c.wantPeople(30_000)
			began = time.Now()
			mustRun(b, exitDone, db, "sync", "corp")
			b.ReportMetric(time.Since(began).Seconds()/calls.Seconds(), "unchanged×calls")
		})
	}
}

func (c *tenant) wantPeople(n int) {
	c.Helper()
	if got := c.list(`SELECT CAST(count(*) AS text) FROM {users}`); len(got) != 1 || got[0] != fmt.Sprint(n) {
		c.Errorf("there are %s people, want %d", got, n)
	}
}

// bare makes the calls of a snapshot, so many at a time, looks at no answer, and
// says how long that took.
func (c *tenant) bare(concurrency int) time.Duration {
	c.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
	defer client.CloseIdleConnections()
	var token struct {
		Text string `json:"access_token"`
	}
	c.must(json.Unmarshal(c.ask(client, "gettoken?corpid=ww5823bf96d3bd56c7&corpsecret=hunter2"), &token))
	with := "access_token=" + url.QueryEscape(token.Text)
	began := time.Now()
	c.ask(client, "agent/get?agentid=1000002&"+with)
	c.ask(client, "department/list?"+with)
	ids := make(chan int)
	var all sync.WaitGroup
	for range concurrency {
		all.Go(func() {
			for id := range ids {
				c.ask(client, fmt.Sprintf("user/list?department_id=%d&%s", id, with))
			}
		})
	}
	for id := range 2_000 {
		ids <- id + 1
	}
	close(ids)
	all.Wait()
	return time.Since(began)
}

// ask makes a call of WeCom's.
func (c *tenant) ask(client *http.Client, call string) []byte {
	r, err := http.NewRequestWithContext(c.Context(), http.MethodGet, c.server.URL()+"/cgi-bin/"+call, http.NoBody)
	if err != nil {
		c.Error(err)
		return nil
	}
	answer, err := client.Do(r)
	if err != nil {
		c.Error(err)
		return nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Error(err)
	}
	return body
}

// most is the most memory that a process that has ended can have had, in MiB: Linux
// counts what its parent had when it was started.
func most(usage any) int {
	if u, ok := usage.(*syscall.Rusage); ok {
		return int(u.Maxrss / 1024)
	}
	return 0
}
