package rpc

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/nocobase-roster/roster/engine"
)

// piped serves s over real pipes, and gives the host's ends once initialize
// has been answered.
func piped(tb testing.TB, s *Server) (host io.Writer, answers *bufio.Reader) {
	tb.Helper()
	inRead, inWrite := pipe(tb)
	outRead, outWrite := pipe(tb)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), inRead, outWrite) }()
	tb.Cleanup(func() {
		inWrite.Close()
		if err := <-done; err != nil {
			tb.Errorf("Serve() = %v", err)
		}
	})
	answers = bufio.NewReaderSize(outRead, 64<<10)
	io.WriteString(inWrite, opened)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, `"result"`) {
		tb.Fatalf("initialize was answered with %q, %v", line, err)
	}
	return inWrite, answers
}

func pipe(tb testing.TB) (r, w *os.File) {
	tb.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	return r, w
}

// quiet is a server without a database that logs nothing.
func quiet() *Server {
	return &Server{Log: zap.NewNop(), Open: func(ctx context.Context, _ Config) (*engine.Engine, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

func BenchmarkPingPipelined(b *testing.B) { benchmarkPipelined(b, "ping") }

func BenchmarkCallPipelined(b *testing.B) { benchmarkPipelined(b, "registry/listTargets") }

// benchmarkPipelined keeps 64 calls in flight, one write for each.
func benchmarkPipelined(b *testing.B, method string) {
	host, answers := piped(b, quiet())
	window := make(chan struct{}, 64)
	calls := b.N
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		for i := range calls {
			window <- struct{}{}
			fmt.Fprintf(host, `{"jsonrpc":"2.0","id":%d,"method":%q}`+"\n", i+1, method)
		}
	}()
	for range calls {
		line, err := answers.ReadSlice('\n')
		if err != nil || strings.Contains(string(line), `"error"`) {
			b.Fatalf("answered with %q, %v", line, err)
		}
		<-window
	}
	b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkPingAlone waits for each answer before the next call.
func BenchmarkPingAlone(b *testing.B) {
	host, answers := piped(b, quiet())
	for b.Loop() {
		io.WriteString(host, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
		if _, err := answers.ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
	}
}

// A largePush is a push of about n bytes of params.
func largePush(method string, n int) (push string, records int) {
	const record = `{"uid":"10001","nickname":"张三","email":"zhang@example.com","departments":["a","b"]}`
	records = n / (len(record) + 1)
	list := strings.TrimSuffix(strings.Repeat(record+",", records), ",")
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{"dataType":"user","records":[` + list + `]}}`, records
}

// counter is sync/push without an engine: it goes through the records once and
// keeps the most memory that was in use on the way.
func counter(heap *uint64) methodInfo {
	return method("test/count", "Counts.", func(_ *session, _ context.Context, p pushParams) (int, error) {
		n := 0
		for range p.Records.each() {
			n++
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		*heap = m.HeapAlloc
		return n, nil
	})
}

// BenchmarkPush16MiB takes a push as large as may be to its method. held-MiB
// is what the heap holds when the method runs beyond what it held before; B/op
// is all that was ever allocated.
func BenchmarkPush16MiB(b *testing.B) {
	push, records := largePush("test/count", 16<<20-1000)
	want := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":%d}`+"\n", records)
	var before runtime.MemStats
	var during uint64
	s := quiet()
	s.extra = []methodInfo{counter(&during)}
	host, answers := piped(b, s)
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	b.SetBytes(int64(len(push)))
	for b.Loop() {
		io.WriteString(host, push)
		io.WriteString(host, "\n")
		if got, err := answers.ReadString('\n'); err != nil || got != want {
			b.Fatalf("answered with %q, %v; want %q", got, err, want)
		}
	}
	b.ReportMetric(float64(during-before.HeapAlloc)/(1<<20), "held-MiB")
}
