package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
)

// A Target is written to. Roster plans what changes; a target applies it. It is
// safe for concurrent use.
//
// It may also be a [Finder] or an [io.Closer], which is called once when the
// target is done with.
type Target interface {
	// Apply makes the changes, in their order, and says of each what came of it:
	// one outcome for each change, with its key. One that cannot be made does
	// not keep others from it. The error is for what kept all of the rest from
	// being tried; changes without an outcome are sent again.
	//
	// A change may come again, with the same key, when its outcome was lost:
	// then it is not made twice. Changes of one record come in the order in
	// which they were made.
	Apply(ctx context.Context, changes []Change) ([]Outcome, error)
}

// An Op is what a change does.
type Op string

// The ops. A target that cannot do one of them says so in the outcome.
const (
	Create Op = "create" // the target has no row for the record yet
	Update Op = "update" // it has: Change.Rows
	Delete Op = "delete" // the record is gone, or no longer this target's business
)

// A Change is one record that was created, changed or removed.
type Change struct {
	Key      string // names the change: the same key is the same change
	Op       Op
	ID       string   // of the record in NocoBase's userDataSyncRecords
	Source   string   // the name of the source that the record is of
	MatchKey string   // of the push that brought it, if any: username, email or phone
	Record   Record   // as it was last received, passwords taken out
	Rows     []string // this target's own rows for the record; NocoBase's resourcePks
	Links    []Link   // what the record stands for in every target
}

// A Link says which row of a resource a record stands for.
type Link struct {
	Resource   string `json:"resource"`
	ResourcePk string `json:"resourcePk"`
}

// An Outcome says what came of a change.
type Outcome struct {
	Key  string
	Rows []string // the target's rows for the record now: they come back as Change.Rows; nil: as they were, or none after Delete
	Err  error    // why it was not made; an [*Error] that is Retryable is tried again
}

// A Finder says what a target holds.
type Finder interface {
	// Find gives the rows of records of a type whose field has one of the
	// values. It gives no error for values that nobody has.
	Find(ctx context.Context, q Query) ([]Found, error)
}

// A Query asks for rows by the values of one field.
type Query struct {
	Type   Type     `json:"dataType"`
	Field  string   `json:"field"`
	Values []string `json:"values"`
}

// A Found is a row that a query found.
type Found struct {
	Row   string          `json:"row"`
	Value string          `json:"value"` // of the field
	Attrs json.RawMessage `json:"attrs,omitempty"`
}

// A Written is a row that a target wrote for a record, or removed.
type Written struct {
	Row     string `json:"resourcesPk"`
	Deleted bool   `json:"isDeleted,omitempty"`
}

// PerRecord makes a target of two functions in the shape of NocoBase's
// UserDataResource, called with one record at a time: create for one that the
// target has no row for, update for one that it has, also for its removal: then
// [Record].Deleted is set. Each says which rows it wrote and which it removed.
// The removal of a record that the target has no row for is nothing to do. An
// error with ErrNoAnswer in its chain ends Apply: that change has no outcome.
func PerRecord(create, update func(context.Context, Change) ([]Written, error)) Target {
	return perRecord{create, update}
}

type perRecord struct {
	create, update func(context.Context, Change) ([]Written, error)
}

func (t perRecord) Apply(ctx context.Context, changes []Change) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(changes))
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return outcomes, err
		}
		written, err := t.write(ctx, c)
		switch {
		case err != nil && ctx.Err() != nil: // it was not refused, it was cut off
			return outcomes, ctx.Err()
		case errors.Is(err, ErrNoAnswer):
			return outcomes, err
		}
		outcome := Outcome{Key: c.Key, Rows: c.Rows, Err: err}
		if err == nil {
			outcome.Rows = rowsAfter(c.Rows, written)
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

func (t perRecord) write(ctx context.Context, c Change) ([]Written, error) {
	c.Record.Deleted = c.Record.Deleted || c.Op == Delete
	switch {
	case len(c.Rows) > 0:
		return t.update(ctx, c)
	case c.Record.Deleted:
		return nil, nil
	}
	return t.create(ctx, c)
}

// rowsAfter are the rows of a record once some were written or removed.
func rowsAfter(before []string, written []Written) []string {
	rows := slices.Clone(before)
	for _, w := range written {
		i := slices.Index(rows, w.Row)
		switch {
		case w.Deleted && i >= 0:
			rows = slices.Delete(rows, i, i+1)
		case !w.Deleted && i < 0:
			rows = append(rows, w.Row)
		}
	}
	return rows
}
