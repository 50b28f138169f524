package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/schema"
)

// A census counts what became of the items of a run by the push that brought
// them. Whatever is asked is asked of the database once, for all pushes: asking
// for each would cost more than writing what they brought.
type census struct {
	run    *run
	shares []*share
	known  map[string]counted // by what was asked
}

// counted are numbers of items by the push that brought them, nil for all, and
// by what was done.
type counted map[*share]map[string]int

func (r *run) census(shares []*share) *census {
	return &census{run: r, shares: shares, known: map[string]counted{}}
}

// What an item stands for: a record that was received, one that is gone without
// a word, or neither.
const (
	receivedItem = "received "
	missingItem  = "missing "
)

// items counts the items of a type, of a push or of all, by what they stand for
// and their op: "received create".
func (c *census) items(ctx context.Context, l *layout, s *share) (map[string]int, error) {
	return c.ask(ctx, l.names(c.run.id).Replace(`FROM {<plan>} p WHERE p._run = <run>`), `CASE
		WHEN p._raw IS NOT NULL THEN '`+receivedItem+`' WHEN p._gone IS NOT NULL THEN '`+missingItem+`' ELSE '' END || p._op`, s)
}

// itemsWhere counts the items p of a type for which condition holds, of a push
// or of all, by their op.
func (c *census) itemsWhere(ctx context.Context, l *layout, condition string, s *share) (map[string]int, error) {
	return c.ask(ctx, l.names(c.run.id).Replace(`FROM {<plan>} p WHERE p._run = <run> AND `+condition), "p._op", s)
}

// memberships counts those of the items of a push, or of all, by their op. The
// sum is one of run and 0, for the reason that members has.
func (c *census) memberships(ctx context.Context, s *share) (map[string]int, error) {
	return c.ask(ctx, fmt.Sprintf(`FROM {plan_memberships} m JOIN {plan_users} p ON p._run = m._run + 0 AND p._n = m._n
		WHERE m._run = %d AND p._op <> 'fail' AND m._op NOT IN ('claim', 'adopt', 'unclaim', 'forget')`, c.run.id), "m._op", s)
}

func (c *census) ask(ctx context.Context, from, op string, s *share) (map[string]int, error) {
	if n, asked := c.known[from]; asked {
		return n[s], nil
	}
	var rows []struct {
		Share int
		Op    string
		N     int
	}
	err := c.run.engine.db.On(c.run.engine.db).Select(ctx, &rows,
		`SELECT `+c.shareOf()+` AS share, `+op+` AS op, count(*) AS n `+from+` GROUP BY 1, 2`)
	if err != nil {
		return nil, schema.Wrap(err, "count what came of the run")
	}
	n := counted{nil: {}}
	for _, s := range c.shares {
		n[s] = map[string]int{}
	}
	for _, row := range rows {
		n[nil][row.Op] += row.N
		if row.Share >= 0 {
			n[c.shares[row.Share]][row.Op] = row.N
		}
	}
	c.known[from] = n
	return n[s], nil
}

// shareOf is SQL for which of the pushes brought item p; -1 for none of them.
func (c *census) shareOf() string {
	var which strings.Builder
	for i, s := range c.shares {
		fmt.Fprintf(&which, " WHEN %s THEN %d", c.run.placesOf(s), i)
	}
	if which.Len() == 0 {
		return "-1"
	}
	return "CASE" + which.String() + " ELSE -1 END"
}
