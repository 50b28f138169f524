package engine_test

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// BenchmarkArchive measures what it costs to keep what is received in files: the
// first push of BENCH_USERS people, with and without, each the best of three.
func BenchmarkArchive(b *testing.B) {
	company := writeCompany(b, benchUsers(), 5_000, 0)
	b.Run("sqlite", func(b *testing.B) { benchArchive(b, company, schematest.SQLite) })
	b.Run("postgres", func(b *testing.B) { benchArchive(b, company, schematest.Migrated) })
}

func benchArchive(b *testing.B, company string, url func(testing.TB) string) {
	best := map[bool]time.Duration{}
	for i := range 6 {
		kept := i%2 == 1
		if took := firstPush(b, schematest.Open(b, url(b)), company, kept); best[kept] == 0 || took < best[kept] {
			best[kept] = took
		}
	}
	b.ReportMetric(0, "ns/op") // a push is not repeated
	b.ReportMetric(best[false].Seconds(), "without-s")
	b.ReportMetric(best[true].Seconds(), "with-s")
	b.ReportMetric(best[true].Seconds()/best[false].Seconds(), "with/without")
}

func firstPush(b *testing.B, db *schema.DB, company string, kept bool) time.Duration {
	b.Helper()
	e := engine.New(db, targets.All(db), zap.NewNop())
	if kept {
		a := engine.NewArchive(b.TempDir(), engine.DefaultRetention())
		defer a.Close()
		e.SetArchive(a)
	}
	start := time.Now()
	if _, err := e.Push(b.Context(), companyPush(b, company), nil); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
