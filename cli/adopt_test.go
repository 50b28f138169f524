package cli

import (
	"strings"
	"testing"

	"github.com/nocobase-roster/roster/engine"
	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema/schematest"
)

// leave makes of what Roster pushed what NocoBase's own engine would have left.
func leave(t *testing.T, url string) {
	t.Helper()
	push(t, exitDone, somewhere+somebody, url)
	db := schematest.Open(t, url)
	for _, q := range []string{
		`DELETE FROM {records}`,
		`INSERT INTO {userDataSyncRecords} ([createdAt], [updatedAt], [sourceName], [sourceUk], [dataType])
			SELECT [createdAt], [updatedAt], [sourceName], [sourceUk], [dataType] FROM {userDataSyncRecords} WHERE [sourceUk] = '2'`,
		`DELETE FROM {users} WHERE [nickname] = 'Noor'`,
	} {
		if _, err := db.On(db).Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAdoptPlansUntilItIsToldYes(t *testing.T) {
	schematest.EachURL(t, func(t *testing.T, url string) {
		leave(t, url)
		planned := mustRun(t, exitDone, url, "adopt", "hr")
		for _, want := range []string{"hr: nothing written yet", "users               2           1        1           1         1      -\n", "1 user: its row is gone\n  2  the link is removed", "run this again with --yes"} {
			if !strings.Contains(planned.stdout, want) {
				t.Errorf("want %q in\n%s", want, planned.stdout)
			}
		}
		if n := rowsOf(t, url, "{records}", "1 = 1"); n != 0 {
			t.Errorf("planning indexed %d records, want none", n)
		}
		done := mustRun(t, exitDone, url, "adopt", "hr", "--yes")
		if !strings.Contains(done.stdout, "hr: adopted by task 2") || strings.Contains(done.stdout, "--yes") {
			t.Errorf("roster adopt --yes prints\n%s", done.stdout)
		}
		if n := rowsOf(t, url, "{records}", "1 = 1"); n != 3 {
			t.Errorf("%d records in the index, want 3", n)
		}
		if got := mustRun(t, exitDone, url, "tasks"); !strings.Contains(got.stdout, "adopt  hr") {
			t.Errorf("roster tasks prints\n%s", got.stdout)
		}
		push(t, exitDone, somewhere+somebody, url)
		if n := rowsOf(t, url, "{users}", "1 = 1"); n != 2 {
			t.Errorf("%d users after the same push, want 2", n)
		}
	})
}

func TestAdoptForScripts(t *testing.T) {
	url := schematest.Any(t)
	leave(t, url)
	for _, args := range [][]string{{"adopt", "hr", "--json"}, {"adopt", "hr", "--json", "--yes"}} {
		var got engine.Adoption
		parse(t, mustRun(t, exitDone, url, args...).stdout, &got)
		if got.Written != (len(args) == 4) || got.Counts[plugin.User] != (engine.AdoptedCounts{Records: 2, Linked: 1, Unlinked: 1, Duplicates: 1, Dangling: 1}) || got.Total != 2 || len(got.Findings) != 2 {
			t.Errorf("%v prints %+v", args, got)
		}
	}
}

func TestAdoptOfASourceThatNobodyKnows(t *testing.T) {
	url := schematest.Any(t)
	leave(t, url)
	got := mustRun(t, exitFailed, url, "adopt", "rh")
	want := "roster: NocoBase's tables hold no record of source \"rh\"\n        they hold records of hr\n"
	if got.stderr != want || got.stdout != "" {
		t.Errorf("want\n%s\ngot\n%s%s", want, got.stderr, got.stdout)
	}
	mustRun(t, exitUsage, url, "adopt")
	mustRun(t, exitUsage, url, "adopt", "hr", "wecom")
}

func TestAdoptionLooks(t *testing.T) {
	a, printed := capture(t)
	adoption := &engine.Adoption{
		Source: "企业微信", Others: []string{"api", "hr\x1b[2J"},
		Counts: map[plugin.Type]engine.AdoptedCounts{
			plugin.Department: {Records: 150, Linked: 150},
			plugin.User:       {Records: 2000, Linked: 1988, Unlinked: 12, Duplicates: 8, Dangling: 11, Known: 3},
		},
		Memberships: engine.AdoptedClaims{Claims: 6281, Dangling: 4},
		Problems: []engine.Problem{
			{Type: "user", Problem: "a further row was made of the record", Count: 7},
			{Type: "user", Problem: "its row is gone", Count: 1200},
		},
		Total: 1207,
	}
	for i := range 7 {
		adoption.Findings = append(adoption.Findings, engine.Finding{Type: "user", UID: "张" + strings.Repeat("i", i), Problem: "a further row was made of the record", Does: "merge it by hand"})
	}
	adoption.Findings = append(adoption.Findings, engine.Finding{Type: "user", UID: "ines", Problem: "its row is gone", Does: "the link is removed"})
	for _, verbose := range []bool{false, true} {
		adoption.Written, adoption.TaskID = verbose, "12"
		if err := a.reportAdoption(adoption, verbose); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "adoption.txt", printed())
}
