package cli

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
)

// shownUIDs is how many of the records with one outcome for one reason are named.
const shownUIDs = 5

// lookedThrough is how many items of a run are looked through for reasons that
// the engine does not find by itself, unless all is to be said.
const lookedThrough = 5000

// printReasons prints why records were not written, and why what is gone still
// stands: an outcome and its reason each, with some of the records.
func (a *app) printReasons(ctx context.Context, eng *engine.Engine, t engine.Task, all bool) error {
	limit, few := shownUIDs, countItems(t.Counts) <= lookedThrough
	if all {
		limit, few = -1, true
	}
	groups, err := groupByReason(unwritten(ctx, eng, t, few), limit)
	if err != nil {
		return err
	}
	for _, g := range groups {
		line := a.out.yellow(g.what())
		if g.op == "fail" {
			line = a.out.red(g.what())
		}
		if g.reason != "" {
			line += ": " + printable(g.reason)
		}
		if _, err := fmt.Fprintf(a.out, "\n%s\n  %s\n", line, g.names()); err != nil {
			return err
		}
	}
	if few {
		return nil
	}
	return a.printUnreasoned(t)
}

// printUnreasoned says of what else was not written only how many they are.
func (a *app) printUnreasoned(t engine.Task) error {
	for _, kind := range []string{"department", "user"} {
		c := t.Counts[kind]
		for i, n := range []int{c.Kept, c.Unlinked, c.Skipped} {
			if n == 0 {
				continue
			}
			g := group{op: outcomes()[i+1][0], kind: kind, count: n}
			if _, err := fmt.Fprintf(a.out, "\n%s (roster tasks show -v %s says why)\n", a.out.yellow(g.what()), t.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// countItems is how many items a run has.
func countItems(counts map[string]engine.Counts) int {
	n := 0
	for _, kind := range []string{"department", "user"} {
		c := counts[kind]
		n += c.Created + c.Linked + c.Updated + c.Deleted + c.Disabled + c.Unlinked + c.Kept + c.Skipped + c.Failed
	}
	return n
}

// outcomes are the operations that the report gives reasons for, in its order,
// and what they are called there.
func outcomes() [][2]string {
	return [][2]string{{"fail", "failed"}, {"keep", "kept"}, {"unlink", "unlinked"}, {"skip", "skipped"}}
}

// unwritten goes through the items of a run that have an outcome with a reason.
// The engine finds those that failed; the others are looked for, if at all, when
// the counts say that there are any, and until all are found.
func unwritten(ctx context.Context, eng *engine.Engine, t engine.Task, others bool) iter.Seq2[engine.Item, error] {
	left := 0
	for _, c := range t.Counts {
		if others {
			left += c.Kept + c.Unlinked + c.Skipped
		}
	}
	return func(yield func(engine.Item, error) bool) {
		for item, err := range items(ctx, eng, engine.ItemFilter{Task: t.ID, Failed: true}) {
			if !yield(item, err) {
				return
			}
		}
		if left == 0 {
			return
		}
		for item, err := range items(ctx, eng, engine.ItemFilter{Task: t.ID}) {
			if err == nil && rankOf(item.Op) < 1 {
				continue
			}
			if left--; !yield(item, err) || left == 0 {
				return
			}
		}
	}
}

// rankOf gives the place of an operation among the outcomes, or -1.
func rankOf(op string) int {
	return slices.IndexFunc(outcomes(), func(o [2]string) bool { return o[0] == op })
}

// A group is the records of one type with one outcome for one reason.
type group struct {
	op, kind, reason string
	count            int
	uids             []string
}

// groupByReason counts items by outcome, type and reason and keeps up to limit
// uids of each; a negative limit keeps all. Those that failed come first, then
// the most frequent.
func groupByReason(all iter.Seq2[engine.Item, error], limit int) ([]*group, error) {
	var groups []*group
	known := map[[3]string]*group{}
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		key := [3]string{item.Op, string(item.Type), item.Reason}
		g := known[key]
		if g == nil {
			g = &group{op: key[0], kind: key[1], reason: key[2]}
			known[key] = g
			groups = append(groups, g)
		}
		g.count++
		if limit < 0 || len(g.uids) < limit {
			g.uids = append(g.uids, item.UID)
		}
	}
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(rankOf(a.op)-rankOf(b.op), b.count-a.count)
	})
	return groups, nil
}

// what says how many of what came to what: "3 users kept".
func (g *group) what() string {
	return number(g.count, g.kind) + " " + outcomes()[rankOf(g.op)][1]
}

// names lists the records in a line.
func (g *group) names() string {
	var names []string
	for _, uid := range g.uids {
		names = append(names, short(uid))
	}
	if more := g.count - len(g.uids); more > 0 {
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
