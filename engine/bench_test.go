package engine_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// BenchmarkPush measures pushes of people in 1 to 2 of 5,000 departments: the
// first, the same again, and one with 1 % changed; and in the same run the
// floor: the rows NocoBase itself would write for the first push, written by
// hand with COPY and INSERT … SELECT. BENCH_USERS sets how many people
// (default 10,000); run it with -benchtime 1x.
func BenchmarkPush(b *testing.B) {
	users := benchUsers()
	b.Run("sqlite", func(b *testing.B) { benchPush(b, schematest.Open(b, schematest.SQLite(b)), users) })
	b.Run("postgres", func(b *testing.B) {
		// A cluster with PostgreSQL's defaults: what an operator has.
		benchPush(b, schematest.Open(b, schematest.Start(b, schematest.Durable).URL(b)), users)
	})
}

func benchUsers() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_USERS")); err == nil {
		return n
	}
	return 10_000
}

func benchPush(b *testing.B, db *schema.DB, users int) {
	const departments = 5_000
	company := writeCompany(b, users, departments, 0)
	changed := writeCompany(b, users, departments, 100)
	e := engine.New(db, targets.All(db), zap.NewNop())
	floor := measureFloor(b, db, users, departments)
	b.ReportMetric(0, "ns/op") // a push is not repeated
	b.ReportMetric(floor.Seconds(), "floor-s")
	for _, push := range []struct{ name, file string }{{"first", company}, {"same", company}, {"changed", changed}} {
		runtime.GC()
		start := time.Now()
		if _, err := e.Push(b.Context(), companyPush(b, push.file), nil); err != nil {
			b.Fatal(err)
		}
		took := time.Since(start).Seconds()
		b.ReportMetric(took, push.name+"-s")
		b.ReportMetric(took/floor.Seconds(), push.name+"/floor")
	}
}

func companyPush(tb testing.TB, file string) engine.Push {
	return engine.Push{Source: "hr", MatchKey: "username", Bodies: func(yield func(engine.Body, error) bool) {
		for _, t := range []string{"department", "user"} {
			if !yield(engine.Body{DataType: t, Records: lines(tb, file+"."+t)}, nil) {
				return
			}
		}
	}}
}

func lines(tb testing.TB, file string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			tb.Fatal(err)
		}
		defer f.Close()
		d := json.NewDecoder(f)
		for d.More() {
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				tb.Fatal(err)
			}
			if !yield(raw, nil) {
				return
			}
		}
	}
}

// writeCompany writes the records of a company to files, one a line: every
// changed-th person has another nickname.
func writeCompany(tb testing.TB, users, departments, changed int) string {
	file := filepath.Join(tb.TempDir(), "company")
	var d, u strings.Builder
	for i := range departments {
		fmt.Fprintf(&d, `{"uid":"d%d","title":"Department %d","parentUid":%q}`+"\n", i, i, parentOf(i))
	}
	for i := range users {
		u.WriteString(userRecord(i, departments, changed > 0 && i%changed == 0) + "\n")
	}
	for ext, text := range map[string]string{".department": d.String(), ".user": u.String()} {
		if err := os.WriteFile(file+ext, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return file
}

func userRecord(i, departments int, changed bool) string {
	suffix := ""
	if changed {
		suffix = " (changed)"
	}
	return fmt.Sprintf(`{"uid":"u%d","username":"user%d","nickname":"Person %d%s","email":"user%d@example.com","phone":"+1555%07d","departments":[%s]}`,
		i, i, i, suffix, i, i, strings.Join(departmentsOf(i, departments), ","))
}

func parentOf(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("d%d", (i-1)/8)
}

func departmentsOf(i, departments int) []string {
	of := []string{fmt.Sprintf(`{"uid":"d%d","isMain":true}`, i%departments)}
	if i%2 == 0 {
		of = append(of, fmt.Sprintf(`"d%d"`, (i*7+1)%departments))
	}
	return of
}

// BenchmarkOneRecord measures a push of one person whose nickname changes into
// a directory of BENCH_USERS people: it must not cost more as the directory
// grows.
func BenchmarkOneRecord(b *testing.B) {
	users := benchUsers()
	schematest.Each(b, func(b *testing.B, db *schema.DB) {
		e := engine.New(db, targets.All(db), zap.NewNop())
		if _, err := e.Push(b.Context(), companyPush(b, writeCompany(b, users, 5_000, 0)), nil); err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			record := json.RawMessage(fmt.Sprintf(`{"uid":"u7","nickname":"Person seven, %d times over"}`, i))
			one := engine.Push{Source: "hr", Bodies: func(yield func(engine.Body, error) bool) {
				yield(engine.Body{DataType: "user", Records: func(yield func(json.RawMessage, error) bool) { yield(record, nil) }}, nil)
			}}
			if _, err := e.Push(b.Context(), one, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
