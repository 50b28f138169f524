package serve_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/serve"
)

// BenchmarkPush measures 64 connections that push one record at a time, each
// waiting for its answer: new people, then changes of theirs.
func BenchmarkPush(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchPush(b, schematest.Open(b, schematest.SQLite(b))) })
	b.Run("postgres", func(b *testing.B) {
		benchPush(b, schematest.Open(b, schematest.Start(b, schematest.Durable).URL(b)))
	})
}

func benchPush(b *testing.B, db *schema.DB) {
	const connections = 64
	s := open(b, db, serve.DefaultLimits())
	took := make([][]time.Duration, connections)
	var next atomic.Int64
	b.ResetTimer()
	begun := time.Now()
	var group sync.WaitGroup
	for c := range connections {
		group.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				at := time.Now()
				s.benchOne(n)
				took[c] = append(took[c], time.Since(at))
			}
		})
	}
	group.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "pushes/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

func (s *site) benchOne(n int64) {
	body := fmt.Sprintf(`{"dataType":"user","sourceName":"hr","matchKey":"email","records":[{"uid":"u%d","nickname":"Person %d","email":"p%d@example.com"}]}`, n%5000, n, n%5000)
	r, _ := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+"/api/userData:push", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(r)
	if err != nil {
		s.Error(err)
		return
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		s.Errorf("status %d: %s", resp.StatusCode, text)
	}
}
