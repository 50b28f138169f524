package engine

import (
	"strconv"
	"testing"
	"time"
)

func TestNoMoreIsRememberedThanFits(t *testing.T) {
	var r repeats
	now := time.Now()
	for i := range 3 * maxRemembered {
		a := r.begin(now)
		if !a.first("corp", []byte(strconv.Itoa(i))) {
			t.Fatalf("event %d is taken for a repeat", i)
		}
		a.keep()
	}
	if known := len(r.recent) + len(r.older); known > maxRemembered || known < maxRemembered/2 {
		t.Errorf("%d events are remembered, want up to %d", known, maxRemembered)
	}
	if a := r.begin(now); a.first("corp", []byte(strconv.Itoa(3*maxRemembered-1))) {
		t.Error("the last event is forgotten")
	}
}
