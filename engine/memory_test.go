package engine_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// However large a push is, memory holds a few pages of it: the heap is looked
// at while the push is read, which is when all that is kept would show.
func TestAHugePushIsReadInBoundedMemory(t *testing.T) {
	const bound = 96 << 20
	for _, push := range []struct {
		name string
		of   int // bytes of a record
	}{{"small records", 1 << 10}, {"large records", 512 << 10}} {
		t.Run(push.name, func(t *testing.T) {
			total := 200 << 20
			if testing.Short() || schematest.UnderRace {
				total = 20 << 20
			}
			if push.of < 64<<10 {
				total /= 4 // 50,000 records say as much as 200,000
			}
			each(t, func(c *company) {
				base, peak := heap(), uint64(0)
				text := strings.Repeat("x", push.of-60)
				r := c.push("hr", engine.Body{DataType: "user", Records: func(yield func(json.RawMessage, error) bool) {
					for i := range total / push.of {
						if i%(1+(8<<20)/push.of) == 0 {
							peak = max(peak, heap())
						}
						member := "note"
						if i%4 > 0 {
							member = "password" // read as well, and not kept: that is quicker
						}
						if !yield(json.RawMessage(`{"uid":"`+itoa(i)+`","nickname":"Ann","`+member+`":"`+text+`"}`), nil) {
							return
						}
					}
				}})
				if got := r.Task.Counts["user"].Created; got != total/push.of {
					c.Errorf("%d created of %d", got, total/push.of)
				}
				if peak > base+bound {
					c.Errorf("the heap grew from %d to %d MiB, want at most %d more", base>>20, peak>>20, bound>>20)
				}
				c.Logf("heap: %d MiB before, at most %d MiB while reading", base>>20, peak>>20)
			})
		})
	}
}

// heap is how many bytes are in use, garbage included since the last collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
