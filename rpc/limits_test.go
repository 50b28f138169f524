package rpc

import (
	"path/filepath"
	"testing"
	"testing/synctest"
)

// TestLimitConversations plays the conversations of testdata/limits with a
// server whose limits are small.
func TestLimitConversations(t *testing.T) {
	for _, file := range conversations(t, "testdata/limits/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testServer(t)
				s.Limits = Limits{MaxFrameBytes: 1000, MaxRequestsInFlight: 3, MaxBytesInFlight: 200}
				play(t, file, s)
			})
		})
	}
}
