package frame

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// push is a request with params of about n bytes.
func push(n int) string {
	const record = `{"uid":"10001","nickname":"张三","email":"zhang@example.com","departments":["a","b"]},`
	return `{"jsonrpc":"2.0","id":1,"method":"sync/push","params":{"records":[` + strings.Repeat(record, n/len(record)) + `{}]}}`
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{100, 10 << 10, 15 << 20} {
		for name, in := range map[string]string{"headers": headed(push(n)), "line": push(n) + "\n"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				src := strings.NewReader(in)
				r := newReader(src, 0, func(mode) {})
				for b.Loop() {
					src.Reset(in)
					data, err := r.next()
					if err != nil {
						b.Fatal(err)
					}
					if _, err := parse(data); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{100, 15 << 20} {
		m := message{id: []byte("1"), result: bytes.Repeat([]byte("1"), n)}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			w := newWriter(io.Discard)
			for b.Loop() {
				if err := w.send(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
