package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/nocobase-roster/roster/schema"
)

// hanging is what hangs on the rows of a table, as NocoBase's references say:
// what goes with rows that go, what refers to nothing then, and what holds them.
type hanging struct {
	relations []*schema.Relation // those of which rows may go; the first is the table itself
	follows   []*schema.Tie      // rows that go with those they refer to
	clears    []*schema.Tie      // rows that refer to nothing then
	holds     []*schema.Tie      // rows whose reference forbids that what they refer to goes
	ended     []*schema.Tie      // what the targets end by themselves; see Table.Ends
}

// hangingOn finds what hangs on rows of l. Rows of tables that records stand for
// go by their own records only: a reference that would take them along holds.
func (e *Engine) hangingOn(ctx context.Context, x schema.Conn, l *layout) (*hanging, error) {
	relations := schema.NewRelations(x)
	root, err := relations.Find(ctx, e.db.Table(l.Name))
	if err != nil {
		return nil, err
	}
	h := &hanging{relations: []*schema.Relation{root}}
	if h.ended, err = ties(ctx, relations, l.Ends); err != nil {
		return nil, err
	}
	references, err := e.db.References(ctx, x)
	if err != nil {
		return nil, err
	}
	all, err := ties(ctx, relations, references)
	if err != nil {
		return nil, err
	}
	var synced []*schema.Relation
	for _, t := range e.types() {
		of, err := relations.Find(ctx, e.db.Table(t.Name))
		if err != nil {
			return nil, err
		}
		synced = append(synced, of)
	}
	for i := 0; i < len(h.relations); i++ {
		for _, t := range all {
			if t.To == h.relations[i] && !slices.ContainsFunc(h.ended, t.Same) {
				h.add(t, slices.Contains(synced, t.From))
			}
		}
	}
	return h, nil
}

func ties(ctx context.Context, relations *schema.Relations, references []schema.Reference) ([]*schema.Tie, error) {
	var list []*schema.Tie
	for _, ref := range references {
		t, err := relations.Tie(ctx, ref)
		if err != nil {
			return nil, err
		}
		if t != nil {
			list = append(list, t)
		}
	}
	return list, nil
}

// add files a tie to rows that may go.
func (h *hanging) add(t *schema.Tie, synced bool) {
	switch {
	case t.OnDelete == schema.SetNull:
		h.clears = append(h.clears, t)
	case t.OnDelete == schema.Restrict, t.OnDelete == schema.Cascade && synced:
		h.holds = append(h.holds, t)
	case t.OnDelete == schema.Cascade:
		h.follows = append(h.follows, t)
		if h.place(t.From) < 0 {
			h.relations = append(h.relations, t.From)
		}
	}
}

// place is which of the relations r is; -1 for none.
func (h *hanging) place(r *schema.Relation) int { return slices.Index(h.relations, r) }

// A set is a plan or a chunk: what statements run on that say which rows go.
type set interface {
	DB() *schema.DB
	Exec(ctx context.Context, q string, args ...any) (int64, error)
	Select(ctx context.Context, dst any, q string, args ...any) error
}

// gather finds all rows that go, in the temporary table gone: tab is the place
// of their relation, n the item that they go with. roots selects the items, as n
// and id, by which rows of the table itself go. With lock nobody changes what
// was found until the transaction ends.
func (h *hanging) gather(ctx context.Context, x set, conn schema.Conn, lock bool, roots string) error {
	db := x.DB()
	if err := db.Temp(ctx, conn, "gone", `tab int NOT NULL, n bigint NOT NULL, round int NOT NULL, `+db.PlaceColumns()+`, PRIMARY KEY (tab, `+db.Places()+`, n)`); err != nil {
		return err
	}
	_, err := x.Exec(ctx, `INSERT INTO gone (tab, n, round, `+db.Places()+`)
		SELECT 0, r.n, 0, `+db.Place("s")+` FROM (`+roots+`) r JOIN {<rows>} s ON s.id = r.id WHERE true ON CONFLICT DO NOTHING`)
	if err != nil {
		return schema.Wrap(err, "find the rows that go")
	}
	last := map[*schema.Relation]bool{h.relations[0]: true} // where the last round found some
	for round := 1; len(last) > 0; round++ {
		found := map[*schema.Relation]bool{}
		for _, t := range h.follows {
			if !last[t.To] {
				continue
			}
			n, err := h.follow(ctx, x, t, lock, round)
			if err != nil {
				return schema.Wrap(err, "find what goes with rows of "+t.To.Name+" in "+t.From.Name)
			}
			if n > 0 {
				found[t.From] = true
			}
		}
		last = found
	}
	return nil
}

// follow finds the rows that go with those which the round before has found.
func (h *hanging) follow(ctx context.Context, x set, t *schema.Tie, lock bool, round int) (int64, error) {
	db := x.DB()
	from := fmt.Sprintf(` FROM gone g JOIN %s s ON %s JOIN %s t ON %s WHERE g.tab = %d AND g.round = %d`,
		t.To.SQL, db.At("s", "g"), t.From.SQL, t.Joins("t", "s"), h.place(t.To), round-1)
	if forUpdate := db.ForUpdate("t", true); lock && forUpdate != "" {
		var locked []int
		if err := x.Select(ctx, &locked, `SELECT 1`+from+` `+forUpdate); err != nil || len(locked) == 0 {
			return 0, err
		}
	}
	return x.Exec(ctx, fmt.Sprintf(`INSERT INTO gone (tab, n, round, %s) SELECT DISTINCT %d, g.n, %d, %s`, db.Places(), h.place(t.From), round, db.Place("t"))+
		from+` ON CONFLICT DO NOTHING`)
}

// A hold says that an item must not go: so many rows refer to it, or to what
// would go with it, in a way that forbids it.
type hold struct {
	N      int64
	Rows   int
	Field  string `db:"-"`
	Reason string `db:"-"`
}

// held finds the items that must not go. Rows that go with the same item do not
// hold it.
func (h *hanging) held(ctx context.Context, x set) ([]hold, error) {
	db := x.DB()
	var all []hold
	for _, t := range h.holds {
		with := ""
		if place := h.place(t.From); place >= 0 {
			with = fmt.Sprintf(` AND NOT EXISTS (SELECT 1 FROM gone w WHERE w.tab = %d AND w.n = g.n AND %s)`, place, db.At("t", "w"))
		}
		var holds []hold
		err := x.Select(ctx, &holds, fmt.Sprintf(`SELECT g.n, count(*) AS rows FROM gone g JOIN %s s ON %s JOIN %s t ON %s WHERE g.tab = %d%s GROUP BY g.n ORDER BY g.n`,
			t.To.SQL, db.At("s", "g"), t.From.SQL, t.Joins("t", "s"), h.place(t.To), with))
		if err != nil {
			return nil, schema.Wrap(err, "look for rows of "+t.From.Name+" that hold others")
		}
		for _, one := range holds {
			one.Field = t.From.Name + "." + t.Column
			one.Reason = h.reason(t, one.Rows)
			all = append(all, one)
		}
	}
	return all, nil
}

// reason says why rows of a tie hold what they refer to.
func (h *hanging) reason(t *schema.Tie, rows int) string {
	refer, forbid := fmt.Sprintf("%d rows of %s refer by %s to ", rows, t.From.Name, t.Column), ", and forbid that (RESTRICT)"
	if rows == 1 {
		refer, forbid = fmt.Sprintf("1 row of %s refers by %s to ", t.From.Name, t.Column), ", and forbids that (RESTRICT)"
	}
	if t.OnDelete == schema.Cascade {
		forbid = " and would go with it (CASCADE): those go by their own records only"
	}
	if h.place(t.To) > 0 {
		return "it is gone, but " + refer + "rows of " + t.To.Name + " that would go with it" + forbid
	}
	return "it is gone, but " + refer + "it" + forbid
}
