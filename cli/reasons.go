package cli

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/nocobase-roster/roster/engine"
)

// shownUIDs is how many of the records with one outcome for one reason are named.
const shownUIDs = 5

// printReasons prints why records were not written, and why what is gone still
// stands: an outcome and its reason each, with some of the records.
func (a *app) printReasons(ctx context.Context, eng *engine.Engine, t engine.Task, all bool) error {
	limit := shownUIDs
	if all {
		limit = -1
	}
	outcomes, err := eng.Outcomes(ctx, t.ID, limit)
	if err != nil {
		return err
	}
	return a.printOutcomes(outcomes)
}

func (a *app) printOutcomes(outcomes []engine.Outcome) error {
	for _, o := range outcomes {
		line := a.out.yellow(what(o))
		if o.Op == "fail" {
			line = a.out.red(what(o))
		}
		if o.Reason != "" {
			line += ": " + printable(o.Reason)
		}
		if _, err := fmt.Fprintf(a.out, "\n%s\n  %s\n", line, names(o)); err != nil {
			return err
		}
	}
	return nil
}

// what says how many of what came to what: "3 users kept".
func what(o engine.Outcome) string {
	did := map[string]string{"fail": "failed", "keep": "kept", "unlink": "unlinked", "skip": "skipped"}
	return number(o.Count, string(o.Type)) + " " + did[o.Op]
}

// names lists the records in a line.
func names(o engine.Outcome) string {
	var names []string
	for _, uid := range o.UIDs {
		names = append(names, short(uid))
	}
	if more := o.Count - len(o.UIDs); more > 0 {
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
			f.After = page[len(page)-1].ID
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
