package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nocobase-roster/roster/schema/schematest"
)

// BenchmarkVolume pushes gigabytes over stdio, as fast as they are taken, in
// frames of 8 MiB with two in flight, and reports the most memory that the
// process had when a tenth was done and at the end. BENCH_MIB sets how much
// (default 256), BENCH_RECORD how many bytes more a record has in a field that is
// only kept (default 0); run it with -benchtime 1x.
func BenchmarkVolume(b *testing.B) {
	schematest.EachURL(b, func(b *testing.B, url string) {
		total, _ := strconv.Atoi(cmp.Or(os.Getenv("BENCH_MIB"), "256"))
		cmd := roster(b.Context(), url, "stdio")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		more, _ := strconv.Atoi(os.Getenv("BENCH_RECORD"))
		records, n := crowd(8<<20, more)
		frames := max(10, total/8)
		b.ReportMetric(0, "ns/op") // it is not repeated
		start := time.Now()
		if _, err := stdin.Write([]byte(initialize)); err != nil {
			b.Fatal(err)
		}
		answers := bufio.NewReaderSize(stdout, 1<<20)
		answer(b, answers)
		var early int
		for i := range frames + 2 {
			if i < frames {
				// ids begin after initialize's
				if _, err := fmt.Fprintf(stdin, `{"jsonrpc":"2.0","id":%d,"method":"sync/push","params":{"dataType":"user","sourceName":"hr","records":%s}}`+"\n", i+2, records); err != nil {
					b.Fatal(err)
				}
			}
			if i >= 2 {
				answer(b, answers)
			}
			if i == frames/10 {
				early = peak(b, cmd.Process.Pid)
			}
		}
		took := time.Since(start).Seconds()
		b.ReportMetric(float64(frames*8)/took, "MiB/s")
		b.ReportMetric(float64(frames*n)/took, "records/s")
		b.ReportMetric(float64(early), "early-MiB")
		b.ReportMetric(float64(peak(b, cmd.Process.Pid)), "peak-MiB")
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
}

// crowd is a list of users of about so many bytes, and how many they are; each has
// so many bytes more in a field that is no column.
func crowd(size, more int) (records []byte, n int) {
	var b bytes.Buffer
	b.WriteByte('[')
	for ; b.Len() < size; n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"uid":"u%d","username":"user%d","nickname":"Person %d","email":"user%d@example.com","phone":"+1555%07d","resume":%q}`, n, n, n, n, n, strings.Repeat("x", more))
	}
	b.WriteByte(']')
	return b.Bytes(), n
}

// answer reads an answer that is a result.
func answer(b *testing.B, answers *bufio.Reader) {
	b.Helper()
	line, err := answers.ReadBytes('\n')
	for bytes.Contains(line, []byte(`"method":`)) { // a notification
		line, err = answers.ReadBytes('\n')
	}
	var said struct{ Error *struct{ Message string } }
	if err != nil || json.Unmarshal(line, &said) != nil || said.Error != nil {
		b.Fatalf("answered %.300s (%v)", line, err)
	}
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that a process has had, in MiB.
func peak(b *testing.B, pid int) int {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	kb, err := strconv.Atoi(string(peakLine.FindSubmatch(status)[1]))
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
