package engine_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// BenchmarkReceive measures how fast callbacks are answered that come from 64
// connections at once, each with an event that is on disk by then.
func BenchmarkReceive(b *testing.B) {
	for name, fresh := range map[string]func(testing.TB) string{
		"sqlite":   schematest.SQLite,
		"postgres": func(tb testing.TB) string { return schematest.Start(tb, schematest.Durable).URL(tb) },
	} {
		b.Run(name, func(b *testing.B) {
			db := schematest.Open(b, fresh(b))
			if err := db.Migrate(b.Context(), schema.Told{}); err != nil {
				b.Fatal(err)
			}
			c := (&company{TB: b, db: db, engine: engine.New(db, targets.All(db), zap.NewNop())}).corp().reads(newSystem())
			const callbacks, connections = 5000, 64
			took := make([]time.Duration, callbacks)
			b.ReportMetric(0, "ns/op") // it is not repeated
			start := time.Now()
			var group sync.WaitGroup
			for w := range connections {
				group.Go(func() {
					for i := w; i < callbacks; i += connections {
						sent := time.Now()
						if _, err := c.engine.Receive(b.Context(), "corp", plugin.Callback{Body: fmt.Appendf(nil, "user %d", i)}); err != nil {
							b.Error(err)
						}
						took[i] = time.Since(sent)
					}
				})
			}
			group.Wait()
			slices.Sort(took)
			b.ReportMetric(callbacks/time.Since(start).Seconds(), "callbacks/s")
			b.ReportMetric(float64(took[callbacks/2].Milliseconds()), "p50-ms")
			b.ReportMetric(float64(took[callbacks*99/100].Milliseconds()), "p99-ms")
			b.ReportMetric(float64(took[callbacks-1].Milliseconds()), "max-ms")
		})
	}
}
