package plugintest

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/nocobase-roster/roster/plugin"
)

// A Register is a target in memory that keeps all promises: the reference. The
// zero Register is empty and ready; it is safe for concurrent use. It refuses
// records with the attribute "refused".
type Register struct {
	mu   sync.Mutex // guards what follows
	last int
	rows map[string]plugin.Record
	done map[string]plugin.Outcome // by key
}

// Apply makes changes.
func (r *Register) Apply(ctx context.Context, changes []plugin.Change) ([]plugin.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		r.rows, r.done = map[string]plugin.Record{}, map[string]plugin.Outcome{}
	}
	var outcomes []plugin.Outcome
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return outcomes, err
		}
		outcome, again := r.done[c.Key]
		if !again {
			outcome = r.make(c)
		}
		if outcome.Err == nil {
			r.done[c.Key] = outcome
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

func (r *Register) make(c plugin.Change) plugin.Outcome {
	if c.Record.Attrs["refused"] != nil {
		err := &plugin.Error{Kind: plugin.Data, UID: c.Record.UID, Path: "refused", Msg: "the register refuses the record", Hint: "take the attribute refused from it"}
		return plugin.Outcome{Key: c.Key, Rows: c.Rows, Err: err}
	}
	switch {
	case c.Op == plugin.Delete:
		for _, row := range c.Rows {
			delete(r.rows, row)
		}
		return plugin.Outcome{Key: c.Key}
	case len(c.Rows) == 0:
		r.last++
		c.Rows = []string{strconv.Itoa(r.last)}
	}
	for _, row := range c.Rows {
		r.rows[row] = c.Record
	}
	return plugin.Outcome{Key: c.Key, Rows: c.Rows}
}

// Find gives the rows of records that have one of the values.
func (r *Register) Find(_ context.Context, q plugin.Query) ([]plugin.Found, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []plugin.Found
	for _, value := range q.Values {
		for row, record := range r.rows {
			if record.Type == q.Type && fmt.Sprint(record.Attrs[q.Field]) == value {
				found = append(found, plugin.Found{Row: row, Value: value})
			}
		}
	}
	return found, nil
}

// Holds gives what the register holds, in any order.
func (r *Register) Holds() []plugin.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	records := []plugin.Record{}
	for _, record := range r.rows {
		records = append(records, record)
	}
	return records
}

// Shelf gives an empty register to the checks.
func (r *Register) Shelf() Shelf {
	person := func(uid, email string) plugin.Record {
		return plugin.Record{Type: plugin.User, UID: uid, Attrs: map[string]any{"email": email}}
	}
	return Shelf{
		Info:    plugin.TargetInfo{Name: "register", Accepts: []plugin.Type{plugin.User}},
		Target:  r,
		Records: []plugin.Record{person("u1", "ada@example.com"), person("u2", "ben@example.com"), person("u3", "eve@example.com")},
		Holds:   r.Holds,
		Refused: &plugin.Record{Type: plugin.User, UID: "u4", Attrs: map[string]any{"refused": true}},
		Field:   "email",
	}
}
