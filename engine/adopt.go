package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/nocobase-roster/roster/plugin"
	"github.com/nocobase-roster/roster/schema"
)

// FindingsInReport is how many findings an Adoption carries.
const FindingsInReport = 1000

// An Adoption is what it comes to when Roster takes over a source that
// NocoBase's own engine has synchronized so far.
type Adoption struct {
	TaskID      string                        `json:"taskId,omitempty"` // the run that wrote it; a plan is none
	Source      string                        `json:"source"`
	Written     bool                          `json:"written"`
	Counts      map[plugin.Type]AdoptedCounts `json:"counts"`
	Memberships AdoptedClaims                 `json:"memberships"`
	Problems    []Problem                     `json:"problems"` // how many findings there are, of every kind
	Findings    []Finding                     `json:"findings"` // the gravest first, at most FindingsInReport
	Total       int                           `json:"total"`    // findings in all
	Others      []string                      `json:"others"`   // sources that are not adopted yet, the first few
}

// AdoptedCounts count the records of a type: Records = Linked + Unlinked.
type AdoptedCounts struct {
	Records    int `json:"records"`    // put into Roster's index
	Linked     int `json:"linked"`     // of them, those that stand for a row
	Unlinked   int `json:"unlinked"`   // whose row is gone, or never was, or is another's
	Duplicates int `json:"duplicates"` // further records of the same uid, which are removed
	Dangling   int `json:"dangling"`   // links that lead to no row, which are removed
	Known      int `json:"known"`      // in the index already
}

// AdoptedClaims count the links by which NocoBase keeps who made a membership.
type AdoptedClaims struct {
	Claims   int `json:"claims"`   // that stay
	Moved    int `json:"moved"`    // of them, those that a record takes over from another
	Dangling int `json:"dangling"` // of departments or people that are gone, which are removed
}

// A Problem is how many findings of one kind there are.
type Problem struct {
	Type    plugin.Type `json:"type"`
	Problem string      `json:"problem"`
	Count   int         `json:"count"`
}

// A Finding is what an operator should know of one record, and what adopting
// it does about it.
type Finding struct {
	Type    plugin.Type `json:"type"`
	UID     string      `json:"uid"`
	RowID   string      `json:"rowId,omitempty"` // the row it is about, as NocoBase's link has it
	Problem string      `json:"problem"`
	Does    string      `json:"does"`
}

// Adopt puts the records that NocoBase's own engine keeps of a source into
// Roster's index, so that a push finds the rows they stand for and makes none
// twice. Of NocoBase's tables it changes only those of records and links: what
// is there twice or leads nowhere is removed. Users, departments and
// memberships stay as they are. What is indexed already is left alone, so the
// same again changes nothing. Without write it says what it would do, and
// changes nothing at all.
func (e *Engine) Adopt(ctx context.Context, source string, write bool) (*Adoption, error) {
	if source == "" {
		source = "api"
	}
	if err := e.check(Push{Source: source}); err != nil {
		return nil, err
	}
	l := &leavings{source: source, types: e.types()}
	var err error
	if l.records, err = e.recorded(ctx, source); err != nil {
		return nil, told(ctx, err)
	}
	if write {
		return e.adoptInRun(ctx, l)
	}
	leave, err := e.queue.enter(ctx, source)
	if err != nil {
		return nil, err
	}
	defer leave()
	a, err := e.adopt(ctx, l, nil)
	return a, told(ctx, err)
}

// recorded counts the records that NocoBase's tables hold of a source. None is
// an error: more likely than not the name is wrong.
func (e *Engine) recorded(ctx context.Context, source string) (n int, err error) {
	x := e.db.On(e.db)
	if err := x.Get(ctx, &n, `SELECT count(*) FROM {userDataSyncRecords} WHERE [sourceName] = ?`, source); err != nil {
		return 0, schema.Wrap(err, "count the records of the source")
	}
	if n > 0 {
		return n, nil
	}
	var known []string
	err = x.Select(ctx, &known, `SELECT DISTINCT [sourceName] FROM {userDataSyncRecords} ORDER BY [sourceName] LIMIT 5`)
	if err != nil {
		return 0, schema.Wrap(err, "list the sources")
	}
	unknown := &plugin.Error{Kind: plugin.NotFound, Path: "/sourceName", Msg: fmt.Sprintf("NocoBase's tables hold no record of source %.64q", source)}
	unknown.Hint = "there is nothing to adopt: push to it"
	if len(known) > 0 {
		unknown.Hint = "they hold records of " + strings.Join(known, ", ")
	}
	return 0, unknown
}

// knows refuses the first push to a source that NocoBase's own engine has
// synchronized so far: it would make everything a second time.
func (r *run) knows(ctx context.Context) error {
	x := r.engine.db.On(r.engine.db)
	err := x.Get(ctx, &r.known, `SELECT EXISTS (SELECT 1 FROM {runs} WHERE source = ? AND finished_at IS NOT NULL AND kind NOT IN ('plan', 'rename', 'remove') AND state IN ('success', 'partial'))`, r.source)
	if err != nil || r.known {
		return schema.Wrap(err, "look for earlier runs")
	}
	var n int
	err = x.Get(ctx, &n, `
		SELECT count(*) FROM {userDataSyncRecords} t WHERE t.[sourceName] = ?
		AND NOT EXISTS (SELECT 1 FROM {records} k WHERE k.uid = t.[sourceUk] AND k.source = t.[sourceName] AND k.type = t.[dataType])`, r.source)
	if err != nil || n == 0 {
		return schema.Wrap(err, "look for what NocoBase's own engine left")
	}
	return &plugin.Error{
		Kind: plugin.Conflict, Path: "/sourceName", Msg: fmt.Sprintf("NocoBase's own engine has synchronized source %.64s so far, and %d of its records are not known here", r.source, n),
		Hint: "see what roster adopt would make of them, and adopt them first; else the push would make everybody a second time; where Roster wrote them itself and has lost its own tables, roster reindex brings those back",
	}
}

// adoptInRun adopts while it holds the source, as a push does.
func (e *Engine) adoptInRun(ctx context.Context, l *leavings) (a *Adoption, err error) {
	r := e.newRun(Push{Source: l.source}, adopting, nil)
	err = e.run(ctx, r, func(ctx context.Context) error {
		if a, err = e.adopt(ctx, l, r); err != nil {
			return err
		}
		a.TaskID = fmt.Sprint(r.id)
		return r.end(ctx, Success, a.message(), a.counts())
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// adopt works out what is to be done, in one transaction, and does it when
// there is a run to do it in. The connection is its own: temporary tables hold
// what NocoBase left.
func (e *Engine) adopt(ctx context.Context, l *leavings, r *run) (*Adoption, error) {
	conn, err := e.db.Connx(ctx)
	if err != nil {
		return nil, schema.Wrap(err, "connect to the database")
	}
	defer e.db.Release(ctx, conn)
	if r != nil {
		if err := r.take(ctx); err != nil {
			return nil, err
		}
	}
	tx, err := e.db.Begin(ctx, conn)
	if err != nil {
		return nil, schema.Wrap(err, "begin to adopt")
	}
	defer tx.Rollback() // after Commit it does nothing
	l.Conn = e.db.On(tx)
	if err := e.db.ForPlanning(ctx, l.Conn, l.records); err != nil {
		return nil, err
	}
	if err := l.sort(ctx); err != nil {
		return nil, err
	}
	a, err := l.adoption(ctx)
	if err != nil || r == nil {
		return a, err
	}
	if err := l.write(ctx, e.db.TimeLiteral(e.now())); err != nil {
		return nil, err
	}
	if err := readAll(ctx, l.Conn, l.source); err != nil {
		return nil, err
	}
	if err := r.fence(ctx, l.Conn); err != nil {
		return nil, err
	}
	a.Written = true
	return a, schema.Wrap(tx.Commit(), "commit what was adopted")
}

// message is the sentence an operator reads in the list of tasks.
func (a *Adoption) message() string {
	var parts []string
	for _, t := range []plugin.Type{plugin.Department, plugin.User} {
		c := a.Counts[t]
		if c == (AdoptedCounts{}) {
			continue
		}
		s := fmt.Sprintf("%s: %d adopted", t, c.Records)
		for _, n := range []struct {
			n    int
			what string
		}{
			{c.Unlinked, "of them without a row"},
			{c.Duplicates, "duplicates removed"},
			{c.Dangling, "dangling links removed"},
			{c.Known, "known already"},
		} {
			if n.n > 0 {
				s += fmt.Sprintf(", %d %s", n.n, n.what)
			}
		}
		parts = append(parts, s)
	}
	if a.Memberships != (AdoptedClaims{}) {
		parts = append(parts, fmt.Sprintf("membership: %d claims, %d dangling removed", a.Memberships.Claims, a.Memberships.Dangling))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d findings", a.Total)), "; ")
}

// counts are the counts as the list of tasks has them.
func (a *Adoption) counts() map[string]Counts {
	counts := map[string]Counts{}
	for t, c := range a.Counts {
		counts[string(t)] = Counts{Total: c.Records + c.Known, Linked: c.Linked, Unchanged: c.Known}
	}
	return counts
}
