package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/schema/schematest"
)

func TestReindexBringsALostIndexBack(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		leave(t, url)
		got := mustRun(t, exitDone, url, "reindex")
		for _, want := range []string{"source  verified  forgotten  taken in  dangling  task\n", "hr             -          -         3         1     2\n", "compares everything"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("want %q in\n%s", want, got.stdout)
			}
		}
		push(t, exitDone, somewhere+somebody, url)
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 2 {
			t.Errorf("%d users after the same push, want 2", n)
		}
	})
}

func TestReindexForScripts(t *testing.T) {
	url := schematest.Any(t)
	leave(t, url)
	var got []engine.Reindex
	parse(t, mustRun(t, exitDone, url, "reindex", "hr", "--json").stdout, &got)
	if diff := cmp.Diff([]engine.Reindex{{TaskID: "2", Source: "hr", TakenIn: 3, Dangling: 1}}, got); diff != "" {
		t.Errorf("roster reindex mismatch (-want +got):\n%s", diff)
	}
}

func TestReindexOfASourceThatNobodyKnows(t *testing.T) {
	url := schematest.Any(t)
	leave(t, url)
	got := mustRun(t, exitFailed, url, "reindex", "rh")
	if want := "NocoBase's tables hold no record of source \"rh\""; !strings.Contains(got.stderr, want) {
		t.Errorf("want %q in\n%s", want, got.stderr)
	}
	mustRun(t, exitUsage, url, "reindex", "hr", "wecom")
	if got := mustRun(t, exitDone, schematest.Any(t), "reindex"); !strings.Contains(got.stdout, "nothing to index") {
		t.Errorf("roster reindex of nothing prints\n%s", got.stdout)
	}
}
