package wecom

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCirclesAndLostParentsStandAtTheTop(t *testing.T) {
	for name, c := range map[string]struct {
		parents map[number]number
		want    string
	}{
		"a tree":              {map[number]number{1: 0, 2: 1, 3: 2}, "1<0 2<1 3<2"},
		"a lost parent":       {map[number]number{2: 9, 3: 2}, "2<0 3<2"},
		"itself":              {map[number]number{2: 2}, "2<0"},
		"a circle":            {map[number]number{2: 4, 3: 2, 4: 3}, "2<0 3<2 4<3"},
		"hanging on a circle": {map[number]number{2: 5, 4: 5, 5: 4}, "4<0 5<4 2<5"},
	} {
		var rows []row
		for id, parent := range c.parents {
			rows = append(rows, row{ID: id, Parent: parent})
		}
		var got []string
		for _, d := range grow(rows).all {
			got = append(got, fmt.Sprintf("%d<%d", d.ID, d.Parent))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: grow() = %s, want %s", name, text, c.want)
		}
	}
}

func TestATreeHasEachDepartmentOnceAfterItsParent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []row
		n := rapid.IntRange(0, 12).Draw(t, "n")
		for id := range n {
			rows = append(rows, row{ID: number(id + 1), Parent: number(rapid.IntRange(0, n+1).Draw(t, "parent")), Order: number(rapid.IntRange(0, 2).Draw(t, "order"))})
		}
		tree := grow(rows)
		tree.choose(&options{IncludeDepartments: []number{2, 5}, ExcludeDepartments: []number{3}})
		seen := map[number]bool{0: true}
		for _, d := range tree.all {
			if !seen[d.Parent] || seen[d.ID] {
				t.Fatalf("%d comes twice, or before its parent", d.ID)
			}
			seen[d.ID] = true
			if d.kept && d.under != 0 && !tree.byID[d.under].kept {
				t.Fatalf("%d is under %d, which is no record", d.ID, d.under)
			}
		}
		if len(tree.all) != n {
			t.Fatalf("%d of %d departments are in the tree", len(tree.all), n)
		}
	})
}
