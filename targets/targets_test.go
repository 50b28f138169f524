package targets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
	"github.com/nocobase-roster/roster/targets"
)

func TestInfosDeclareAllTargets(t *testing.T) {
	var want []plugin.TargetInfo
	for _, target := range targets.All(schematest.Open(t, schematest.SQLite(t))) {
		want = append(want, target.Info())
	}
	if diff := cmp.Diff(want, targets.Infos()); diff != "" {
		t.Errorf("Infos() mismatch (-want +got):\n%s", diff)
	}
}
