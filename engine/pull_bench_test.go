package engine_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// BenchmarkSync measures what it costs beside a push that a source is read: that
// its pages are stored before they are planned. BENCH_USERS sets how many people
// (default 10,000); run it with -benchtime 1x.
func BenchmarkSync(b *testing.B) {
	onBothKinds := map[string]func(testing.TB) string{
		"sqlite":   schematest.SQLite,
		"postgres": func(tb testing.TB) string { return schematest.Start(tb, schematest.Durable).URL(tb) },
	}
	for name, fresh := range onBothKinds {
		b.Run(name, func(b *testing.B) {
			company := writeCompany(b, benchUsers(), 5_000, 0)
			b.ReportMetric(0, "ns/op") // it is not repeated
			push := benchOnce(b, fresh(b), func(e *engine.Engine) error {
				_, err := e.Push(b.Context(), companyPush(b, company), nil)
				return err
			})
			read := benchOnce(b, fresh(b), func(e *engine.Engine) error {
				if err := adapters(e, fileSource{b, company}); err != nil {
					return err
				}
				_, err := e.Sync(b.Context(), given(""), nil)
				return err
			})
			b.ReportMetric(push.Seconds(), "push-s")
			b.ReportMetric(read.Seconds(), "sync-s")
			b.ReportMetric(read.Seconds()/push.Seconds(), "sync/push")
		})
	}
}

func benchOnce(b *testing.B, url string, do func(*engine.Engine) error) time.Duration {
	b.Helper()
	db := schematest.Open(b, url)
	if err := db.Migrate(b.Context(), schema.Told{}); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	start := time.Now()
	if err := do(engine.New(db, targets.All(db), zap.NewNop())); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// A fileSource reads a company that was written to files, a thousand at a time.
type fileSource struct {
	tb   testing.TB
	file string
}

func (s fileSource) Read(_ context.Context, _ plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	reading := plugin.Reading{Complete: true, Counts: map[plugin.Type]int{}}
	for _, t := range []plugin.Type{plugin.Department, plugin.User} {
		var page plugin.Page
		for raw, err := range lines(s.tb, s.file+"."+string(t)) {
			if err != nil {
				return plugin.Reading{}, err
			}
			r := plugin.Record{Type: t}
			if err := json.Unmarshal(raw, &r); err != nil {
				return plugin.Reading{}, err
			}
			reading.Counts[t]++
			if page.Records = append(page.Records, r); len(page.Records) == 1000 {
				if err := emit(page); err != nil {
					return plugin.Reading{}, err
				}
				page = plugin.Page{}
			}
		}
		if err := emit(page); err != nil {
			return plugin.Reading{}, err
		}
	}
	return reading, nil
}
