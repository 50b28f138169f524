package process

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

// BenchmarkProcess measures what it costs that an adapter in Go is a process of
// its own: the time that a reading takes, by the time that the same adapter takes
// in the process. The adapter makes people up ("made"), which is nearly nothing,
// or reads them from a file of JSON ("file"), as adapters do. BENCH_USERS sets how
// many people (default 100,000); run it with -benchtime 1x.
func BenchmarkProcess(b *testing.B) {
	for _, kind := range []string{"made", "file"} {
		what := strconv.Itoa(benchUsers())
		if kind == "file" {
			what = writePeople(b, benchUsers())
		}
		near := companyDriver(kind, what)
		far := farDriver(b, kind, what)
		b.Run(kind+"/read", func(b *testing.B) {
			report(b, far, near, func(d plugin.Driver) time.Duration { return timeReading(b, d) })
		})
		b.Run(kind+"/sync", func(b *testing.B) {
			report(b, far, near, func(d plugin.Driver) time.Duration { return timeSync(b, d) })
		})
	}
}

func benchUsers() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_USERS")); err == nil {
		return n
	}
	return 100_000
}

// report measures both adapters in turns, and compares the best of each.
func report(b *testing.B, far, near plugin.Driver, measure func(plugin.Driver) time.Duration) {
	best := func(d plugin.Driver, before time.Duration) time.Duration {
		runtime.GC()
		if took := measure(d); before == 0 || took < before {
			return took
		}
		return before
	}
	var process, here time.Duration
	for range 3 {
		here, process = best(near, here), best(far, process)
	}
	b.ReportMetric(0, "ns/op") // it is not repeated
	b.ReportMetric(here.Seconds(), "here-s")
	b.ReportMetric(process.Seconds(), "process-s")
	b.ReportMetric(process.Seconds()/here.Seconds(), "process/here")
}

func timeReading(b *testing.B, d plugin.Driver) time.Duration {
	source, err := d.Open(b.Context(), plugin.Setup{Name: "company"})
	if err != nil {
		b.Fatal(err)
	}
	start, n := time.Now(), 0
	if _, err := source.Read(b.Context(), plugin.Request{}, func(p plugin.Page) error { n += len(p.Records); return nil }); err != nil || n != benchUsers() {
		b.Fatal(n, err)
	}
	return time.Since(start)
}

func timeSync(b *testing.B, d plugin.Driver) time.Duration {
	db := schematest.Open(b, schematest.SQLite(b))
	if err := db.Migrate(b.Context(), schema.Told{}); err != nil {
		b.Fatal(err)
	}
	r := &plugin.Registry{}
	if err := r.AddDriver(d); err != nil {
		b.Fatal(err)
	}
	e := engine.New(db, targets.All(db), zap.NewNop())
	e.SetAdapters(r)
	start := time.Now()
	if _, err := e.Sync(b.Context(), engine.Sync{Source: "company", Inline: &engine.Given{SourceType: d.Type.Name, Options: []byte(`{}`)}}, nil); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// farDriver is the same in a process of its own.
func farDriver(b *testing.B, kind, what string) plugin.Driver {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	near := companyDriver(kind, what)
	m := Manifest{Name: "company", Command: []string{self, "company", kind, what}, SourceTypes: []plugin.SourceType{near.Type}}
	p := newProcess(Found{Folder: b.TempDir(), Manifest: m}, Options{Log: zap.NewNop()})
	b.Cleanup(func() { p.Close() })
	return plugin.Peer{Caller: p}.Driver(near.Type)
}

func companyRegistry(kind, what string) *plugin.Registry {
	r := &plugin.Registry{}
	if err := r.AddDriver(companyDriver(kind, what)); err != nil {
		panic(err)
	}
	return r
}

func companyDriver(kind, what string) plugin.Driver {
	t := plugin.SourceType{Name: "company", Title: "Company", DataTypes: []plugin.Type{plugin.User}, Capabilities: plugin.Capabilities{Pull: true}}
	return plugin.Driver{Type: t, Open: func(context.Context, plugin.Setup) (plugin.Source, error) {
		if kind == "file" {
			return fileSource(what), nil
		}
		n, err := strconv.Atoi(what)
		return madeSource(n), err
	}}
}

// person makes a user up.
func person(i int) plugin.Record {
	n := strconv.Itoa(i)
	return plugin.Record{Type: plugin.User, UID: "u" + n, Attrs: map[string]any{
		"username": "user" + n, "nickname": "张伟 " + n, "email": "user" + n + "@example.com", "phone": fmt.Sprintf("138%08d", i), "title": "Engineer",
	}}
}

// A madeSource makes so many people up.
type madeSource int

func (s madeSource) Read(_ context.Context, _ plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	for from := 0; from < int(s); from += 1000 {
		var page plugin.Page
		for i := from; i < min(from+1000, int(s)); i++ {
			page.Records = append(page.Records, person(i))
		}
		if err := emit(page); err != nil {
			return plugin.Reading{}, err
		}
	}
	return plugin.Reading{Complete: true, Counts: map[plugin.Type]int{plugin.User: int(s)}}, nil
}

// A fileSource reads people from a file, a JSON object a line.
type fileSource string

func (s fileSource) Read(_ context.Context, _ plugin.Request, emit func(plugin.Page) error) (plugin.Reading, error) {
	f, err := os.Open(string(s))
	if err != nil {
		return plugin.Reading{}, err
	}
	defer f.Close()
	n := 0
	var page plugin.Page
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		r := plugin.Record{Type: plugin.User}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return plugin.Reading{}, err
		}
		if page.Records = append(page.Records, r); len(page.Records) == 1000 {
			if err := emit(page); err != nil {
				return plugin.Reading{}, err
			}
			page = plugin.Page{}
		}
	}
	return plugin.Reading{Complete: true, Counts: map[plugin.Type]int{plugin.User: n}}, emit(page)
}

func writePeople(b *testing.B, n int) string {
	path := filepath.Join(b.TempDir(), "people")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	defer w.Flush()
	for i := range n {
		text, err := json.Marshal(person(i))
		if err != nil {
			b.Fatal(err)
		}
		w.Write(append(text, '\n'))
	}
	return path
}
