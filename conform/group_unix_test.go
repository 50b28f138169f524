//go:build unix

package conform_test

import (
	"testing"

	"github.com/nocobase-roster/roster/conform"
)

func TestWhatAnAdapterLeavesBehindIsEnded(t *testing.T) {
	t.Parallel()
	a := fixture("")
	a.Command = append([]string{"sh", "-c", `sleep 600 & exec "$@"`, "sh"}, a.Command...)
	for _, r := range results(t, a) {
		if r.Group == "The end" && r.Verdict != conform.Passed {
			t.Errorf("%s: %q", r.Name, r.Faults)
		}
	}
}
