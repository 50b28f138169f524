package rpc

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// near gives the names of the table that name may have been meant for, at most
// three, the nearest first.
func near[V any](name string, table map[string]V) []string {
	var found []string
	distances := map[string]int{}
	for _, n := range slices.Sorted(maps.Keys(table)) {
		d := distance(strings.ToLower(name), strings.ToLower(n))
		if d <= max(2, len(n)/3) {
			distances[n] = d
			found = append(found, n)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return distances[a] - distances[b] })
	return found[:min(3, len(found))]
}

// distance counts the bytes to insert, delete or replace to make b of a
// (Levenshtein). Names far longer than any of ours are not looked at.
func distance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// quoteShort quotes a name that the host made up, cut where it is no name any more.
func quoteShort(name string) string {
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "") + "…"
	}
	return strconv.Quote(name)
}
