package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// A Target is a resource that records are written to, as a set: NocoBase's
// users, its departments. What it does beyond rows it says by being a Planner
// or an Applier.
type Target interface {
	Info() plugin.TargetInfo
	// Table describes the rows that records of a type become; nil when the
	// target writes no rows for that type.
	Table(t plugin.Type) *Table
}

// A Planner adds to the plan of a type what rows alone do not say. It runs in
// the plan's transaction, once rows are matched, ids assigned and refusals of
// rows known; it may refuse more.
type Planner interface {
	Plan(ctx context.Context, p *Plan) error
}

// An Applier adds to the writing of a chunk, in its transaction, after the
// rows have been written.
type Applier interface {
	Apply(ctx context.Context, c *Chunk) error
}

// A Teller says which rows besides those of its items a chunk that is written
// has changed; see Chunk.Changes.
type Teller interface {
	Tell(ctx context.Context, c *Chunk) error
}

// A Table says how records become rows of one of NocoBase's tables.
type Table struct {
	Type plugin.Type
	Name string // of the table, and of the resource in links: "users"
	Plan string // of the plan table: "plan_users"

	Protected    []string // columns that no record sets; said in a note when one tries
	Associations []string // fields that are relations, not columns
	Handled      []string // members of a record that other parts read: departments, parentUid
	Derived      []string // columns that a Planner works out, in derived_<type>
	Besides      string   // rows that change with those of a chunk, as SQL for their ids; they are locked together
	MatchKeys    []string // columns that a push may name as its match key
	// Match are ways to match records to rows besides by a column: SQL for pairs
	// (seq, id) of staged and matching rows; its parameters are all the source.
	Match map[string]func(*Plan) string
	// Spared is SQL for why the row u must not be removed; null where it may be.
	Spared string
	// Ends are the references to its rows that the targets see to when those go:
	// what they end by themselves, nobody does besides.
	Ends []schema.Reference
	New  map[string]string // what a new row has where its record states nothing, as SQL over p, its row of the plan

	// IDs gives fresh ids for rows.
	IDs func(ctx context.Context, x schema.Conn) (*schema.Sequence, error)
}

// names fills the marks <type>, <rows>, <plan> and <run> of a statement that
// serves every type and run, and those in pairs given besides.
func (t *Table) names(run int64, pairs ...string) *strings.Replacer {
	return strings.NewReplacer(append(pairs, "<type>", string(t.Type), "<rows>", t.Name, "<plan>", t.Plan,
		"<run>", strconv.FormatInt(run, 10))...)
}

// A Plan is the plan of one type while it is being made.
//
// These temporary tables hold it; they live on its connection:
//
//	staged_<type>       the records, in the order of seq, with a column for each the record may state; _removed: it is gone, and why
//	staged_membership   what users say of departments
//	found_<type>        seq, n, op, fresh, record_id, row_id, restated, why: what each record comes to
//	refused_<type>      seq, kind, field, reason: what cannot be done
//	derived_<type>      seq and the Derived columns, where they are to be written
//	touched_<type>      seq of records that have something to write though their row has not
//	awaits_<type>       seq and the uid of a department that has not arrived
//
// In its statements <type>, <rows>, <plan> and <run> stand for those at hand,
// and <actor> for the id of the user who runs the sync.
type Plan struct {
	schema.Conn
	Source  string
	Type    plugin.Type
	Options Options

	run       *run
	layout    *layout
	records   int    // how many are staged
	matchKey  string // of the push; empty for none
	staged    int64  // how many records are staged, refused ones included
	removing  bool   // some record is gone
	confirmed bool   // what a snapshot lacks was looked up
	parts     bool   // the push ends a reading that came in parts
	arrived   string // when the records did, as SQL
	names     *strings.Replacer
	load      func(ctx context.Context, table string, columns []string, rows *schema.Rows) error
}

// Fold is SQL for a text as the source compares it.
func (p *Plan) Fold(text string) string {
	if p.Options.IgnoreCase {
		return "lower(" + text + ")"
	}
	return text
}

// States is SQL for: the record with that mask states column.
func (p *Plan) States(mask, column string) string { return p.layout.states(mask, column) }

// Removing says whether the push takes records away.
func (p *Plan) Removing() bool { return p.removing }

// Analyze tells the database what a temporary table holds, once it is filled:
// see schema.DB.Analyze.
func (p *Plan) Analyze(ctx context.Context, table string) error {
	return p.DB().Analyze(ctx, p.Conn, p.records, p.names.Replace(table))
}

// Exec runs q and says how many rows it touched.
func (p *Plan) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	return p.Conn.Exec(ctx, p.names.Replace(q), args...)
}

// Get reads one row into dst.
func (p *Plan) Get(ctx context.Context, dst any, q string, args ...any) error {
	return p.Conn.Get(ctx, dst, p.names.Replace(q), args...)
}

// Select reads all rows into the slice dst points to.
func (p *Plan) Select(ctx context.Context, dst any, q string, args ...any) error {
	return p.Conn.Select(ctx, dst, p.names.Replace(q), args...)
}

// Refuse says that the record seq cannot be written, and why. Of several
// reasons the first stays.
func (p *Plan) Refuse(ctx context.Context, seq int64, kind plugin.Kind, field, reason string) error {
	_, err := p.Exec(ctx, `INSERT INTO refused_<type> (seq, kind, field, reason)
		SELECT CAST(? AS bigint), ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM refused_<type> WHERE seq = ?)`, seq, kind, field, reason, seq)
	return schema.Wrap(err, "refuse a record")
}

// A Chunk is a range of a plan's items that is written in one transaction.
//
// In its statements <type>, <rows>, <plan> and <run> stand for those at hand,
// <chunk> for the condition that the row p of the plan is one of its items and
// is to be written, <members> for the one that the row m of plan_memberships is
// of the item p, and <now> for the time to write.
type Chunk struct {
	schema.Conn
	Source string
	Type   plugin.Type

	layout  *layout
	facts   facts
	going   bool   // rows go with it
	now     string // the time to write, as SQL
	names   *strings.Replacer
	changes map[string][]int64 // rows that change, by target; nil: nobody wants to know
}

// Exec runs q and says how many rows it touched.
func (c *Chunk) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	return c.Conn.Exec(ctx, c.names.Replace(q), args...)
}

// Select reads all rows into the slice dst points to.
func (c *Chunk) Select(ctx context.Context, dst any, q string, args ...any) error {
	return c.Conn.Select(ctx, dst, c.names.Replace(q), args...)
}

// Has says whether the run has anything of one of those kinds to write: a step
// that has none is skipped. The kinds are the ops of items, those of
// memberships with "membership " before, "changed" (a row differs), "derived" (in
// a column that a Planner worked out), "relink" (a record stands for another row
// than before), "awaits" (a parent has not
// arrived), "pending" (somebody waits already), "unmade" (a department that
// people come into is not there: the database refused it, or somebody removed it
// meanwhile), "exchange" (values change hands in the chunk) and "kept"
// (memberships are marked as older than any claim).
func (c *Chunk) Has(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return c.facts[kind] })
}

// A Step is one statement of the writing of a chunk.
type Step struct {
	What string   // for an error: "link records to rows"
	When []string // the kinds of which the run must have one, as for Has; none: always
	SQL  string
	Args []any
}

// Run runs the steps that have something to do, one after the other.
func (c *Chunk) Run(ctx context.Context, steps ...Step) error {
	for _, s := range steps {
		if len(s.When) > 0 && !c.Has(s.When...) {
			continue
		}
		if _, err := c.Exec(ctx, s.SQL, s.Args...); err != nil {
			return schema.Wrap(err, s.What)
		}
	}
	return nil
}

// Lock runs a SELECT that locks rows, in the order in which it gives them, until
// the chunk is committed. Where a transaction has the database to itself there
// is nothing to lock.
func (c *Chunk) Lock(ctx context.Context, s Step) error {
	if c.DB().ForUpdate("", false) == "" {
		return nil
	}
	return c.Run(ctx, s)
}

// States is SQL for: the item p states column.
func (c *Chunk) States(column string) string { return c.layout.states("p._mask", column) }

// accepts says whether records of type t are written to target.
func accepts(target Target, t plugin.Type) bool {
	return slices.Contains(target.Info().Accepts, t)
}
