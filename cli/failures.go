package cli

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
)

// shownUIDs is how many of the records that failed for one reason are named.
const shownUIDs = 5

// printFailures prints why records were not written, the most frequent reason
// first, with some of the records of each.
func (a *app) printFailures(ctx context.Context, eng *engine.Engine, t engine.Task, all bool) error {
	limit := shownUIDs
	if all {
		limit = -1
	}
	failures, err := groupFailures(items(ctx, eng, engine.ItemFilter{Task: t.ID, Failed: true}), limit)
	if err != nil {
		return err
	}
	for _, f := range failures {
		if _, err := fmt.Fprintf(a.out, "\n%s: %s\n  %s\n", a.out.red(number(f.count, f.kind)+" failed"), printable(f.reason), f.names()); err != nil {
			return err
		}
	}
	return nil
}

// A failure is the records of one type that failed for one reason.
type failure struct {
	kind   string
	reason string
	count  int
	uids   []string
}

// groupFailures counts failed items by type and reason and keeps up to limit
// uids of each; a negative limit keeps all.
func groupFailures(failed iter.Seq2[engine.Item, error], limit int) ([]*failure, error) {
	var groups []*failure
	known := map[[2]string]*failure{}
	for item, err := range failed {
		if err != nil {
			return nil, err
		}
		key := [2]string{string(item.Type), item.Reason}
		g := known[key]
		if g == nil {
			g = &failure{kind: key[0], reason: key[1]}
			known[key] = g
			groups = append(groups, g)
		}
		g.count++
		if limit < 0 || len(g.uids) < limit {
			g.uids = append(g.uids, item.UID)
		}
	}
	slices.SortStableFunc(groups, func(a, b *failure) int { return b.count - a.count })
	return groups, nil
}

// names lists the records in a line.
func (f *failure) names() string {
	var names []string
	for _, uid := range f.uids {
		names = append(names, short(uid))
	}
	if more := f.count - len(f.uids); more > 0 {
		names = append(names, fmt.Sprintf("… and %s more (-v names all)", humanize.Comma(int64(more))))
	}
	return strings.Join(names, ", ")
}

// items goes through the items of a run, page by page.
func items(ctx context.Context, eng *engine.Engine, f engine.ItemFilter) iter.Seq2[engine.Item, error] {
	f.Limit = 1000
	return func(yield func(engine.Item, error) bool) {
		for {
			page, err := eng.Items(ctx, f)
			if err != nil {
				yield(engine.Item{}, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if len(page) < f.Limit {
				return
			}
			f.Offset += len(page)
		}
	}
}

// number says how many of what there are.
func number(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return humanize.Comma(int64(n)) + " " + what
}
