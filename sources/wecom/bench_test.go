package wecom_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/sources/wecom"
	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

// BenchmarkSnapshot reads 30,000 people in 2,000 departments, four calls at a
// time, and says how many times as long it takes as the same calls made bare:
// with answers that come at once, where the simulator and its readers share the
// processors, and with answers that take as long as they do in life.
func BenchmarkSnapshot(b *testing.B) {
	for _, delay := range []time.Duration{0, 60 * time.Millisecond} {
		b.Run(fmt.Sprintf("delay=%v", delay), func(b *testing.B) {
			c := &company{Company: wecomtest.Crowd(30_000, 2_000)}
			c.PutApp(wecomtest.App{AgentID: agentID, Secret: secret, Departments: []int64{1}})
			c.wecom = wecomtest.Start(c.Company)
			b.Cleanup(c.wecom.Close)
			c.wecom.Limit(0, 0)
			c.wecom.Slow("user/list", delay)
			c.options = object{"corpId": c.ID(), "agentId": agentID, "secret": secret, "baseUrl": c.wecom.URL()}
			var floor, snapshot time.Duration
			for b.Loop() {
				floor += timed(func() { bare(b, c, 4) })
				snapshot += timed(func() { c.snapshot(b) })
			}
			b.ReportMetric(float64(snapshot)/float64(floor), "×floor")
			b.ReportMetric(snapshot.Seconds()/float64(b.N), "s/snapshot")
		})
	}
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func (c *company) snapshot(b *testing.B) {
	source, err := open(c.options, zap.NewNop())
	must(err)
	defer shut(source)
	people := 0
	reading, err := source.Read(b.Context(), plugin.Request{}, func(p plugin.Page) error { people += len(p.Records); return nil })
	if err != nil || !reading.Complete || people != 32_000 {
		b.Fatalf("Read() = %+v, %v with %d records", reading, err, people)
	}
}

// bare makes the calls of a snapshot, so many at a time, and looks at no answer.
func bare(b *testing.B, c *company, concurrency int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
	defer client.CloseIdleConnections()
	token := wecom.Token(b.Context(), c.open(b))
	ask := func(call string) {
		r, err := http.NewRequestWithContext(context.WithoutCancel(b.Context()), http.MethodGet, c.wecom.URL()+"/cgi-bin/"+call+"access_token="+url.QueryEscape(token), http.NoBody)
		must(err)
		response, err := client.Do(r)
		must(err)
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		must(err)
	}
	ask("agent/get?agentid=1000002&")
	ask("department/list?")
	ids := make(chan int)
	var all sync.WaitGroup
	for range concurrency {
		all.Go(func() {
			for id := range ids {
				ask(fmt.Sprintf("user/list?department_id=%d&", id))
			}
		})
	}
	for id := range 2_000 {
		ids <- id + 1
	}
	close(ids)
	all.Wait()
}
